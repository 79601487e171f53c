/// How often which cost occurred, so that an average hides nothing.
package struct Histogram: Encodable, Sendable {
    package let binMicroseconds = Self.width
    /// The last bin holds all that took longer.
    package private(set) var counts = [Int](repeating: 0, count: Self.bins)

    mutating func record(_ cost: Cost) {
        self.counts[min(Int(cost.nanoseconds) / (Self.width * 1000), Self.bins - 1)] += 1
    }

    mutating func add(_ other: Histogram) {
        for (bin, count) in other.counts.enumerated() { self.counts[bin] += count }
    }

    private static let width = 10
    private static let bins = 100
}
