/// Decoded sound that waits to be played: a line of samples with fixed room.
struct PlayoutQueue: Sendable {
    private var samples: [Int16]
    private var start = Self.headroom
    private(set) var count = 0

    init() {
        self.samples = [Int16](repeating: 0, count: Self.capacity)
    }

    /// Adds the first `count` of `sound` at the end.
    /// - Returns: Samples added, less than `count` only if the queue is full.
    @discardableResult
    mutating func append(_ sound: [Int16], count: Int) -> Int {
        if self.start + self.count + count > self.samples.count { self.compact() }
        let taken = min(count, sound.count, self.samples.count - self.start - self.count)
        let end = self.start + self.count
        for index in 0..<taken {
            self.samples[end + index] = sound[index]
        }
        self.count += taken
        return taken
    }

    /// Moves the oldest samples into `block`; what is missing becomes silence.
    mutating func take(into block: inout MutableSpan<Int16>) {
        let taken = min(block.count, self.count)
        for index in 0..<taken {
            block[index] = self.samples[self.start + index]
        }
        for index in taken..<block.count {
            block[index] = 0
        }
        self.start += taken
        self.count -= taken
        if self.count == 0 { self.start = Self.headroom }
    }

    /// Removes up to `longest` samples where nobody hears it.
    /// - Parameter likeness: The least resemblance of the two places that are joined.
    /// - Returns: Samples removed, 0 if no place is alike enough.
    mutating func shorten(upTo longest: Int, likeness: Float) -> Int {
        guard let match = self.match(longest: longest), match.likeness >= likeness else { return 0 }
        let lag = match.lag
        let fade = min(lag, self.count - lag)
        for index in 0..<fade {
            let before = self.start + index
            self.samples[before + lag] = Self.mixed(
                self.samples[before], self.samples[before + lag], share: index, of: fade)
        }
        self.start += lag
        self.count -= lag
        return lag
    }

    /// Repeats up to `longest` samples where nobody hears it.
    /// - Returns: Samples inserted, 0 if no place is alike enough.
    mutating func lengthen(upTo longest: Int, likeness: Float) -> Int {
        guard let match = self.match(longest: longest), match.likeness >= likeness else { return 0 }
        let lag = match.lag
        if self.start < lag { self.compact() }
        guard self.start >= lag else { return 0 }
        let old = self.start
        self.start -= lag
        for index in 0..<lag {
            self.samples[self.start + index] = self.samples[old + index]
        }
        let fade = min(lag, self.count - lag)
        for index in 0..<fade {
            self.samples[old + index] = Self.mixed(
                self.samples[old + lag + index], self.samples[old + index], share: index, of: fade)
        }
        self.count += lag
        return lag
    }

    private func match(longest: Int) -> TimeScaling.Match? {
        self.samples.withUnsafeBufferPointer { samples in
            TimeScaling.bestMatch(
                in: UnsafeBufferPointer(rebasing: samples[self.start..<self.start + self.count]), longest: longest)
        }
    }

    private mutating func compact() {
        guard self.start != Self.headroom else { return }
        if self.start > Self.headroom {
            for index in 0..<self.count {
                self.samples[Self.headroom + index] = self.samples[self.start + index]
            }
        } else {
            for index in stride(from: self.count - 1, through: 0, by: -1) {
                self.samples[Self.headroom + index] = self.samples[self.start + index]
            }
        }
        self.start = Self.headroom
    }

    /// `one` fading into `other`: at `share` of `whole`, a straight line.
    private static func mixed(_ one: Int16, _ other: Int16, share: Int, of whole: Int) -> Int16 {
        Int16(truncatingIfNeeded: (Int(one) * (whole - share) + Int(other) * share) / whole)
    }

    /// Room before the oldest sample for one insertion.
    private static let headroom = TimeScaling.longestLag
    /// Two packets of the longest kind, and some blocks.
    private static let capacity = headroom * 2 + 2 * AudioFormat.maximumPacketSamples + 2 * AudioFormat.blockSamples
}
