/// Gives back what it heard, a fixed time later and a little softer.
///
/// Softer, so that a loudspeaker next to a microphone at the other end does not build up a howl.
package struct EchoLine: Sendable {
    private let delaySamples: Int
    private var line: [Int16]
    private var writePosition = 0
    private var readPosition = 0

    /// - Parameter delay: 0 ... 2 s.
    package init(delay: Duration = .milliseconds(240)) {
        let milliseconds = min(max(delay / .milliseconds(1), 0), 2_000)
        self.delaySamples = Int(milliseconds * Double(AudioFormat.sampleRate) / 1000)
        // Room for a listener and a speaker that are not quite in step.
        self.line = [Int16](repeating: 0, count: self.delaySamples + Self.leeway)
    }

    package mutating func hear(_ block: Span<Int16>) {
        if self.readPosition == self.writePosition {
            for _ in 0..<self.delaySamples { self.write(0) }
        }
        for index in 0..<block.count {
            self.write(Int16(Int(block[index]) * 7 / 10))
        }
        // Heard and never asked back: the oldest goes.
        self.readPosition = max(self.readPosition, self.writePosition - self.line.count)
    }

    /// Fills `block`; with silence where nothing was heard.
    package mutating func read(into block: inout MutableSpan<Int16>) {
        for index in 0..<block.count {
            guard self.readPosition < self.writePosition else {
                block[index] = 0
                continue
            }
            block[index] = self.line[self.readPosition % self.line.count]
            self.readPosition += 1
        }
    }

    private mutating func write(_ sample: Int16) {
        self.line[self.writePosition % self.line.count] = sample
        self.writePosition += 1
    }

    private static let leeway = 5 * AudioFormat.blockSamples
}
