/// A point on a monotonic clock that the shells own, in nanoseconds since an arbitrary origin.
///
/// The cores never read a clock: every input carries its `Instant`, so the same code runs in real
/// and in virtual time. Instants of different clocks must not be compared.
package struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's origin.
    package var nanoseconds: Int64

    @inlinable package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The origin itself, where virtual time starts.
    package static let zero = Instant(nanoseconds: 0)

    /// Later than any instant a clock will show.
    package static let distantFuture = Instant(nanoseconds: .max)

    @inlinable package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    // Those that Comparable would derive are called through a table from other modules: too dear for each packet.
    @inlinable package static func > (left: Instant, right: Instant) -> Bool {
        left.nanoseconds > right.nanoseconds
    }

    @inlinable package static func <= (left: Instant, right: Instant) -> Bool {
        left.nanoseconds <= right.nanoseconds
    }

    @inlinable package static func >= (left: Instant, right: Instant) -> Bool {
        left.nanoseconds >= right.nanoseconds
    }

    /// Saturates at ``distantFuture``.
    @inlinable package static func + (instant: Instant, duration: Duration) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return overflow ? .distantFuture : Instant(nanoseconds: sum)
    }

    @inlinable package static func - (instant: Instant, duration: Duration) -> Instant {
        Instant(nanoseconds: instant.nanoseconds &- duration.wholeNanoseconds)
    }

    @inlinable package static func - (later: Instant, earlier: Instant) -> Duration {
        // As Duration.nanoseconds(_:), which is generic: too dear for each packet.
        let (seconds, rest) = (later.nanoseconds &- earlier.nanoseconds).quotientAndRemainder(dividingBy: 1_000_000_000)
        return Duration(secondsComponent: seconds, attosecondsComponent: rest * 1_000_000_000)
    }

    @inlinable package static func += (instant: inout Instant, duration: Duration) {
        instant = instant + duration
    }
}

extension Duration {
    /// Nanoseconds, saturated to what 64 bits hold (292 years).
    @inlinable package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// Milliseconds with their fraction, for reports.
    package var milliseconds: Double {
        Double(self.wholeNanoseconds) / 1e6
    }

    /// Seconds with their fraction, for reports.
    package var fractionalSeconds: Double {
        Double(self.wholeNanoseconds) / 1e9
    }
}
