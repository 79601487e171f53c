internal import Wire

/// Learns when sound arrives: how long after the fastest, and how often.
///
/// A packet's transit is its arrival minus its RTP timestamp, on two clocks with an unknown offset.
/// The smallest transit of the last seconds is the path without queueing; what a packet took beyond
/// that is its *relative delay*. Sound that is lost and comes again as a copy is late by as much as
/// the copy is; so one histogram, with forgetting, says what waiting is worth.
struct DelayTracker: Sendable {
    /// Smallest transit lately, in nanoseconds of the offset clocks.
    private(set) var baseline: Int64 = 0
    /// Interarrival jitter in nanoseconds (RFC 3550 §6.4.1).
    private(set) var jitter: Double = 0

    private var minima: [Int64]
    private var currentInterval: Int64?
    /// The transit at which the first bin begins: the baseline, moved by whole bins so that what was learnt stays true.
    private var origin: Int64 = 0
    private var hasOrigin = false
    /// Of the packets and the first copies of those that have not come.
    private var weights: [Double]
    private var totalWeight: Double = 0
    /// Of the packets alone, those that came after a copy too.
    private var ownWeights: [Double]
    private var totalOwnWeight: Double = 0
    /// Share of `ownWeights` beyond each bin.
    private var ownShareBeyond: [Double]
    /// No bin beyond has any weight, and beyond `preparedBin` no share.
    private var highestBin = 0
    private var preparedBin = 0
    private var nextWeight: Double = 1
    private var previousTransit: Int64?
    private var tails: [Tail]

    /// How often sound is later than `beyond`, to see when it has ceased to be.
    private struct Tail: Sendable {
        let beyond: Int
        /// Share of the arrivals that begin a run of later ones, and how many came since the last of these.
        var rate = 0.0
        /// The same, remembered for longer: whether it ever came twice.
        var recurrence = 0.0
        var quiet = 1
        /// Packets in the last run, copies not counted.
        var length = 0
    }

    init() {
        self.minima = [Int64](repeating: .max, count: Self.intervalCount)
        self.weights = [Double](repeating: 0, count: Self.binCount)
        self.ownWeights = self.weights
        self.ownShareBeyond = self.weights
        self.tails = Self.tailBounds.map { Tail(beyond: $0) }
        self.assumeOrdinaryPath()
    }

    /// Forgets the path and keeps the jitter figure: another source, or a leap of the timestamps.
    mutating func restart() {
        for index in self.minima.indices { self.minima[index] = .max }
        for index in self.weights.indices {
            self.weights[index] = 0
            self.ownWeights[index] = 0
        }
        for index in self.tails.indices { self.tails[index] = Tail(beyond: self.tails[index].beyond) }
        self.hasOrigin = false
        self.currentInterval = nil
        self.previousTransit = nil
        self.baseline = 0
        self.totalWeight = 0
        self.totalOwnWeight = 0
        self.nextWeight = 1
        self.assumeOrdinaryPath()
    }

    /// Takes the arrival of a packet, a late one too.
    /// - Parameter isNew: Whether no copy of it has come before.
    mutating func observe(transit: Int64, arrival: Instant, isNew: Bool) {
        if let previous = self.previousTransit {
            let difference = Double((transit &- previous).magnitude)
            self.jitter += (difference - self.jitter) / 16
        }
        self.previousTransit = transit
        self.updateBaseline(transit: transit, arrival: arrival)
        self.anchor()
        let bin = self.bin(of: transit)
        self.highestBin = max(self.highestBin, bin)
        self.ownWeights[bin] += self.nextWeight
        self.totalOwnWeight += self.nextWeight
        if isNew { self.count(bin, isCopy: false) }
        // Old weights shrink relative to new ones; rescaled before they leave the range of Double.
        self.nextWeight /= Self.forgetting
        if self.nextWeight > 1e12 { self.rescale() }
    }

    /// Takes the first copy of a packet that has not come.
    mutating func observeCopy(transit: Int64) { self.count(self.bin(of: transit), isCopy: true) }

    private func bin(of transit: Int64) -> Int {
        min(Int(max(0, transit &- self.origin) / Self.binWidth), Self.binCount - 1)
    }

    private mutating func count(_ bin: Int, isCopy: Bool) {
        self.highestBin = max(self.highestBin, bin)
        self.weights[bin] += self.nextWeight
        self.totalWeight += self.nextWeight
        self.watchTails(bin: bin, isCopy: isCopy)
    }

    /// Moves the bins along with the baseline.
    private mutating func anchor() {
        guard self.hasOrigin else {
            self.origin = self.baseline
            self.hasOrigin = true
            return
        }
        let distance = self.baseline &- self.origin
        // Rounded down: the first bin begins at or before the baseline.
        let bins = distance / Self.binWidth &- (distance % Self.binWidth < 0 ? 1 : 0)
        guard bins != 0 else { return }
        let limit = Int64(Self.binCount)
        self.shift(by: Int(min(max(bins, -limit), limit)))
        self.origin &+= bins &* Self.binWidth
        // The path has become faster: what came before was one standstill.
        for index in self.tails.indices where self.tails[index].beyond <= -bins {
            self.tails[index].rate = Self.learning
            self.tails[index].recurrence = Self.recurrenceLearning
            self.tails[index].length = Self.standstillLength
            self.tails[index].quiet = 1
        }
    }

    /// What was at bin `count` is at the first one.
    private mutating func shift(by count: Int) {
        Self.shift(&self.weights, by: count)
        Self.shift(&self.ownWeights, by: count)
        self.highestBin = min(max(0, self.highestBin - count), Self.binCount - 1)
    }

    private static func shift(_ weights: inout [Double], by count: Int) {
        for step in 0..<Self.binCount {
            let bin = count > 0 ? step : Self.binCount - 1 - step
            let weight = weights[bin]
            weights[bin] = 0
            weights[min(max(0, bin - count), Self.binCount - 1)] += weight
        }
    }

    /// A tail that has not been seen for much longer than it used to stay away is over: the path has changed. And a
    /// standstill that happened once says nothing of another.
    private mutating func watchTails(bin: Int, isCopy: Bool) {
        for index in self.tails.indices {
            var tail = self.tails[index]
            let isBeyond = bin >= tail.beyond
            let wasStandstill = tail.length >= Self.standstillLength
            let begins = isBeyond && tail.quiet > (wasStandstill ? Self.standstillPause : 0)
            tail.rate += ((begins ? 1 : 0) - tail.rate) * Self.learning
            tail.recurrence += ((begins ? 1 : 0) - tail.recurrence) * Self.recurrenceLearning
            if begins { tail.length = 0 }
            if isBeyond, !isCopy { tail.length += 1 }
            tail.quiet = isBeyond ? 0 : tail.quiet + 1
            let isSingular = tail.recurrence < Self.singularRate && tail.length >= Self.standstillLength
            if tail.rate > 0,
                Double(tail.quiet) * tail.rate > Self.evidence || isSingular && tail.quiet > Self.singularMemory
            {
                tail.rate = 0
                tail.recurrence = 0
                self.forget(beyond: tail.beyond)
            }
            self.tails[index] = tail
        }
    }

    private mutating func forget(beyond bin: Int) {
        for index in bin..<Self.binCount {
            self.totalWeight -= self.weights[index]
            self.weights[index] = 0
            self.totalOwnWeight -= self.ownWeights[index]
            self.ownWeights[index] = 0
        }
        self.highestBin = min(self.highestBin, max(0, bin - 1))
    }

    /// Of every packet copies come later, and are lost as often as it.
    struct Copies: Sendable {
        /// Share of the packets that are lost.
        let loss: Double
        /// What a packet lasts, in bins, and how many packets later copies come.
        let packetBins: Int
        let distances: CopyDistances

        init(loss: Double, packetDuration: Int64, distances: CopyDistances) {
            self.loss = loss
            self.packetBins = Int((packetDuration + DelayTracker.binWidth - 1) / DelayTracker.binWidth)
            self.distances = distances
        }
    }

    /// How long to wait, and what that is worth.
    struct Choice: Sendable {
        /// The best delay, in nanoseconds.
        let delay: Int64
        /// What it costs less than the present one, in milliseconds of waiting.
        let saving: Double
    }

    /// Learns the shares that ``choose(gapCost:present:copies:doubt:)`` goes by, after arrivals.
    mutating func prepare() {
        var beyond = 0.0
        let scale = 1 / max(self.totalOwnWeight, 1)
        for bin in stride(from: max(self.highestBin, self.preparedBin), through: 0, by: -1) {
            self.ownShareBeyond[bin] = beyond * scale
            beyond += self.ownWeights[bin]
        }
        self.preparedBin = self.highestBin
    }

    /// Finds the relative delay to wait for that costs least, when all of the sound missing costs as much as `gapCost`
    /// milliseconds of waiting.
    ///
    /// What is missing is what was seen, or what must be expected of packets that are lost and late each for itself.
    /// - Parameters:
    ///   - present: What is waited now, in nanoseconds.
    ///   - doubt: How many late arrivals say nothing.
    func choose(gapCost: Double, present: Int64, copies: Copies, doubt: Double) -> Choice {
        let begun = min(max(0, self.baseline &- self.origin), Self.binWidth)
        let presentBin = min(max(Int((present + begun) / Self.binWidth) - 1, 0), Self.binCount - 1)
        var presentCost = 0.0
        var best = (bin: 0, cost: Double.infinity)
        var weightBeyond = 0.0
        // What no copy brings is missing however long one waits.
        var never = copies.loss
        for _ in 0..<copies.distances.count { never *= copies.loss }
        let chance = doubt * self.nextWeight
        let scale = 1 / max(self.totalWeight, 1e-9)
        // Beyond, nothing more comes, and waiting only costs more.
        let farthest = min(self.highestBin + copies.distances.longest * copies.packetBins, Self.binCount - 1)
        for bin in stride(from: max(farthest, presentBin), through: 0, by: -1) {
            let expected = self.shareOutstanding(after: bin, copies: copies) - never
            let missing = max(expected, (weightBeyond - chance) * scale)
            let cost = Self.cost(ofWaiting: Double(Int64(bin + 1) * Self.binWidth) / 1e6) + gapCost * missing
            if cost <= best.cost { best = (bin, cost) }
            if bin == presentBin { presentCost = cost }
            weightBeyond += self.weights[bin]
        }
        return Choice(delay: Int64(best.bin + 1) * Self.binWidth - begun, saving: presentCost - best.cost)
    }

    /// Share of the packets of which neither they nor a copy have come until the end of `bin`, each being lost and late
    /// by itself.
    private func shareOutstanding(after bin: Int, copies: Copies) -> Double {
        var share = copies.loss + (1 - copies.loss) * self.ownShareBeyond[bin]
        copies.distances.forEach { distance in
            let own = bin - distance * copies.packetBins
            if own >= 0 { share *= copies.loss + (1 - copies.loss) * self.ownShareBeyond[own] }
        }
        return share
    }

    private static func cost(ofWaiting milliseconds: Double) -> Double {
        milliseconds + max(0, milliseconds - Self.longWait) * Self.longWaitFactor
            + max(0, milliseconds - Self.middleWait) * Self.middleWaitFactor
    }

    private mutating func updateBaseline(transit: Int64, arrival: Instant) {
        let interval = arrival.nanoseconds / Self.intervalLength
        if let current = self.currentInterval {
            if interval > current {
                let passed = min(interval &- current, Int64(Self.intervalCount))
                for step in 0..<passed {
                    self.minima[Self.index(of: interval &- step)] = .max
                }
                self.currentInterval = interval
            }
        } else {
            self.currentInterval = interval
        }
        let index = Self.index(of: self.currentInterval ?? interval)
        self.minima[index] = min(self.minima[index], transit)
        self.baseline = self.minima.min() ?? transit
    }

    private static func index(of interval: Int64) -> Int {
        Int(interval.magnitude % UInt64(Self.intervalCount))
    }

    private mutating func rescale() {
        let scale = 1 / self.nextWeight
        for index in self.weights.indices {
            self.weights[index] *= scale
            self.ownWeights[index] *= scale
        }
        self.totalWeight *= scale
        self.totalOwnWeight *= scale
        self.nextWeight = 1
    }

    /// Before anything is known: some arrivals with little delay, soon outweighed.
    private mutating func assumeOrdinaryPath() {
        self.weights[2] = 10
        self.highestBin = max(self.highestBin, 2)
        self.totalWeight = 10
    }

    /// 2 ms, fine against a packet's 20 ms.
    fileprivate static let binWidth: Int64 = 2_000_000
    /// 512 ms; what is later counts as that.
    private static let binCount = 256
    /// Per packet: half of the memory goes every 7 s at 50 packets per second.
    private static let forgetting = 0.998
    private static let learning = 1 - forgetting
    /// 40 s, for standstills are rare.
    private static let recurrenceLearning = 0.0005
    /// One run in memory, and not another one within 1400 packets of it; forgotten 3 s after.
    private static let singularRate = 1.5 * recurrenceLearning
    private static let singularMemory = 150
    /// Packets late in a row: fewer cost little and are forgotten as everything is.
    private static let standstillLength = 3
    /// What goes on within half a second is the same one.
    private static let standstillPause = 25
    /// 10, 30, 50, 70, 100, 150, 200 and 300 ms.
    private static let tailBounds = [5, 15, 25, 35, 50, 75, 100, 150]
    /// Nats: what came by chance at a steady rate would stay away for so long once in e^10.
    static let evidence = 10.0
    /// From about 92 ms mouth to ear on, delay counts more, so that two copies are waited for from some 4 % of loss
    /// and three only from some 16 %: both far from the shares that are usual.
    private static let middleWait = 45.0
    private static let middleWaitFactor = 2.5
    /// From about 177 ms mouth to ear on, delay is felt 5.5 times as much (ITU-T G.107, Id: 0.024 per ms, then 0.134).
    private static let longWait = 130.0
    private static let longWaitFactor = 4.5 - middleWaitFactor
    /// The baseline spans 8 intervals of 500 ms: long against jitter, short against clock drift.
    private static let intervalLength: Int64 = 500_000_000
    private static let intervalCount = 8
}
