internal import Audio
internal import Wire

/// Where in the beat of 20 ms the sessions of a thread stand: in small groups, which are spread evenly, however many
/// there are.
///
/// The sessions of a group are served one behind the other when their thread has woken once, which costs less than to
/// wake for each. Where the first group stands is drawn by lot: threads that woke together would wait for one another.
package struct BeatPhase {
    private let first: Duration

    init() {
        self.init(first: .nanoseconds(Int64.random(in: 0..<AudioFormat.blockDuration.wholeNanoseconds)))
    }

    /// - Parameter first: of the first group, in 0 ..< 20 ms.
    package init(first: Duration) {
        self.first = first
    }

    /// - Parameter number: of the session on its thread, from 0.
    /// - Returns: Less than 20 ms: for the groups in turn the first phase, and 1/2, 1/4, 3/4, 1/8, … of the beat behind
    ///   it (the van der Corput sequence).
    package func offset(of number: Int) -> Duration {
        let reversed = UInt32(truncatingIfNeeded: number / Self.groupSize).bitReversed
        let offset = self.first + AudioFormat.blockDuration * (Double(reversed) / Double(1 << 32))
        return offset < AudioFormat.blockDuration ? offset : offset - AudioFormat.blockDuration
    }

    /// Ours: the last of four begins some 1.5 ms late, which no jitter buffer hears of.
    package static let groupSize = 4
}

extension UInt32 {
    fileprivate var bitReversed: UInt32 {
        (0..<32).reduce(0) { $0 << 1 | self >> UInt32($1) & 1 }
    }
}
