internal import Wire

/// How much slack a packet should have when it is decoded: for those that come late, and for copies of those that do
/// not come at all.
struct PlayoutTarget: Sendable {
    private(set) var tracker = DelayTracker()
    /// In nanoseconds.
    private(set) var slack: Int64 = 0

    /// Packets that should have come and those that came, lately.
    private var expectedCount = Self.packetsAssumed
    private var arrivedCount = Self.packetsAssumed
    private var packetsSinceLoss = 0.0
    private var highestSequence: Int64?
    /// What a packet lasts, in nanoseconds.
    private var packetDuration = AudioFormat.nanoseconds(samples: Int64(AudioFormat.blockSamples))
    private var copyDistances = CopyDistances.next
    /// Until the presumption of copies ends, negative once some were seen.
    private var packetsUntilCopies = Self.presumption

    init() { self.decide() }

    /// Forgets path and losses: another source, or the timestamps leapt.
    mutating func restart() {
        self.tracker.restart()
        self.expectedCount = Self.packetsAssumed
        self.arrivedCount = Self.packetsAssumed
        self.packetsSinceLoss = 0
        self.highestSequence = nil
        self.copyDistances = .next
        self.packetsUntilCopies = Self.presumption
        self.decide()
    }

    /// Smallest transit lately, in nanoseconds of the offset clocks.
    var baseline: Int64 { self.tracker.baseline }

    /// A packet arrived, in time or late.
    /// - Parameter isNew: Whether no copy of it has come before.
    mutating func observe(sequence: Int64, transit: Int64, arrival: Instant, isNew: Bool) {
        self.tracker.observe(transit: transit, arrival: arrival, isNew: isNew)
        self.count(sequence)
        self.decide()
    }

    /// The first copy of a packet arrived, and the packet had not.
    mutating func observeCopy(transit: Int64) {
        self.tracker.observeCopy(transit: transit)
        self.decide()
    }

    /// A packet brings a copy of the one `distance` before it.
    mutating func expectCopies(distance: Int, packetSamples: Int) {
        if self.packetsUntilCopies > 0 { self.copyDistances = CopyDistances() }
        self.packetsUntilCopies = -1
        self.packetDuration = AudioFormat.nanoseconds(samples: Int64(packetSamples))
        self.copyDistances.observe(distance)
    }

    private mutating func count(_ sequence: Int64) {
        if self.packetsUntilCopies > 0 {
            self.packetsUntilCopies -= 1
            if self.packetsUntilCopies == 0 { self.copyDistances = CopyDistances() }
        }
        let highest = self.highestSequence ?? sequence - 1
        self.highestSequence = max(highest, sequence)
        let run = max(sequence - highest, 0)
        let advance = run > Self.longestLoss ? 1 : run
        if advance > 0 {
            let kept = 1 - Self.learning
            self.expectedCount = self.expectedCount * kept + Double(advance)
            self.arrivedCount = self.arrivedCount * kept + 1
        } else {
            self.arrivedCount += 1
        }
        self.packetsSinceLoss = advance == 1 ? self.packetsSinceLoss + 1 : 0
        if self.packetsSinceLoss * self.loss > DelayTracker.evidence { self.arrivedCount = self.expectedCount }
    }

    private var loss: Double { max(0, 1 - self.arrivedCount / self.expectedCount) }

    /// Rises to what is worth it, falls to what would be even if gaps cost more, and only where that saves more than a
    /// change costs: every change is heard.
    private mutating func decide() {
        let copies = DelayTracker.Copies(
            loss: self.loss, packetDuration: self.packetDuration, distances: self.copyDistances)
        self.tracker.prepare()
        let present = self.slack - Self.margin
        let rise = self.tracker.choose(gapCost: Self.gapCost, present: present, copies: copies, doubt: Self.doubt)
        if rise.delay > present {
            if rise.saving > Self.changeCost { self.slack = min(rise.delay + Self.margin, Self.longest) }
            return
        }
        let fall = self.tracker.choose(
            gapCost: Self.gapCost * Self.reluctance, present: present, copies: copies, doubt: 0)
        if fall.delay < present, fall.saving > Self.changeCost { self.slack = fall.delay + Self.margin }
    }

    /// 1 % of the sound missing is as bad as 220 ms of delay: by PESQ over all traces (docs/media.md).
    private static let gapCost = 22_000.0
    /// By how much more gaps would have to cost for the target to fall no further.
    private static let reluctance = 4.0
    /// A change must save so many milliseconds.
    private static let changeCost = 10.0
    /// One late packet that nothing foretold is chance.
    private static let doubt = 1.0
    /// Per packet.
    private static let learning = 0.001
    /// Packets without loss assumed to have come before the first: one loss at once is no habit.
    private static let packetsAssumed = 30.0
    /// A longer run of missing packets is an outage, which no copy spans.
    private static let longestLoss: Int64 = 6
    /// Opus carries no error correction where nobody speaks: until so many packets have come, it is presumed.
    private static let presumption = 500
    private static let margin: Int64 = 2_000_000
    private static let longest: Int64 = 400_000_000
}
