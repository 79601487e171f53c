internal import CAudioProcessing

/// Echo, noise and gain of the captured voice, in frames of 10 ms. What comes out is 10 ms late.
///
/// Owns one `colloque_processor *`. Lives on the capture thread.
package struct SpeechProcessor: ~Copyable {
    private let processor: OpaquePointer  // colloque_processor *
    private var judge = EchoJudge()
    private var gate = EchoGate()
    private var linear = [Int16](repeating: 0, count: SoundFrame.samples)
    private var suppressed = [Int16](repeating: 0, count: SoundFrame.samples)
    /// The suppressor's last frame: it is a frame ahead of the filter.
    private var waiting = [Int16](repeating: 0, count: SoundFrame.samples)
    private var capturedPower = 0.0
    /// Share of the suppressor in what is heard.
    private var mix: Float = 0
    /// Frames until the last far sound has died away in the room.
    private var farFrames = 0

    /// - Returns: `nil` when a library refuses, which it does for want of memory only.
    package init?() {
        guard let processor = colloque_processor_create() else { return nil }
        self.processor = processor
    }

    deinit { colloque_processor_free(self.processor) }

    /// Whether the suppressor speaks, since the adaptive filter is seen to fail.
    package var isSuppressing: Bool { self.judge.prefersSuppression }

    /// Cleans 480 captured samples in place.
    /// - Parameter played: 480 samples, which may be heard in `frame` and the following 200 ms; each of them once
    ///   and in order.
    package mutating func clean(_ frame: inout [Int16], played: [Int16]) {
        precondition(frame.count == SoundFrame.samples && played.count == SoundFrame.samples)
        let captured = self.capturedPower
        self.capturedPower = Self.power(frame)
        swap(&self.suppressed, &self.waiting)
        colloque_processor_cancel(self.processor, frame, played, &self.linear, &self.waiting)
        self.farFrames = Self.power(played) > Self.audible ? Self.reverberation : max(0, self.farFrames - 1)
        let farSounds = self.farFrames > 0
        let suppressed = Self.power(self.suppressed)
        if farSounds {
            self.judge.hear(captured: captured, linear: Self.power(self.linear), suppressed: suppressed)
        }
        self.blend(into: &frame)
        let alone = self.judge.prefersSuppression ? Self.aloneWhenSuppressing : Self.alone
        self.gate.pass(
            &frame, captured: captured, cleaned: Self.power(frame), suppressed: suppressed,
            farSounds: farSounds, isAlone: self.judge.echoWindows >= alone)
        colloque_processor_level(self.processor, &frame)
    }

    /// Fades from one canceller to the other within a frame.
    private mutating func blend(into frame: inout [Int16]) {
        let target: Float = self.judge.prefersSuppression ? 1 : 0
        let step = (target - self.mix) / Float(SoundFrame.samples)
        var mix = self.mix
        for index in 0..<SoundFrame.samples {
            mix += step
            let value = Float(self.linear[index]) * (1 - mix) + Float(self.suppressed[index]) * mix
            frame[index] = Int16(min(max(value.rounded(), -32_768), 32_767))
        }
        self.mix = target
    }

    /// Mean, with full scale 1.
    private static func power(_ frame: [Int16]) -> Double {
        var sum = 0.0
        // By index: a sequence of numbers allocates for each of them where nothing is optimised.
        for index in 0..<SoundFrame.samples { sum += Double(frame[index]) * Double(frame[index]) }
        return sum / Double(SoundFrame.samples) / 1_073_741_824
    }

    /// Ours: -60 dB.
    private static let audible = 1e-6
    /// Ours, in windows of 100 ms: so long a stretch of nothing but echo has no near voice in it.
    private static let alone = 8
    /// Ours, in windows: the near voice is cut into anyway.
    private static let aloneWhenSuppressing = 4
    /// Ours: 250 ms.
    private static let reverberation = 25
}
