internal import Wire

/// Learns from arrivals how long playout has to wait.
///
/// A packet's transit is its arrival minus its RTP timestamp, on two clocks with an unknown offset.
/// The smallest transit of the last seconds is the path without queueing; what a packet took beyond
/// that is its *relative delay*, whose high quantile, with forgetting, is what playout waits.
struct DelayTracker: Sendable {
    /// Smallest transit lately, in nanoseconds of the offset clocks.
    private(set) var baseline: Int64 = 0
    /// Interarrival jitter in nanoseconds (RFC 3550 §6.4.1).
    private(set) var jitter: Double = 0

    private var minima: [Int64]
    private var currentInterval: Int64?
    private var weights: [Double]
    private var totalWeight: Double = 0
    private var nextWeight: Double = 1
    private var previousTransit: Int64?

    init() {
        self.minima = [Int64](repeating: .max, count: Self.intervalCount)
        self.weights = [Double](repeating: 0, count: Self.binCount)
        self.assumeOrdinaryPath()
    }

    /// Forgets the path and keeps the jitter figure: another source, or a leap of the timestamps.
    mutating func restart() {
        for index in self.minima.indices { self.minima[index] = .max }
        for index in self.weights.indices { self.weights[index] = 0 }
        self.currentInterval = nil
        self.previousTransit = nil
        self.baseline = 0
        self.totalWeight = 0
        self.nextWeight = 1
        self.assumeOrdinaryPath()
    }

    /// Takes one arrival, late ones too.
    mutating func observe(transit: Int64, arrival: Instant) {
        if let previous = self.previousTransit {
            let difference = Double((transit &- previous).magnitude)
            self.jitter += (difference - self.jitter) / 16
        }
        self.previousTransit = transit
        self.updateBaseline(transit: transit, arrival: arrival)

        let relative = max(0, transit &- self.baseline)
        let bin = min(Int(relative / Self.binWidth), Self.binCount - 1)
        self.weights[bin] += self.nextWeight
        self.totalWeight += self.nextWeight
        // Old weights shrink relative to new ones; rescaled before they leave the range of Double.
        self.nextWeight /= Self.forgetting
        if self.nextWeight > 1e12 { self.rescale() }
    }

    /// The relative delay, in nanoseconds, that `fraction` of the arrivals kept.
    func quantile(_ fraction: Double) -> Int64 {
        let beyond = self.totalWeight * (1 - fraction)
        var sum = 0.0
        for bin in stride(from: Self.binCount - 1, through: 0, by: -1) {
            sum += self.weights[bin]
            if sum > beyond { return Int64(bin + 1) * Self.binWidth }
        }
        return Self.binWidth
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
        for index in self.weights.indices { self.weights[index] *= scale }
        self.totalWeight *= scale
        self.nextWeight = 1
    }

    /// Before anything is known: some arrivals with little delay, soon outweighed.
    private mutating func assumeOrdinaryPath() {
        self.weights[2] = 10
        self.totalWeight = 10
    }

    /// 2 ms, fine against a packet's 20 ms.
    private static let binWidth: Int64 = 2_000_000
    /// 512 ms; what is later counts as that.
    private static let binCount = 256
    /// Per packet: half of the memory goes every 7 s at 50 packets per second.
    private static let forgetting = 0.998
    /// The baseline spans 8 intervals of 500 ms: long against jitter, short against clock drift.
    private static let intervalLength: Int64 = 500_000_000
    private static let intervalCount = 8
}
