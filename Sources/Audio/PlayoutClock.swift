/// What time it is in the stream: the sound card's beat against the peer's timestamps.
struct PlayoutClock: Sendable {
    /// Timestamp the clock has reached: 960 more at every pull.
    private var pulledSamples: Int64 = 0
    /// `pulledSamples` minus the timestamp of the packet last decoded.
    private var offset: Int64 = 0
    /// How much later than the first packet since the clocks became known the others are decoded, less `offset`: the
    /// two clocks against each other, in nanoseconds, by its lower envelope.
    private var deviation = 0.0
    /// The same for the first packet, in whole nanoseconds of both clocks.
    private var reference: Int64?

    /// When the packet last decoded was due on the peer's clock, and how long ago that is by the lower envelope, on two
    /// clocks with an unknown offset; `nil` before the first.
    var age: Int64? {
        self.reference.map {
            $0 &+ Int64(self.deviation) &+ Self.bounded(AudioFormat.nanoseconds(samples: self.offset))
        }
    }

    /// A pull of 960 samples begins.
    mutating func beat() { self.pulledSamples &+= Int64(AudioFormat.blockSamples) }

    /// Playout begins at `timestamp`.
    mutating func start(at timestamp: Int64) { self.pulledSamples = timestamp }

    /// The clocks are unknown again.
    mutating func forget() { self.reference = nil }

    /// A packet is decoded in this pull, `age` nanoseconds after its timestamp.
    mutating func observe(timestamp: Int64, age: Int64) {
        self.offset = self.pulledSamples &- timestamp
        let now = age &- Self.bounded(AudioFormat.nanoseconds(samples: self.offset))
        guard let reference = self.reference,
            case let measured = Double(Self.bounded(now &- reference)), abs(measured - self.deviation) < Self.leap
        else {
            self.reference = now
            self.deviation = 0
            return
        }
        // Pulls that come late by accident give no time; those that come early take it.
        self.deviation += (measured - self.deviation) * (measured < self.deviation ? Self.fall : Self.rise)
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
