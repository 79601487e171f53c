import RTP
import Testing
import Wire

@Suite("Redundant payloads (RFC 2198)")
struct RedundantPayloadTests {
    private static let spreads = (0...3).flatMap { [CopySpread(count: $0), CopySpread(count: $0, isFar: true)] }

    /// Payloads of 60 octets, each full of its own number.
    private static func packets(copies: CopySpread, count: Int) -> [[UInt8]] {
        var history = RedundancyHistory()
        return (0..<count).map { index in
            let payload = [UInt8](repeating: UInt8(index), count: 60)
            var packet: [UInt8] = []
            history.append(
                payload.span, timestamp: UInt32(truncatingIfNeeded: index * 960) &- 960, copies: copies,
                payloadType: 111, to: &packet)
            history.remember(payload.span, timestamp: UInt32(truncatingIfNeeded: index * 960) &- 960)
            return packet
        }
    }

    @Test("what was composed is read again, oldest first, over a wrap of the timestamp", arguments: spreads)
    func roundTrip(copies: CopySpread) throws {
        for (index, packet) in Self.packets(copies: copies, count: 20).enumerated() {
            let read = try RedundantPayload(packet.span)
            let distances = copies.distances.filter { $0 <= index } + [0]
            try #require(read.count == distances.count)
            for (block, distance) in distances.enumerated() {
                #expect(read[block].payloadType == 111)
                #expect(read[block].timestampOffset == distance * 960)
                #expect(packet[read[block].range].allSatisfy { $0 == UInt8(index - distance) })
                #expect(read[block].range.count == 60)
            }
            #expect(read.primary.range.upperBound == packet.count)
        }
    }

    @Test("once there are enough payloads before it, every packet has one size", arguments: spreads)
    func size(copies: CopySpread) {
        let sizes = Self.packets(copies: copies, count: 50).dropFirst(copies.distances.max() ?? 0).map(\.count)
        #expect(sizes.allSatisfy { $0 == 61 + 64 * copies.count })
    }

    @Test("Chromium's form: one copy behind a header of four octets")
    func chromium() throws {
        let octets: [UInt8] = [0x80 | 111, 0x0F, 0x00, 2, 111, 0xAA, 0xBB, 0xCC]
        let read = try RedundantPayload(octets.span)
        #expect(read.count == 2)
        #expect(read[0] == .init(payloadType: 111, timestampOffset: 960, range: 5..<7))
        #expect(read.primary == .init(payloadType: 111, timestampOffset: 0, range: 7..<8))
    }

    @Test("a payload cut anywhere before its primary begins is refused")
    func cut() throws {
        let packet = try #require(Self.packets(copies: CopySpread(count: 3), count: 5).last)
        for count in 0..<13 + 180 {
            let piece = Array(packet[..<count])
            #expect(throws: RTPError.self) { _ = try RedundantPayload(piece.span) }
        }
    }

    @Test("more blocks than anybody sends are refused")
    func tooMany() {
        let octets = [UInt8](repeating: 0x80, count: 400)
        #expect(throws: RTPError.badCompound) { _ = try RedundantPayload(octets.span) }
    }

    @Test("no octets trap, whatever they are", arguments: 1...200 as ClosedRange<UInt64>)
    func hostile(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let octets = random.bytes(count: Int(random.next() % 64))
        guard let read = try? RedundantPayload(octets.span) else { return }
        for index in 0..<read.count { #expect(read[index].range.upperBound <= octets.count, "seed \(seed)") }
    }
}
