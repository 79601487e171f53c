/// How the sound about to be played should be stretched so that playout comes to its target.
enum PlayoutPace: Equatable, Sendable {
    case keep
    /// Play slower: `samples` more should be waiting.
    case lengthen(samples: Int)
    /// Play faster: `samples` fewer should be waiting, of which `available` may go at once; one more packet may be
    /// decoded for it if `fetching`.
    case shorten(samples: Int, available: Int, fetching: Bool)

    /// - Parameters:
    ///   - slack: What the packet last decoded has, and `target` what it should have, in nanoseconds.
    ///   - packetSamples: What a packet lasts.
    ///   - leftover: Samples that were queued before it.
    init(slack: Int64, target: Int64, packetSamples: Int, leftover: Int) {
        if slack < target - Self.lengthenMargin {
            self = .lengthen(samples: Self.samples(target - slack))
            return
        }
        // A packet less can be kept waiting only when all of its duration is to spare.
        let quantum = AudioFormat.nanoseconds(samples: Int64(min(packetSamples, AudioFormat.blockSamples)))
        let excess = slack - target - quantum
        if excess > Self.shortenMargin, leftover < AudioFormat.blockSamples / 2 {
            self = .shorten(
                samples: Self.samples(excess), available: Self.longestShortening, fetching: true)
        } else if leftover >= TimeScaling.shortestLag {
            self = .shorten(samples: leftover, available: leftover, fetching: false)
        } else {
            self = .keep
        }
    }

    private static func samples(_ nanoseconds: Int64) -> Int {
        Int(clamping: AudioFormat.samples(nanoseconds: nanoseconds))
    }

    private static let lengthenMargin: Int64 = 2_000_000
    private static let shortenMargin: Int64 = 4_000_000
    /// Samples removed at once: 15 ms, a pitch period of the deepest voice.
    private static let longestShortening = 720
}
