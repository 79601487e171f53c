/// Lets `burst` tokens through at once and one more per `interval`: the generic cell rate algorithm, which keeps
/// one instant and needs no timer.
package struct TokenBucket: Sendable {
    private let interval: Duration
    private let burst: Int
    /// When the bucket will be full again, if nothing more is taken.
    private var fullAt: Instant

    /// - Parameter rate: Tokens per second.
    package init(rate: Int, burst: Int, now: Instant) {
        self.init(interval: .seconds(1) / max(1, rate), burst: burst, now: now)
    }

    package init(interval: Duration, burst: Int, now: Instant) {
        self.interval = interval
        self.burst = max(1, burst)
        self.fullAt = now
    }

    /// Takes `count` tokens, or none and says `false`.
    package mutating func take(_ count: Int = 1, now: Instant) -> Bool {
        let fullAt = max(self.fullAt, now) + self.interval * count
        guard fullAt - now <= self.interval * self.burst else { return false }
        self.fullAt = fullAt
        return true
    }

    /// From when on one may be taken.
    package var nextAt: Instant { self.fullAt + self.interval - self.interval * self.burst }

    package func isFull(now: Instant) -> Bool {
        self.fullAt <= now
    }
}
