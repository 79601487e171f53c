/// Decoded sound that waits to be played: a line of samples with fixed room.
struct PlayoutQueue: Sendable {
    private var samples: [Int16]
    private var start = Self.headroom
    private(set) var count = 0

    /// Mean square of the loudest block played lately.
    private var loudness: Float = 0

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
        self.samples.withUnsafeMutableBufferPointer { samples in
            sound.withUnsafeBufferPointer { sound in
                Self.copy(sound, 0..<taken, to: samples, at: end)
            }
        }
        self.count += taken
        return taken
    }

    /// Moves the oldest samples into `block`; what is missing becomes silence.
    mutating func take(into block: inout MutableSpan<Int16>) {
        let taken = min(block.count, self.count)
        block.withUnsafeMutableBufferPointer { block in
            self.samples.withUnsafeBufferPointer { samples in
                Self.copy(samples, self.start..<self.start + taken, to: block, at: 0)
            }
            for index in taken..<block.count {
                block[index] = 0
            }
        }
        let power = self.samples.withUnsafeBufferPointer {
            TimeScaling.power(UnsafeBufferPointer(rebasing: $0[self.start..<self.start + taken]))
        }
        self.loudness = max(power, self.loudness * Self.loudnessDecay)
        self.start += taken
        self.count -= taken
        if self.count == 0 { self.start = Self.headroom }
    }

    /// Removes up to `longest` samples where nobody hears it.
    /// - Parameter likeness: The least resemblance of the two places that are joined.
    /// - Returns: Samples removed, 0 if no place is alike enough.
    mutating func shorten(upTo longest: Int, likeness: Float) -> Int {
        guard let match = self.match(longest: longest, quietLag: longest), match.likeness >= likeness else { return 0 }
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

    /// Repeats a pitch period where nobody hears it, or `samples` of a pause.
    /// - Returns: Samples inserted, 0 if no place is alike enough.
    mutating func lengthen(by samples: Int, likeness: Float) -> Int {
        guard let match = self.match(longest: TimeScaling.longestLag, quietLag: samples), match.likeness >= likeness
        else { return 0 }
        let lag = match.lag
        if self.start < lag { self.compact() }
        guard self.start >= lag else { return 0 }
        let old = self.start
        self.start -= lag
        self.samples.withUnsafeMutableBufferPointer { samples in
            Self.copy(UnsafeBufferPointer(samples), old..<old + lag, to: samples, at: self.start)
        }
        let fade = min(lag, self.count - lag)
        for index in 0..<fade {
            self.samples[old + index] = Self.mixed(
                self.samples[old + lag + index], self.samples[old + index], share: index, of: fade)
        }
        self.count += lag
        return lag
    }

    private func match(longest: Int, quietLag: Int) -> TimeScaling.Match? {
        self.samples.withUnsafeBufferPointer { samples in
            TimeScaling.bestMatch(
                in: UnsafeBufferPointer(rebasing: samples[self.start..<self.start + self.count]), longest: longest,
                quietLag: quietLag, quietPower: self.loudness * Self.quietShare)
        }
    }

    private mutating func compact() {
        guard self.start != Self.headroom else { return }
        self.samples.withUnsafeMutableBufferPointer { samples in
            Self.copy(
                UnsafeBufferPointer(samples), self.start..<self.start + self.count, to: samples, at: Self.headroom)
        }
        self.start = Self.headroom
    }

    /// Copies a range, which may overlap its destination; both must exist.
    private static func copy(
        _ source: UnsafeBufferPointer<Int16>, _ range: Range<Int>, to target: UnsafeMutableBufferPointer<Int16>,
        at start: Int
    ) {
        guard !range.isEmpty else { return }
        _ = UnsafeMutableBufferPointer(rebasing: target[start..<start + range.count])
            .update(fromContentsOf: UnsafeBufferPointer(rebasing: source[range]))
    }

    /// `one` fading into `other`: at `share` of `whole`, a straight line.
    private static func mixed(_ one: Int16, _ other: Int16, share: Int, of whole: Int) -> Int16 {
        Int16(truncatingIfNeeded: (Int(one) * (whole - share) + Int(other) * share) / whole)
    }

    /// A pause is 25 dB below the loudest block, of which half is forgotten in 2.8 s.
    private static let quietShare: Float = 0.003
    private static let loudnessDecay: Float = 0.995
    /// Room before the oldest sample for one insertion.
    private static let headroom = TimeScaling.longestLag
    /// Two packets of the longest kind, and some blocks.
    private static let capacity = headroom * 2 + 2 * AudioFormat.maximumPacketSamples + 2 * AudioFormat.blockSamples
}
