package import Wire

/// When to send the next RTCP report: RFC 3550 §6.3 for two members, with the minimum of AVPF (RFC 4585 §3.4).
package struct ReportSchedule: Sendable {
    /// Send a report when `now` has reached it, then call ``reportSent(now:)``.
    package private(set) var nextReport: Instant
    private var random: RandomSource

    /// - Parameter random: Spreads the reports; seeded in simulations.
    package init(now: Instant, random: RandomSource) {
        self.random = random
        self.nextReport = .distantFuture
        // The first report comes after half the interval (RFC 3550 §6.2).
        self.nextReport = now + self.drawInterval() / 2
    }

    package func isDue(now: Instant) -> Bool { now >= self.nextReport }

    package mutating func reportSent(now: Instant) {
        self.nextReport = now + self.drawInterval()
    }

    private mutating func drawInterval() -> Duration {
        // RFC 3550 §6.3.1: 0.5 … 1.5 times, and compensation for the unconditional reconsideration
        // that two members do not need is left out.
        interval * (0.5 + self.random.unitInterval())
    }
}

/// A compound report of 120 octets each 2.5 s is 0.4 kbit/s, 1 % of the audio.
private let interval: Duration = .milliseconds(2500)
