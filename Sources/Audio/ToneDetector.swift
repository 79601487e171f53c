internal import Glibc

/// Tells how much of a sound is one tone (Goertzel's algorithm).
package enum ToneDetector {
    /// The share of the sound's energy at `hertz`: 1 for a pure tone, about 2/count for noise, 0 for
    /// silence. A tone is told from one that is `48 000 / count` Hz away.
    package static func share(of hertz: Double, in samples: some RandomAccessCollection<Int16>) -> Double {
        let turn = 2 * Double.pi * hertz / Double(AudioFormat.sampleRate)
        let factor = 2 * cos(turn)
        var last = 0.0
        var beforeLast = 0.0
        var energy = 0.0
        for sample in samples {
            let value = Double(sample)
            let next = value + factor * last - beforeLast
            beforeLast = last
            last = next
            energy += value * value
        }
        guard energy > 0 else { return 0 }
        let power = last * last + beforeLast * beforeLast - factor * last * beforeLast
        return min(1, 2 * power / (Double(samples.count) * energy))
    }

    /// Root mean square, 0 ... 32 768.
    package static func level(of samples: some RandomAccessCollection<Int16>) -> Double {
        guard !samples.isEmpty else { return 0 }
        let energy = samples.reduce(0.0) { $0 + Double($1) * Double($1) }
        return (energy / Double(samples.count)).squareRoot()
    }
}
