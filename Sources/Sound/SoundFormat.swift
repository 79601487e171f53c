internal import Audio
internal import Wire

/// What a device moves at once: 10 ms, the frame of the echo canceller, half a block.
enum SoundFrame {
    /// Samples in one frame.
    static let samples = AudioFormat.blockSamples / 2
    static let duration: Duration = .milliseconds(10)

    /// What `samples` last at 48 kHz.
    static func duration(samples: Int) -> Duration {
        .nanoseconds(Int64(samples) * 62_500 / 3)
    }

    /// Whole samples in `duration`.
    static func samples(in duration: Duration) -> Int {
        Int(duration.wholeNanoseconds / 1_000 * 48 / 1_000)
    }
}
