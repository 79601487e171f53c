/// Makes sound a little longer or shorter by whole periods, without changing its pitch
/// (waveform similarity overlap-add).
enum TimeScaling {
    /// A place where the sound resembles itself.
    struct Match: Equatable {
        /// Distance of the two places in samples.
        let lag: Int
        /// Normalised correlation of the two, -1 ... 1; 1 where it is quiet, for there all is alike.
        let likeness: Float
    }

    /// 2.5 ms: a voice at 400 Hz.
    static let shortestLag = 120
    /// 15 ms: a voice at 67 Hz.
    static let longestLag = 720

    /// Finds the lag, up to `longest`, at which the start of `sound` repeats itself best.
    /// - Parameters:
    ///   - quietLag: The lag to take where `sound` is quiet, for there every one is as good.
    ///   - quietPower: Mean square up to which it is.
    /// - Returns: `nil` when `sound` is too short to compare.
    static func bestMatch(
        in sound: UnsafeBufferPointer<Int16>, longest: Int, quietLag: Int, quietPower: Float
    ) -> Match? {
        let longest = min(longest, Self.longestLag, sound.count - Self.shortestWindow)
        guard longest >= Self.shortestLag else { return nil }
        let window = min(Self.longestWindow, sound.count - longest)
        let power = Self.power(UnsafeBufferPointer(rebasing: sound[..<(window + longest)]))
        if power < max(Self.quietPower, quietPower) {
            return Match(lag: min(max(quietLag, Self.shortestLag), longest), likeness: 1)
        }

        // Every sixth sample finds the neighbourhood, every second one the place.
        var best = Self.likeness(sound, lag: Self.shortestLag, window: window, stride: Self.coarseStride)
        var bestLag = Self.shortestLag
        for lag in Swift.stride(from: Self.shortestLag, through: longest, by: Self.coarseStride / 2) {
            let value = Self.likeness(sound, lag: lag, window: window, stride: Self.coarseStride)
            if value > best { (best, bestLag) = (value, lag) }
        }
        let neighbourhood = max(Self.shortestLag, bestLag - 3)...min(longest, bestLag + 3)
        best = -2
        for lag in neighbourhood {
            let value = Self.likeness(sound, lag: lag, window: window, stride: 2)
            if value > best { (best, bestLag) = (value, lag) }
        }
        return Match(lag: bestLag, likeness: best)
    }

    /// Mean square of every second sample.
    static func power(_ sound: UnsafeBufferPointer<Int16>) -> Float {
        var sum: Float = 0
        var index = 0
        while index < sound.count {
            let sample = Float(sound[index])
            sum += sample * sample
            index += 2
        }
        return sum / Float(max((sound.count + 1) / 2, 1))
    }

    private static func likeness(
        _ sound: UnsafeBufferPointer<Int16>, lag: Int, window: Int, stride: Int
    ) -> Float {
        var product: Float = 0
        var first: Float = 0
        var second: Float = 0
        var index = 0
        while index < window {
            let one = Float(sound[index])
            let other = Float(sound[index + lag])
            product += one * other
            first += one * one
            second += other * other
            index += stride
        }
        return product / max((first * second).squareRoot(), 1)
    }

    /// Mean square below which sound is near silence: -54 dB of full scale.
    private static let quietPower: Float = 65 * 65
    private static let coarseStride = 6
    private static let shortestWindow = 240
    private static let longestWindow = 480
}
