import RTP
import Testing
import Wire

@Suite("What is counted about a stream (RFC 3550 appendix A)")
struct StatisticsTests {
    private func header(_ index: Int, ssrc: UInt32 = 1) -> RTPHeader {
        RTPHeader(
            payloadType: 111, sequenceNumber: UInt16(truncatingIfNeeded: index),
            timestamp: UInt32(truncatingIfNeeded: index * 960), ssrc: ssrc)
    }

    private func instant(_ index: Int) -> Instant { .zero + .milliseconds(20 * index) }

    private func block(of statistics: inout ReceiveStatistics, now: Instant) throws -> ReportBlock {
        let made = statistics.makeReportBlock(now: now)
        return try #require(made)
    }

    @Test("a whole stream across the wraps of sequence and timestamp has no loss and no jitter")
    func whole() throws {
        var statistics = ReceiveStatistics()
        for index in 65_000..<70_000 {
            statistics.receive(self.header(index), payloadCount: 80, now: self.instant(index))
        }
        let block = try self.block(of: &statistics, now: self.instant(70_000))
        #expect(block.fractionLost == 0 && block.cumulativeLost == 0)
        #expect(block.extendedHighestSequenceNumber == 69_999)
        #expect(block.jitter == 0)
        #expect(statistics.totalOctetsReceived == 5000 * 80)

        var late = ReceiveStatistics()
        let wrap = Int(UInt32.max) / 960
        for index in (wrap - 50)..<(wrap + 50) {
            late.receive(self.header(index), payloadCount: 80, now: self.instant(index))
        }
        #expect(late.jitter < .microseconds(100))
    }

    @Test("every fourth packet lost is a fraction of 64/256, for each interval anew")
    func loss() throws {
        var statistics = ReceiveStatistics()
        for index in 0..<400 where index % 4 != 2 {
            statistics.receive(self.header(index), payloadCount: 80, now: self.instant(index))
        }
        let first = try self.block(of: &statistics, now: self.instant(400))
        #expect(first.fractionLost == 64)
        #expect(first.cumulativeLost == 100)
        for index in 400..<500 {
            statistics.receive(self.header(index), payloadCount: 80, now: self.instant(index))
        }
        let second = try self.block(of: &statistics, now: self.instant(500))
        #expect(second.fractionLost == 0)
        #expect(second.cumulativeLost == 100)
        #expect(statistics.totalLost == 100)
    }

    @Test("reordering and stragglers before the first packet are no loss; duplicates make it negative")
    func order() throws {
        var statistics = ReceiveStatistics()
        for index in [1000, 999, 1002, 1001, 1003, 1003, 1003] {
            statistics.receive(self.header(index), payloadCount: 80, now: self.instant(index))
        }
        let block = try self.block(of: &statistics, now: self.instant(1004))
        #expect(block.cumulativeLost == -2)
        #expect(block.fractionLost == 0)
        #expect(statistics.expected == 5)
        #expect(statistics.totalLost == 0)
    }

    @Test("jitter nears the mean deviation of transit times")
    func jitter() {
        var statistics = ReceiveStatistics()
        for index in 0..<2000 {
            // Alternately on time and 10 ms late: each step deviates by 10 ms.
            let late: Duration = index % 2 == 0 ? .zero : .milliseconds(10)
            statistics.receive(self.header(index), payloadCount: 80, now: self.instant(index) + late)
        }
        #expect(abs(statistics.jitter.milliseconds - 10) < 0.01)
    }

    @Test("a new source begins anew and keeps the call's sums")
    func newSource() throws {
        var statistics = ReceiveStatistics()
        for index in 0..<10 where index != 5 {
            statistics.receive(self.header(index), payloadCount: 80, now: self.instant(index))
        }
        for index in 30_000..<30_010 {
            statistics.receive(self.header(index, ssrc: 2), payloadCount: 80, now: self.instant(index))
        }
        let block = try self.block(of: &statistics, now: self.instant(30_010))
        #expect(block.source == 2 && block.cumulativeLost == 0)
        #expect(statistics.totalLost == 1)
        #expect(statistics.totalPacketsReceived == 19)
    }

    @Test("the round trip is what the path took, without the peer's delay")
    func roundTrip() throws {
        var sender = SendStatistics(source: 7)
        var receiver = ReceiveStatistics()
        let begin = Instant.zero + .seconds(100_000)
        sender.send(self.header(0, ssrc: 7), payloadCount: 80, now: begin)
        guard
            case .senderReport(let report) = sender.makeReport(
                blocks: ReportBlocks(nil), now: begin + .milliseconds(10))
        else {
            Issue.record("no sender report")
            return
        }
        #expect(report.rtpTimestamp == 480)
        #expect(report.packetCount == 1 && report.octetCount == 80)
        let arrival = begin + .milliseconds(50)
        receiver.receive(self.header(0, ssrc: 7), payloadCount: 80, now: arrival)
        receiver.receive(report, now: arrival)
        let block = try self.block(of: &receiver, now: arrival + .milliseconds(700))
        sender.receive(ReportBlocks(block), now: arrival + .milliseconds(760))
        let measured = try #require(sender.roundTripTime)
        #expect(abs(measured.milliseconds - 100) < 0.1)
        #expect(sender.lastBlock == block)
    }

    @Test("whoever sent nothing reports as a receiver")
    func receiverOnly() {
        let sender = SendStatistics(source: 7)
        #expect(
            sender.makeReport(blocks: ReportBlocks(nil), now: .zero)
                == .receiverReport(sender: 7, blocks: ReportBlocks(nil)))
    }

    @Test("reports come 1.25 to 3.75 s apart, the first after half of that")
    func schedule() {
        for seed in 0..<200 as Range<UInt64> {
            var schedule = ReportSchedule(now: .zero, random: .seeded(seed))
            #expect(schedule.nextReport - .zero >= .milliseconds(625))
            #expect(schedule.nextReport - .zero <= .milliseconds(1875))
            var now = schedule.nextReport
            for _ in 0..<10 {
                #expect(schedule.isDue(now: now))
                schedule.reportSent(now: now)
                #expect(!schedule.isDue(now: now))
                let gap = schedule.nextReport - now
                #expect(gap >= .milliseconds(1250) && gap <= .milliseconds(3750), "seed \(seed)")
                now = schedule.nextReport
            }
        }
    }

    @Test("extreme numbers from a peer are counted without a trap")
    func extremes() {
        var random = RandomSource.seeded(10)
        var receiver = ReceiveStatistics()
        var sender = SendStatistics(source: 1)
        for _ in 0..<20_000 {
            let header = RTPHeader(
                payloadType: 111, sequenceNumber: UInt16(truncatingIfNeeded: random.next()),
                timestamp: UInt32(truncatingIfNeeded: random.next()), ssrc: UInt32(random.next() % 3))
            let now = Instant(nanoseconds: Int64(truncatingIfNeeded: random.next() >> (random.next() % 64)))
            receiver.receive(header, payloadCount: 80, now: now)
            if random.next() % 8 == 0 {
                _ = receiver.makeReportBlock(now: now)
                let word = UInt32(truncatingIfNeeded: random.next())
                sender.receive(
                    ReportBlocks(
                        ReportBlock(
                            source: 1, fractionLost: 255, cumulativeLost: .min, extendedHighestSequenceNumber: word,
                            jitter: .max, lastSenderReport: word, delaySinceLastSenderReport: .max)), now: now)
                receiver.receive(
                    SenderReport(
                        sender: 1, ntpTimestamp: random.next(), rtpTimestamp: word, packetCount: word, octetCount: word,
                        blocks: ReportBlocks(nil)), now: now)
            }
        }
    }
}
