internal import Glibc

/// A sine, continuous from block to block.
package struct Tone: Sendable {
    private let step: Double
    private let amplitude: Double
    private var phase = 0.0

    /// - Parameters:
    ///   - hertz: 1 ... 24 000.
    ///   - amplitude: 0 ... 1 of full scale.
    package init(hertz: Double, amplitude: Double = 0.3) {
        let hertz = hertz.isFinite ? min(max(hertz, 1), Double(AudioFormat.sampleRate) / 2) : 440
        self.step = 2 * Double.pi * hertz / Double(AudioFormat.sampleRate)
        self.amplitude = min(max(amplitude, 0), 1) * Double(Int16.max)
    }

    /// Fills `block` with what follows.
    package mutating func read(into block: inout MutableSpan<Int16>) {
        for index in 0..<block.count {
            block[index] = Int16((self.amplitude * sin(self.phase)).rounded())
            self.phase += self.step
            if self.phase > 2 * Double.pi { self.phase -= 2 * Double.pi }
        }
    }
}
