/// What time it is in the stream: the sound card's beat against the peer's timestamps.
struct PlayoutClock: Sendable {
    /// Timestamp the clock has reached: 960 more at every pull.
    private var pulledSamples: Int64 = 0
    /// `pulledSamples` minus the timestamp of the packet last decoded.
    private var offset: Int64 = 0
    /// Lower envelope of slack minus offset, in nanoseconds: the two clocks against each other.
    private var deviation: Double?

    /// What the packet last decoded has of slack, by the lower envelope; `nil` before the first.
    var slack: Int64? {
        self.deviation.map { Int64($0) + Self.bounded(AudioFormat.nanoseconds(samples: self.offset)) }
    }

    /// A pull of 960 samples begins.
    mutating func beat() { self.pulledSamples &+= Int64(AudioFormat.blockSamples) }

    /// Playout begins at `timestamp`.
    mutating func start(at timestamp: Int64) { self.pulledSamples = timestamp }

    /// The clocks are unknown again.
    mutating func forget() { self.deviation = nil }

    /// A packet is decoded in this pull that has `slack`.
    mutating func observe(timestamp: Int64, slack: Int64) {
        self.offset = self.pulledSamples &- timestamp
        let measured = Double(slack - Self.bounded(AudioFormat.nanoseconds(samples: self.offset)))
        guard let known = self.deviation, abs(measured - known) < Self.leap else {
            self.deviation = measured
            return
        }
        // Pulls that come late by accident give no time; those that come early take it.
        self.deviation = known + (measured - known) * (measured < known ? Self.fall : Self.rise)
    }

    /// Timestamps are the peer's: what it makes of them stays far from the ends of the range.
    static func bounded(_ nanoseconds: Int64) -> Int64 {
        min(max(nanoseconds, -Self.longestTime), Self.longestTime)
    }

    private static let fall = 0.25
    private static let rise = 1.0 / 64
    private static let leap = 200_000_000.0
    /// 11 days: no difference of times that means anything is longer.
    private static let longestTime: Int64 = 1_000_000_000_000_000
}
