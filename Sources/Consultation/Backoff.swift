package import Wire

/// Waiting times between attempts: 0.5, 1, 2, 4, 8, 8 … seconds, each ± 50 %.
package struct Backoff: Sendable {
    private var attempts = 0

    package init() {}

    /// Failures since the last ``reset()``.
    package var failureCount: Int { self.attempts }

    package mutating func next(random: inout RandomSource) -> Duration {
        let base = Self.first * (1 << min(self.attempts, Self.maximumDoublings))
        self.attempts += 1
        return base * (0.5 + random.unitInterval())
    }

    package mutating func reset() {
        self.attempts = 0
    }

    private static let first: Duration = .milliseconds(500)
    private static let maximumDoublings = 4
}
