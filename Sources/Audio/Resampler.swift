internal import Glibc

/// Changes the sample rate of a whole recording: a Kaiser-windowed sinc in phases.
///
/// Stop band below -90 dB, pass band to 0.86 of the lower Nyquist frequency; the result is aligned
/// with the source (no delay).
package struct Resampler: Sendable {
    private let sourceRate: Int
    private let targetRate: Int
    /// Source samples on either side that a target sample is made of.
    private let reach: Int
    /// Source samples per zero crossing of the sinc: above 1 when the rate falls.
    private let stretch: Double
    private let table: [Float]

    /// - Precondition: both rates are positive.
    package init(from sourceRate: Int, to targetRate: Int) {
        precondition(sourceRate > 0 && targetRate > 0, "a sample rate is positive")
        self.sourceRate = sourceRate
        self.targetRate = targetRate
        self.stretch = max(1, Double(sourceRate) / Double(targetRate)) / Self.cutoff
        self.reach = Int((Double(Self.zeroCrossings) * self.stretch).rounded(.up))
        self.table = Self.halfKernel
    }

    package func resample(_ source: [Float]) -> [Float] {
        let count = Int((Double(source.count) * Double(self.targetRate) / Double(self.sourceRate)).rounded(.up))
        let scale = Float(1 / self.stretch)
        let tableStep = Double(Self.resolution) / self.stretch
        return [Float](unsafeUninitializedCapacity: count) { target, initialized in
            source.withUnsafeBufferPointer { source in
                self.table.withUnsafeBufferPointer { table in
                    for index in 0..<count {
                        // Whole and fraction apart, so that hours lose no precision.
                        let numerator = index * self.sourceRate
                        let centre = numerator / self.targetRate
                        let fraction = Double(numerator % self.targetRate) / Double(self.targetRate)
                        let first = max(centre - self.reach + 1, 0)
                        let last = min(centre + self.reach, source.count - 1)
                        var sum: Float = 0
                        var place = first
                        while place <= last {
                            let distance = abs(Double(place - centre) - fraction) * tableStep
                            let entry = Int(distance)
                            if entry < table.count - 1 {
                                let share = Float(distance - Double(entry))
                                sum += source[place] * (table[entry] + (table[entry + 1] - table[entry]) * share)
                            }
                            place += 1
                        }
                        target.initializeElement(at: index, to: sum * scale)
                    }
                }
            }
            initialized = count
        }
    }

    /// The right half of sinc times window, `resolution` entries per zero crossing.
    private static let halfKernel: [Float] = {
        let count = zeroCrossings * resolution
        return (0...count).map { index in
            let x = Double(index) / Double(resolution)
            let sinc = index == 0 ? 1 : sin(Double.pi * x) / (Double.pi * x)
            let edge = Double(index) / Double(count)
            return Float(sinc * bessel(kaiserBeta * (1 - edge * edge).squareRoot()) / bessel(kaiserBeta))
        }
    }()

    /// The modified Bessel function of the first kind and order zero, by its series.
    private static func bessel(_ x: Double) -> Double {
        var term = 1.0
        var sum = 1.0
        var order = 1.0
        while term > sum * 1e-12 {
            term *= (x / (2 * order)) * (x / (2 * order))
            sum += term
            order += 1
        }
        return sum
    }

    /// Taps reach that many zero crossings to either side.
    private static let zeroCrossings = 40
    private static let resolution = 512
    /// -90 dB beyond the transition.
    private static let kaiserBeta = 9.0
    /// Middle of the transition, of the lower Nyquist frequency: its end lies just beyond 1.
    private static let cutoff = 0.93
}
