import RTP
import Testing
import Wire

@Suite("Loss maps (RFC 3611 §4.1)")
struct LossMapTests {
    private static func composed(_ map: LossMap) -> [UInt8] {
        RTCPCompound(
            report: .receiverReport(sender: 7, blocks: ReportBlocks(nil)), source: 7, cname: Array("name".utf8),
            losses: map
        ).bytes
    }

    private static func read(_ octets: [UInt8]) throws -> LossMap? {
        for case .extendedReport(_, let losses) in try RTCPPacket.parse(octets) { return losses }
        return nil
    }

    /// Receives all of `count` packets but those in `lost`, from `first` on.
    private static func statistics(first: Int, count: Int, lost: (Int) -> Bool) -> ReceiveStatistics {
        var statistics = ReceiveStatistics()
        for index in 0..<count where !lost(index) {
            statistics.receive(
                RTPHeader(
                    marker: false, payloadType: 111, sequenceNumber: UInt16(truncatingIfNeeded: first + index),
                    timestamp: UInt32(index * 960), ssrc: 5),
                payloadCount: 60, now: Instant(nanoseconds: Int64(index) * 20_000_000))
        }
        return statistics
    }

    @Test("what came is told and read again, over a wrap, in packets of one size", arguments: [1, 20, 100, 200, 2000])
    func roundTrip(count: Int) throws {
        let statistics = Self.statistics(first: 65_500, count: count) { $0 % 10 == 7 || $0 % 10 == 8 }
        let map = try #require(statistics.makeLossMap())
        let octets = Self.composed(map)
        #expect(octets.count == Self.composed(LossMap(source: 1, firstSequence: 0, received: ReceivedBits())).count)
        #expect(try Self.read(octets) == map)
        let start = Int(map.firstSequence &- UInt16(65_500))
        for (index, hasCome) in map.received.enumerated() {
            let number = (start + index) % 10
            #expect(hasCome == (number != 7 && number != 8))
        }
    }

    @Test("a packet that comes 60 ms after its turn is no loss")
    func reordering() throws {
        var statistics = Self.statistics(first: 0, count: 50) { $0 == 40 }
        statistics.receive(
            RTPHeader(marker: false, payloadType: 111, sequenceNumber: 40, timestamp: 40 * 960, ssrc: 5),
            payloadCount: 60, now: Instant(nanoseconds: 1_000_000_000))
        #expect(try #require(statistics.makeLossMap()).received.allSatisfy { $0 })
    }

    @Test("runs in a peer's map are read, and no more of them than is sensible")
    func runLengths() throws {
        // XR of 20 octets: a map from 10 to 65 000, 4 received, then lost without end.
        let octets: [UInt8] = [
            0x80, 207, 0, 6, 0, 0, 0, 9, 1, 0, 0, 4, 0, 0, 0, 5, 0, 10, 0xFD, 0xE8, 0x40, 4, 0x3F, 0xFF, 0x3F, 0xFF, 0,
            0,
        ]
        let map = try #require(try Self.read(octets))
        #expect(map.source == 5 && map.firstSequence == 10)
        #expect(map.received.prefix(4).allSatisfy { $0 })
        #expect(map.received.count == ReceivedBits.capacity)
        #expect(!map.received.dropFirst(4).contains(true))
    }

    @Test("no octets trap, whatever they are", arguments: 1...200 as ClosedRange<UInt64>)
    func hostile(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        var octets = Self.composed(
            LossMap(
                source: 5, firstSequence: 3, received: ReceivedBits((0..<180).map { _ in random.unitInterval() < 0.5 }))
        )
        for _ in 0..<1 + random.next() % 8 {
            octets[Int(random.next() % UInt64(octets.count))] = random.bytes(count: 1)[0]
        }
        var adaptation = SendAdaptation(bitsPerSecond: 32_000, hasRedundancy: true, now: .zero)
        for case .extendedReport(_, let losses) in (try? RTCPPacket.parse(octets)) ?? [] {
            #expect(losses.received.count <= ReceivedBits.capacity, "seed \(seed)")
            adaptation.receive(losses)
        }
    }

    @Test("losses in runs call for far copies, as many losses by chance do not, and what is over is forgotten")
    func decision() {
        var adaptation = SendAdaptation(bitsPerSecond: 32_000, hasRedundancy: true, now: .zero)
        var first = UInt16(65_000)
        func report(_ isLost: (Int) -> Bool) {
            // Maps of 180 packets for every 125.
            adaptation.receive(
                LossMap(source: 1, firstSequence: first, received: ReceivedBits((0..<180).map { !isLost($0) })))
            first &+= 125
        }
        for _ in 0..<5 { report { $0 % 10 == 3 } }
        #expect(!adaptation.step.copiesAreFar)
        for _ in 0..<5 { report { $0 % 30 < 3 } }
        #expect(adaptation.step.copiesAreFar)
        for _ in 0..<10 { report { $0 % 10 == 3 } }
        #expect(!adaptation.step.copiesAreFar)
    }
}
