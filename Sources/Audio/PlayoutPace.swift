/// How the sound about to be played should be stretched so that playout comes to its target.
enum PlayoutPace: Equatable, Sendable {
    case keep
    /// Play slower, by at most `samples`.
    case lengthen(samples: Int)
    /// Play faster: one more packet may be decoded for it if `fetching`.
    case shorten(samples: Int, fetching: Bool, isUrgent: Bool)

    /// - Parameters:
    ///   - slack: What the packet last decoded has, and `target` what it should have, in nanoseconds.
    ///   - packetSamples: What a packet lasts.
    ///   - leftover: Samples that were queued before it.
    init(slack: Int64, target: Int64, packetSamples: Int, leftover: Int) {
        if slack < target - Self.lengthenMargin {
            self = .lengthen(samples: AudioFormat.blockSamples)
            return
        }
        // A packet less can be kept waiting only when all of its duration is to spare.
        let quantum = AudioFormat.nanoseconds(samples: Int64(min(packetSamples, AudioFormat.blockSamples)))
        let excess = slack - target - quantum
        if excess > Self.shortenMargin, leftover < AudioFormat.blockSamples / 2 {
            self = .shorten(samples: Self.longestShortening, fetching: true, isUrgent: excess > Self.urgentExcess)
        } else if leftover >= TimeScaling.shortestLag {
            self = .shorten(samples: leftover, fetching: false, isUrgent: false)
        } else {
            self = .keep
        }
    }

    private static let lengthenMargin: Int64 = 2_000_000
    private static let shortenMargin: Int64 = 4_000_000
    private static let urgentExcess: Int64 = 60_000_000
    /// Samples removed at once: 15 ms, a pitch period of the deepest voice.
    private static let longestShortening = 720
}
