internal import Glibc

/// Peak and mean power of what passed since it was last read.
struct SoundMeter: Sendable {
    private var peak = 0
    private var power: Double = 0
    private var count = 0

    mutating func add(_ samples: Span<Int16>) {
        for index in 0..<samples.count {
            let value = Int(samples[index])
            self.peak = max(self.peak, abs(value))
            self.power += Double(value * value)
        }
        self.count += samples.count
    }

    /// The level since the last reading; `nil` if nothing passed.
    mutating func read() -> SoundLevel? {
        guard self.count > 0 else { return nil }
        defer { self = SoundMeter() }
        return SoundLevel(
            peak: Self.decibels(Double(self.peak) / 32_768),
            rms: Self.decibels((self.power / Double(self.count)).squareRoot() / 32_768))
    }

    private static func decibels(_ ratio: Double) -> Double {
        ratio > 0 ? max(20 * log10(ratio), SoundLevel.floor) : SoundLevel.floor
    }
}
