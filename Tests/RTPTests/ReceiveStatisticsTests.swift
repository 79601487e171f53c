import RTP
import Testing
import Wire

@Suite("Receiver reports by their definitions (RFC 3550 §6.4.1, §§A.1, A.3, A.8)")
struct ReceiveStatisticsTests {
    private func header(_ index: Int, ssrc: UInt32 = 1, firstTimestamp: UInt32 = 0) -> RTPHeader {
        RTPHeader(
            payloadType: 111, sequenceNumber: UInt16(truncatingIfNeeded: index),
            timestamp: firstTimestamp &+ UInt32(truncatingIfNeeded: index * 960), ssrc: ssrc)
    }

    private func instant(_ index: Int) -> Instant { .zero + .milliseconds(20 * index) }

    private func block(_ statistics: inout ReceiveStatistics, at index: Int) throws -> ReportBlock {
        let made = statistics.makeReportBlock(now: self.instant(index))
        return try #require(made)
    }

    @Test("fifty wraps with losses, duplicates and stragglers at each", arguments: 1...3 as ClosedRange<UInt64>)
    func wraps(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        var statistics = ReceiveStatistics()
        let first = 65_400
        var (highest, received) = (first, 0)
        var (expectedBefore, receivedBefore) = (0, 0)
        func take(_ index: Int) {
            statistics.receive(self.header(index), payloadCount: 80, now: self.instant(max(index, highest)))
            highest = max(highest, index)
            received += 1
        }
        take(first)
        for wrap in 1...50 {
            let zero = wrap * 65_536
            // Between the wraps in leaps below MAX_DROPOUT: all between them is lost.
            while highest < zero - 2_500 { take(highest + 2_000 + Int(random.next() % 900)) }
            for index in zero - 50..<zero + 50 where index > highest {
                // The wrap itself is lost as well in every other round.
                if random.unitInterval() < 0.3 || (wrap % 2 == 0 && abs(index - zero) < 3) { continue }
                take(index)
                if random.unitInterval() < 0.1 { take(index) }
                if random.unitInterval() < 0.1 { take(index - Int(random.next() % 99)) }
            }
            let expected = highest - first + 1
            let block = try self.block(&statistics, at: highest)
            #expect(block.extendedHighestSequenceNumber == UInt32(highest), "seed \(seed), wrap \(wrap)")
            #expect(Int(block.cumulativeLost) == expected - received, "seed \(seed), wrap \(wrap)")
            let (interval, came) = (expected - expectedBefore, received - receivedBefore)
            #expect(Int(block.fractionLost) == min(255, max(0, (interval - came) * 256 / interval)))
            (expectedBefore, receivedBefore) = (expected, received)
        }
        #expect(statistics.totalPacketsReceived == UInt64(received))
    }

    @Test("jitter is that of §A.8, in integers of the timestamp's unit, also over its wrap")
    func jitter() throws {
        // The wrap falls between packets 2 and 3.
        let origin = 0 &- UInt32(2_500)
        let late = [0, 7, 3, 12, 1, 9, 9, 0, 20]
        // Packet 4 comes twice, packet 1 last of all: each arrival is one step, in the order of arrival.
        let order = [0, 2, 3, 4, 4, 5, 6, 7, 8, 1]
        var statistics = ReceiveStatistics()
        var (expected, previous) = (0.0, Int?.none)
        for (place, index) in order.enumerated() {
            let arrival = 20 * place + late[index]
            statistics.receive(
                self.header(index, firstTimestamp: origin), payloadCount: 80, now: .zero + .milliseconds(arrival))
            let transit = arrival * 48 - index * 960
            if let previous { expected += (Double(abs(transit - previous)) - expected) / 16 }
            previous = transit
        }
        #expect(try self.block(&statistics, at: 10).jitter == UInt32(expected))
        #expect(abs(statistics.jitter.milliseconds - expected / 48) < 1e-3)
    }

    @Test("a duplicate, or a packet up to 99 late, is received and no loss: more duplicates than losses are negative")
    func negative() throws {
        var statistics = ReceiveStatistics()
        for index in 0..<200 where index != 101 {
            statistics.receive(self.header(index), payloadCount: 80, now: self.instant(index))
        }
        #expect(try self.block(&statistics, at: 200).cumulativeLost == 1)
        statistics.receive(self.header(101), payloadCount: 80, now: self.instant(201))
        let came = try self.block(&statistics, at: 202)
        #expect(came.cumulativeLost == 0 && came.fractionLost == 0)
        for _ in 0..<5 { statistics.receive(self.header(199), payloadCount: 80, now: self.instant(203)) }
        let twice = try self.block(&statistics, at: 204)
        #expect(twice.cumulativeLost == -5 && twice.fractionLost == 0)
        #expect(statistics.totalLost == 0)
    }

    @Test("a single leap of a sequence number counts nothing; its successor begins anew", arguments: [3_000, -500])
    func leap(step: Int) throws {
        var statistics = ReceiveStatistics()
        for index in 0..<1_000 where index != 500 {
            statistics.receive(self.header(index), payloadCount: 80, now: self.instant(index))
        }
        let elsewhere = 999 + step
        statistics.receive(self.header(elsewhere), payloadCount: 80, now: self.instant(1_000))
        let stray = try self.block(&statistics, at: 1_000)
        #expect(stray.cumulativeLost == 1 && stray.extendedHighestSequenceNumber == 999)
        // Not the successor of the leap: the stream goes on.
        statistics.receive(self.header(1_000), payloadCount: 80, now: self.instant(1_001))
        statistics.receive(self.header(elsewhere + 1), payloadCount: 80, now: self.instant(1_002))
        #expect(try self.block(&statistics, at: 1_002).extendedHighestSequenceNumber == 1_000)
        statistics.receive(self.header(elsewhere + 2), payloadCount: 80, now: self.instant(1_003))
        let anew = try self.block(&statistics, at: 1_003)
        #expect(anew.extendedHighestSequenceNumber == UInt32(elsewhere + 2))
        #expect(anew.cumulativeLost == 0 && anew.fractionLost == 0)
        #expect(statistics.totalLost == 1)
    }

    @Test("a new source has its own numbers, and reports and stragglers of the former one do not count")
    func sources() throws {
        var statistics = ReceiveStatistics()
        func report(_ sender: UInt32) -> SenderReport {
            SenderReport(
                sender: sender, ntpTimestamp: 0x0001_0002_0003_0004, rtpTimestamp: 0, packetCount: 0, octetCount: 0,
                blocks: ReportBlocks(nil))
        }
        for index in 65_500..<65_600 where index % 10 != 3 {
            statistics.receive(self.header(index), payloadCount: 80, now: self.instant(index))
        }
        statistics.receive(report(1), now: self.instant(65_600))
        let former = try self.block(&statistics, at: 65_650)
        #expect(former.lastSenderReport == 0x0002_0003 && former.delaySinceLastSenderReport == 65_536)
        #expect(former.extendedHighestSequenceNumber == 65_599 && former.cumulativeLost == 10)

        statistics.receive(self.header(7, ssrc: 2), payloadCount: 80, now: self.instant(65_651))
        statistics.receive(report(1), now: self.instant(65_652))
        statistics.receive(self.header(65_600), payloadCount: 80, now: self.instant(65_653))
        statistics.receive(self.header(8, ssrc: 2), payloadCount: 80, now: self.instant(65_654))
        let latter = try self.block(&statistics, at: 65_655)
        #expect(latter.source == 2 && latter.extendedHighestSequenceNumber == 8)
        #expect(latter.cumulativeLost == 0 && latter.fractionLost == 0)
        // No report of this one has come (§6.4.1: zero).
        #expect(latter.lastSenderReport == 0 && latter.delaySinceLastSenderReport == 0)
        #expect(statistics.totalLost == 10 && statistics.totalPacketsReceived == 93)
    }

    @Test("an interval in which nothing came has no fraction, and all lost but one is 255 at most")
    func fractions() throws {
        var statistics = ReceiveStatistics()
        statistics.receive(self.header(0), payloadCount: 80, now: self.instant(0))
        _ = try self.block(&statistics, at: 1)
        let silent = try self.block(&statistics, at: 100)
        #expect(silent.fractionLost == 0 && silent.extendedHighestSequenceNumber == 0)
        statistics.receive(self.header(2_000), payloadCount: 80, now: self.instant(2_000))
        #expect(try self.block(&statistics, at: 2_001).fractionLost == 255)
    }
}
