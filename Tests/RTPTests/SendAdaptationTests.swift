import RTP
import Testing
import Wire

/// A path of so many kilobits per second with a queue, and the reports that come back over it.
private struct Bottleneck {
    var kilobits: Double
    var longestQueue = 0.4
    var randomLoss = 0.0
    private var free = 0.0
    private var time = 0.0
    private var random = RandomSource.seeded(5)

    init(kilobits: Double) {
        self.kilobits = kilobits
    }

    /// Sends for one report interval as `adaptation` says, and lets it have the report.
    /// - Returns: The share lost, and how long the last packet waited, in seconds.
    mutating func interval(_ adaptation: inout SendAdaptation) -> (loss: Double, queue: Double) {
        var lost = 0
        var queue = 0.0
        let step = adaptation.step
        let packets = step.packetDuration == .milliseconds(40) ? 62 : 125
        for _ in 0..<packets {
            self.time += 2.5 / Double(packets)
            let payload = step.bitsPerSecond / 50 / 8 * 125 / packets
            let octets = payload * (1 + step.copies) + (step.copies > 0 ? 4 * step.copies + 1 : 0) + Self.overhead
            queue = max(0, self.free - self.time)
            if queue > self.longestQueue || self.random.unitInterval() < self.randomLoss {
                lost += 1
                continue
            }
            self.free = max(self.free, self.time) + Double(octets) * 8 / (self.kilobits * 1000)
        }
        let loss = Double(lost) / Double(packets)
        adaptation.receive(
            fractionLost: loss, roundTripTime: .seconds(0.04 + queue),
            now: Instant(nanoseconds: Int64(self.time * 1e9)))
        return (loss, queue)
    }

    /// IPv4, UDP, RTP, tag.
    static let overhead = 20 + 8 + 12 + 16
}

@Suite("What is sent follows what is lost")
struct SendAdaptationTests {
    private static func adaptation(hasRedundancy: Bool) -> SendAdaptation {
        SendAdaptation(bitsPerSecond: 32_000, hasRedundancy: hasRedundancy, now: .zero)
    }

    @Test("48 kbit/s: the bit rate fits within 10 s, and the delay returns to normal", arguments: [true, false])
    func bottleneck(hasRedundancy: Bool) {
        var adaptation = Self.adaptation(hasRedundancy: hasRedundancy)
        var path = Bottleneck(kilobits: 10_000)
        for _ in 0..<8 { _ = path.interval(&adaptation) }
        path.kilobits = 48
        for _ in 0..<4 { _ = path.interval(&adaptation) }
        #expect(adaptation.step.copies == 0 && adaptation.step.bitsPerSecond == 16_000)
        let settled = path.interval(&adaptation)
        #expect(settled.queue < 0.05, "\(settled)")
    }

    @Test(
        "the smallest step sends 40 ms a packet, unless the peer takes no such packets", arguments: [nil, 20, 30, 60])
    func thrift(longest: Int?) {
        var adaptation = SendAdaptation(
            bitsPerSecond: 32_000, hasRedundancy: true, durations: .init(longest: longest), now: .zero)
        #expect(adaptation.step.packetDuration == .milliseconds(20))
        var path = Bottleneck(kilobits: 10_000)
        for _ in 0..<4 { _ = path.interval(&adaptation) }
        path.kilobits = 48
        for _ in 0..<4 { _ = path.interval(&adaptation) }
        #expect(adaptation.step.packetDuration == .milliseconds((longest ?? 40) < 40 ? 20 : 40))
        path.kilobits = 10_000
        for _ in 0..<24 { _ = path.interval(&adaptation) }
        #expect(adaptation.step.packetDuration == .milliseconds(20))
    }

    @Test(
        "10 ms are sent to who asks for them, and to nobody else",
        arguments: [
            (nil, nil, 20), (20, 60, 20), (10, nil, 10), (10, 10, 10), (nil, 10, 10), (60, 120, 20), (0, -3, 10),
        ])
    func asked(wanted: Int?, longest: Int?, usual: Int) {
        #expect(SendAdaptation.PacketDurations(wanted: wanted, longest: longest).usual == .milliseconds(usual))
    }

    @Test("on a path that stays narrow, tries for more become rare", arguments: [true, false])
    func narrow(hasRedundancy: Bool) {
        var adaptation = Self.adaptation(hasRedundancy: hasRedundancy)
        var path = Bottleneck(kilobits: 10_000)
        for _ in 0..<4 { _ = path.interval(&adaptation) }
        path.kilobits = 44
        var queued = 0
        for interval in 0..<240 where path.interval(&adaptation).queue > 0.1 && interval > 8 { queued += 1 }
        // Ten minutes.
        #expect(queued <= 24, "\(queued) intervals of 240 in a queue")
    }

    @Test("after the bottleneck has gone, all comes back within a minute", arguments: [true, false])
    func back(hasRedundancy: Bool) {
        var adaptation = Self.adaptation(hasRedundancy: hasRedundancy)
        var path = Bottleneck(kilobits: 10_000)
        let before = adaptation.step
        for _ in 0..<4 { _ = path.interval(&adaptation) }
        path.kilobits = 48
        for _ in 0..<4 { _ = path.interval(&adaptation) }
        path.kilobits = 10_000
        for _ in 0..<24 { _ = path.interval(&adaptation) }
        #expect(adaptation.step.bitsPerSecond == before.bitsPerSecond)
        #expect(adaptation.step.copies >= before.copies)
    }

    @Test(
        "loss without delay is met with copies, and they go when it has gone",
        arguments: [(0.0, 1), (0.04, 2), (0.15, 3)])
    func loss(share: Double, copies: Int) {
        var adaptation = Self.adaptation(hasRedundancy: true)
        var path = Bottleneck(kilobits: 10_000)
        path.randomLoss = share
        for _ in 0..<12 { _ = path.interval(&adaptation) }
        #expect(adaptation.step.copies >= copies)
        #expect(adaptation.step.bitsPerSecond == 24_000)
        path.randomLoss = 0
        for _ in 0..<40 { _ = path.interval(&adaptation) }
        #expect(adaptation.step.copies == 1)
    }

    @Test("without redundancy, error correction is there from the start, goes on a clean path and comes with loss")
    func errorCorrection() {
        var adaptation = Self.adaptation(hasRedundancy: false)
        #expect(adaptation.step == .init(bitsPerSecond: 32_000, expectedLossPercentage: 10, copies: 0))
        var path = Bottleneck(kilobits: 10_000)
        for _ in 0..<16 { _ = path.interval(&adaptation) }
        #expect(adaptation.step == .init(bitsPerSecond: 32_000, expectedLossPercentage: 0, copies: 0))
        path.randomLoss = 0.05
        for _ in 0..<2 { _ = path.interval(&adaptation) }
        #expect(adaptation.step == .init(bitsPerSecond: 32_000, expectedLossPercentage: 10, copies: 0))
    }
}

@Suite("Circuit breaker (RFC 8083)")
struct CircuitBreakerTests {
    private static func block(lost: UInt8, highest: UInt32) -> ReportBlock {
        ReportBlock(
            source: 1, fractionLost: lost, cumulativeLost: 0, extendedHighestSequenceNumber: highest, jitter: 0,
            lastSenderReport: 1, delaySinceLastSenderReport: 1)
    }

    /// Reports `apart` seconds apart, each after 50 packets a second.
    /// - Returns: By which report the breaker tripped, and why; `nil` if it did not in `count`.
    private static func trip(
        within count: Int, lost: [UInt8], roundTrip: Duration?, apart: Double = 2.5, packetsPerSecond: Double = 50,
        moves: Bool = true, sends: Bool = true
    ) -> (report: Int, cause: CircuitBreaker.Cause)? {
        var breaker = CircuitBreaker(now: .zero)
        for index in 1...count {
            breaker.receive(
                Self.block(lost: lost[(index - 1) % lost.count], highest: moves ? UInt32(index * 125) : 1),
                packetsSent: sends ? UInt64(index * 125) : 0, packetsPerSecond: packetsPerSecond,
                roundTripTime: roundTrip, now: Instant.zero + .milliseconds(Int64(Double(index) * apart * 1000)))
            if let cause = breaker.cause { return (index, cause) }
        }
        return nil
    }

    @Test("an ordinary call, even one that loses a fifth, never trips")
    func ordinary() {
        #expect(Self.trip(within: 1_000, lost: [51], roundTrip: .milliseconds(150)) == nil)
    }

    @Test(
        "five reports in a row without progress trip, not four, and none where nothing was sent (§4.2)",
        arguments: [1, 2.5, 5])
    func media(apart: Double) {
        let trip = Self.trip(within: 20, lost: [0], roundTrip: .milliseconds(50), apart: apart, moves: false)
        // The first one says from where there is no progress.
        #expect(trip?.report == 6 && trip?.cause == .mediaMissing)
        #expect(Self.trip(within: 20, lost: [0], roundTrip: nil, apart: apart, moves: false, sends: false) == nil)
    }

    /// 50 packets a second are more than ten times 1 / (R √(2p/3)) where R √p is more than 0.2 √1.5 = 0.245.
    @Test(
        "ten times TCP's throughput is the limit, over CB_INTERVAL reports (§4.3)",
        arguments: [
            // Of 256; round trip in ms; seconds between reports; packets a second; the report by which it trips.
            (lost: 128, roundTrip: 340, apart: 2.5, rate: 50.0, report: nil),
            (128, 350, 2.5, 50, 3),
            (64, 480, 2.5, 50, nil), (64, 500, 2.5, 50, 3),
            (26, 760, 2.5, 50, nil),
            (26, 780, 2.5, 50, 4),
            (128, 350, 5, 50, 3), (128, 1200, 2.5, 50, 5), (128, 3000, 2.5, 50, 6), (128, 3000, 5, 50, 3),
            (128, 350, 2.5, 25, nil), (128, 700, 2.5, 25, 3), (0, 3000, 2.5, 50, nil),
        ] as [(lost: UInt8, roundTrip: Int, apart: Double, rate: Double, report: Int?)])
    func congestion(_ vector: (lost: UInt8, roundTrip: Int, apart: Double, rate: Double, report: Int?)) {
        let trip = Self.trip(
            within: 50, lost: [vector.lost], roundTrip: .milliseconds(vector.roundTrip), apart: vector.apart,
            packetsPerSecond: vector.rate)
        #expect(trip?.report == vector.report)
        #expect(trip == nil || trip?.cause == .congestion)
    }

    @Test("what counts is the average: one bad report among good ones trips nothing")
    func average() {
        #expect(Self.trip(within: 100, lost: [200, 0, 0, 0], roundTrip: .milliseconds(350)) == nil)
        #expect(Self.trip(within: 100, lost: [255, 64, 200], roundTrip: .milliseconds(350))?.report == 3)
    }

    @Test("without a round trip nothing is known of congestion")
    func noRoundTrip() {
        #expect(Self.trip(within: 100, lost: [255], roundTrip: nil) == nil)
    }

    @Test("after 15 s without a report the least is sent")
    func unheard() {
        let breaker = CircuitBreaker(now: .zero)
        #expect(!breaker.isUnheard(now: .zero + .seconds(15)))
        #expect(breaker.isUnheard(now: .zero + .seconds(16)))
        var adaptation = SendAdaptation(bitsPerSecond: 32_000, hasRedundancy: true, now: .zero)
        adaptation.reportsMissing(now: .zero + .seconds(16))
        let least = SendAdaptation.Step(
            bitsPerSecond: 16_000, expectedLossPercentage: 10, copies: 0, packetDuration: .milliseconds(40))
        #expect(adaptation.step == least)
        adaptation.receive(fractionLost: 0, roundTripTime: .milliseconds(40), now: .zero + .seconds(17))
        #expect(adaptation.step.bitsPerSecond == 16_000)
        adaptation.receive(fractionLost: 0, roundTripTime: .milliseconds(40), now: .zero + .seconds(27))
        #expect(adaptation.step.bitsPerSecond == 24_000)
    }

    @Test("reports that stay away trip, and a reset begins anew")
    func reports() {
        var breaker = CircuitBreaker(now: .zero)
        let late = Instant.zero + .seconds(41)
        let early = breaker.isTripped(now: .zero + .seconds(40))
        let atLast = breaker.isTripped(now: late)
        #expect(!early && atLast)
        #expect(breaker.cause == .reportsMissing)
        breaker.reset(now: late)
        let again = breaker.isTripped(now: late + .seconds(1))
        #expect(!again)
    }
}
