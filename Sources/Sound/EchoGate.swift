/// Closes the microphone on what is nothing but echo.
///
/// What is left of an echo is quiet, yet of all sounds the one its speaker notices. While the far end sounds and at
/// least 10 dB of what was captured had to be taken out, or 8 dB of what the suppressor takes for nothing but echo, the
/// near end is silent, and what is left is turned down. It opens at the first frame in which more is left.
struct EchoGate: Sendable {
    private var gain: Float = 1
    private var captured = Self.floor
    private var cleaned = Self.floor
    private var suppressed = Self.floor

    /// Turns `frame` down or leaves it.
    /// - Parameters:
    ///   - captured: mean power of what was captured, `cleaned` of `frame`, `suppressed` of what the suppressor would
    ///     leave, all of the same moment; full scale is 1.
    ///   - farSounds: whether an echo is to be expected.
    mutating func pass(_ frame: inout [Int16], captured: Double, cleaned: Double, suppressed: Double, farSounds: Bool) {
        self.captured += Self.smoothing * (captured + Self.floor - self.captured)
        self.cleaned += Self.smoothing * (cleaned + Self.floor - self.cleaned)
        self.suppressed += Self.smoothing * (suppressed + Self.floor - self.suppressed)
        let isSilent = self.cleaned < self.captured * Self.threshold
        let isEcho = self.suppressed < self.captured * Self.echoOnly && self.cleaned < self.captured * Self.reduced
        let closes = farSounds && (isSilent || isEcho)
        let next = closes ? max(Self.closed, self.gain / 2) : 1
        guard self.gain < 1 || next < 1 else { return }
        let step = (next - self.gain) / Float(SoundFrame.samples)
        var gain = self.gain
        for index in 0..<SoundFrame.samples {
            gain += step
            frame[index] = Int16((Float(frame[index]) * gain).rounded())
        }
        self.gain = next
    }

    private static let floor = 1e-10
    /// Ours: about 25 ms.
    private static let smoothing = 0.4
    /// Ours: -10 dB.
    private static let threshold = 0.1
    /// Ours: -19 dB.
    private static let echoOnly = 0.0126
    /// Ours: -8 dB.
    private static let reduced = 0.158
    /// Ours: -30 dB.
    private static let closed: Float = 0.032
}
