internal import Wire

/// Counts of lateness in steps of 0.1 ms up to 25.6 ms.
package struct LatenessHistogram: Sendable {
    private var bins: InlineArray<256, UInt32> = .init(repeating: 0)
    package private(set) var count = 0
    /// By a whole beat and more.
    package private(set) var missed = 0
    package private(set) var worst: Duration = .zero

    package init() {}

    package mutating func add(_ lateness: Duration) {
        let bin = min(255, max(0, Int(lateness.wholeNanoseconds / 100_000)))
        self.bins[bin] &+= 1
        self.count += 1
        if lateness >= .milliseconds(20) { self.missed += 1 }
        self.worst = max(self.worst, lateness)
    }

    package mutating func add(_ other: LatenessHistogram) {
        for bin in other.bins.indices { self.bins[bin] &+= other.bins[bin] }
        self.count += other.count
        self.missed += other.missed
        self.worst = max(self.worst, other.worst)
    }

    /// The upper edge of the bin in which this share of the beats has been counted; the worst for all of them.
    package func quantile(_ share: Double) -> Duration {
        let wanted = Int((Double(self.count) * share).rounded(.up))
        var seen = 0
        for bin in self.bins.indices.dropLast() {
            seen += Int(self.bins[bin])
            if seen >= wanted { return min(self.worst, .microseconds(100 * (bin + 1))) }
        }
        return self.worst
    }

    /// How many were late by less than each of these milliseconds, and no less than the one before.
    package func counts(below edges: [Double]) -> [Int] {
        var former = 0
        return edges.map { edge in
            let bin = min(256, Int((edge * 10).rounded()))
            defer { former = bin }
            return (former..<max(former, bin)).reduce(0) { $0 + Int(self.bins[$1]) }
        }
    }
}
