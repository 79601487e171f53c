internal import CAudioProcessing

/// Echo, noise and gain of the captured voice, in frames of 10 ms.
///
/// Owns one `colloque_processor *`. Lives on the capture thread.
struct SpeechProcessor: ~Copyable {
    /// What is done; the high-pass at some 100 Hz always is.
    struct Parts: OptionSet, Sendable {
        let rawValue: Int32

        static let echo = Parts(rawValue: Int32(colloque_cancel_echo))
        static let noise = Parts(rawValue: Int32(colloque_suppress_noise))
        static let gain = Parts(rawValue: Int32(colloque_control_gain))
        static let all: Parts = [.echo, .noise, .gain]
    }

    private let processor: OpaquePointer  // colloque_processor *

    /// - Returns: `nil` when the library refuses, which it does for want of memory only.
    init?(_ parts: Parts = .all) {
        guard let processor = colloque_processor_create(parts.rawValue) else { return nil }
        self.processor = processor
    }

    deinit { colloque_processor_free(self.processor) }

    /// Tells what goes to the loudspeaker: 480 samples, each of them once and in order.
    func hear(_ frame: [Int16]) {
        precondition(frame.count >= SoundFrame.samples)
        _ = colloque_processor_hear(self.processor, frame)
    }

    /// Cleans 480 captured samples in place.
    /// - Parameter delay: milliseconds from ``hear(_:)`` of a sound to the arrival of its echo here.
    func clean(_ frame: inout [Int16], delay: Int) {
        precondition(frame.count >= SoundFrame.samples)
        _ = colloque_processor_process(self.processor, &frame, Int32(clamping: delay))
    }
}
