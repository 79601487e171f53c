internal import Glibc
package import Wire

/// The wall clock, beside the one that neither jumps nor stops.
package enum UnixClock {
    /// Unix seconds at the origin of the monotonic clock.
    package static func timeAtZero(now: Instant) -> Int64 {
        Int64(Glibc.time(nil)) - now.nanoseconds / 1_000_000_000
    }

    /// Unix seconds.
    package static var now: UInt64 { UInt64(max(0, Glibc.time(nil))) }
}
