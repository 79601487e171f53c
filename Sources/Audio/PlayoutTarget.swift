internal import Wire

/// How much slack a packet should have when it is decoded: for those that come late, and for copies of those that do
/// not come at all.
struct PlayoutTarget: Sendable {
    private(set) var tracker = DelayTracker()
    /// Packets since one was missing when its turn came, and those it takes for a loss to be forgotten.
    private var packetsSinceLoss = Self.lossMemory
    /// Those that have not come since, of the losses not yet forgotten.
    private var recentLosses = 0
    /// How many packets after its own the sound of a packet comes again: 0, or 1 with in-band error correction, or
    /// the farthest copy lately.
    private var copyDistance = 0
    private var packetsSinceFarCopy = 0

    /// Forgets path and losses: another source.
    mutating func restart() {
        self.tracker.restart()
        self.packetsSinceLoss = Self.lossMemory
        self.recentLosses = 0
        self.copyDistance = 0
    }

    /// Forgets the path: the timestamps leapt.
    mutating func restartPath() { self.tracker.restart() }

    /// Smallest transit lately, in nanoseconds of the offset clocks.
    var baseline: Int64 { self.tracker.baseline }

    /// In nanoseconds.
    /// - Parameter packetSamples: What a packet lasts.
    func slack(packetSamples: Int) -> Int64 {
        var target = self.tracker.quantile(Self.quantile) + Self.margin
        if self.packetsSinceLoss < Self.lossMemory {
            // What is lost comes again with a successor.
            target += AudioFormat.nanoseconds(samples: Int64(packetSamples * self.copyDistance))
        }
        return min(target, Self.longest)
    }

    /// A packet arrived, in time or late.
    mutating func observe(transit: Int64, arrival: Instant) {
        self.tracker.observe(transit: transit, arrival: arrival)
    }

    /// A packet brought a copy of the one `distance` before it.
    mutating func observeCopy(distance: Int) {
        if distance >= self.copyDistance || self.packetsSinceFarCopy > Self.farCopyMemory {
            self.copyDistance = min(distance, Self.longestCopyDistance)
            self.packetsSinceFarCopy = 0
        } else {
            self.packetsSinceFarCopy += 1
        }
    }

    /// The packet played carries its predecessor in itself.
    mutating func observeErrorCorrection() { self.copyDistance = max(self.copyDistance, 1) }

    mutating func noteLosses(_ count: Int) {
        guard count > 0 else { return }
        self.recentLosses += count
        self.packetsSinceLoss = 0
    }

    mutating func notePlayed() {
        if self.packetsSinceLoss < Self.lossMemory {
            self.packetsSinceLoss += 1
        } else {
            self.recentLosses = 0
        }
    }

    /// A packet that was missing came: it was late, not lost, and waiting for copies would not have helped.
    mutating func takeBackLoss() {
        self.recentLosses = max(0, self.recentLosses - 1)
        if self.recentLosses == 0 { self.packetsSinceLoss = Self.lossMemory }
    }

    /// Of the arrivals, those that must not come late.
    private static let quantile = 0.98
    private static let margin: Int64 = 2_000_000
    private static let longest: Int64 = 400_000_000
    /// 10 s at 20 ms: after a loss, playout waits for copies so long.
    private static let lossMemory = 500
    /// A copy from farther back was the last of them if no other comes in 2 s.
    private static let farCopyMemory = 300
    private static let longestCopyDistance = 4
}
