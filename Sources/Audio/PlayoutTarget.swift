internal import Wire

/// How much slack a packet should have when it is decoded: for those that come late, and for copies of those that do
/// not come at all.
struct PlayoutTarget: Sendable {
    private(set) var tracker = DelayTracker()
    /// In nanoseconds.
    private(set) var slack: Int64 = 0

    /// Share of the packets of which a copy came first.
    private var copyShare = 0.0
    private var packetCount = Self.packetsAssumed
    private var packetsSinceCopy = 0.0
    /// What a packet lasts, in nanoseconds.
    private var packetDuration = AudioFormat.nanoseconds(samples: Int64(AudioFormat.blockSamples))
    private var copyDistances = CopyDistances()

    init() { self.decide() }

    /// Forgets path and losses: another source, or the timestamps leapt.
    mutating func restart() {
        self.tracker.restart()
        self.copyShare = 0
        self.packetCount = Self.packetsAssumed
        self.copyDistances = CopyDistances()
        self.decide()
    }

    /// Smallest transit lately, in nanoseconds of the offset clocks.
    var baseline: Int64 { self.tracker.baseline }

    /// A packet arrived, in time or late.
    /// - Parameter isNew: Whether no copy of it has come before.
    mutating func observe(transit: Int64, arrival: Instant, isNew: Bool) {
        self.tracker.observe(transit: transit, arrival: arrival, isNew: isNew)
        if isNew { self.count(isCopy: false) }
        self.decide()
    }

    /// The first copy of a packet arrived, and the packet had not.
    mutating func observeCopy(transit: Int64) {
        self.tracker.observeCopy(transit: transit)
        self.count(isCopy: true)
        self.decide()
    }

    /// A packet brings a copy of the one `distance` before it.
    mutating func expectCopies(distance: Int, packetSamples: Int) {
        self.packetDuration = AudioFormat.nanoseconds(samples: Int64(packetSamples))
        self.copyDistances.observe(distance)
    }

    private mutating func count(isCopy: Bool) {
        self.packetCount += 1
        self.copyShare += ((isCopy ? 1 : 0) - self.copyShare) * max(1 / self.packetCount, Self.learning)
        self.packetsSinceCopy = isCopy ? 0 : self.packetsSinceCopy + 1
        if self.packetsSinceCopy * self.copyShare > DelayTracker.evidence { self.copyShare = 0 }
    }

    /// Rises at once to what is worth it, falls to what would be even if gaps cost more: every change is heard.
    private mutating func decide() {
        let copies = DelayTracker.Copies(
            share: self.copyShare, packetDuration: self.packetDuration, distances: self.copyDistances)
        let worth = self.tracker.worthwhileDelays(
            gapCost: Self.gapCost, reluctance: Self.reluctance, copies: copies)
        self.slack = min(min(max(self.slack, worth.least + Self.margin), worth.most + Self.margin), Self.longest)
    }

    /// 1 % of the sound missing is as bad as 300 ms of delay: by PESQ over all traces (docs/media.md).
    private static let gapCost = 30_000.0
    /// By how much more gaps would have to cost for the target to fall no further.
    private static let reluctance = 4.0
    /// Per packet.
    private static let learning = 0.001
    /// Packets without loss assumed to have come before the first: one loss at once is no habit.
    private static let packetsAssumed = 50.0
    private static let margin: Int64 = 2_000_000
    private static let longest: Int64 = 400_000_000
}
