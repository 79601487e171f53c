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

    @Test("the smallest step sends 40 ms a packet, unless the peer takes no such packets", arguments: [nil, 20, 30, 60])
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
        arguments: [(nil, nil, 20), (20, 60, 20), (10, nil, 10), (10, 10, 10), (nil, 10, 10), (60, 120, 20), (0, -3, 10)])
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

    /// Reports 2.5 s apart, `count` of them.
    private static func run(_ count: Int, lost: UInt8, roundTrip: Duration, moves: Bool) -> CircuitBreaker.Cause? {
        var breaker = CircuitBreaker(now: .zero)
        var now = Instant.zero
        for index in 1...count {
            now = now + .milliseconds(2500)
            breaker.receive(
                Self.block(lost: lost, highest: moves ? UInt32(index * 125) : 1), packetsSent: UInt64(index * 125),
                packetsPerSecond: 50, roundTripTime: roundTrip, now: now)
        }
        _ = breaker.isTripped(now: now)
        return breaker.cause
    }

    @Test("an ordinary call, even one that loses a fifth, never trips")
    func ordinary() {
        #expect(Self.run(1_000, lost: 51, roundTrip: .milliseconds(150), moves: true) == nil)
    }

    @Test("nothing that arrives trips by the fourth report")
    func media() {
        #expect(Self.run(3, lost: 0, roundTrip: .milliseconds(50), moves: false) == nil)
        #expect(Self.run(4, lost: 0, roundTrip: .milliseconds(50), moves: false) == .mediaMissing)
    }

    @Test("heavy loss over a long round trip trips")
    func congestion() {
        #expect(Self.run(3, lost: 200, roundTrip: .milliseconds(900), moves: true) == .congestion)
        #expect(Self.run(2, lost: 200, roundTrip: .milliseconds(900), moves: true) == nil)
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
