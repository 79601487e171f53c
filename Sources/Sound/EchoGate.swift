/// Closes the microphone on what is nothing but echo.
///
/// What is left of an echo is quiet, yet of all sounds the one its speaker notices. The near end is taken for silent
/// while the far end sounds and 14 dB of what was captured had to be taken out; or, in a longer stretch of nothing but
/// echo, while the suppressor takes out 19 dB: it knows the high tones of a voice, which the filter is slow to learn.
/// The gate opens at the first frame in which that is over.
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
    ///   - isAlone: whether the far end has been alone for a while: then the suppressor is believed at once.
    mutating func pass(
        _ frame: inout [Int16], captured: Double, cleaned: Double, suppressed: Double, farSounds: Bool, isAlone: Bool
    ) {
        self.captured += Self.smoothing * (captured + Self.floor - self.captured)
        self.cleaned += Self.smoothing * (cleaned + Self.floor - self.cleaned)
        self.suppressed += Self.smoothing * (suppressed + Self.floor - self.suppressed)
        let isSilent = self.cleaned < self.captured * Self.threshold
        let isEcho = isAlone && self.suppressed < self.captured * Self.echoOnly
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
    /// Ours: -14 dB.
    private static let threshold = 0.04
    /// Ours: -19 dB.
    private static let echoOnly = 0.0126
    /// Ours: -30 dB.
    private static let closed: Float = 0.032
}
