internal import Audio
internal import Wire

/// What was captured, waiting for the call, on a time line without holes.
///
/// While the device delivers, its own clock paces the blocks. When it does not, silence stands in at the pace of the
/// monotonic clock, from the moment of the last sound on: as many samples go out as time has passed, so the far end's
/// jitter buffer sees no change of delay. What a stalled device delivers late, silence has already replaced, and is
/// dropped. When nobody takes blocks, the oldest are dropped.
struct CaptureTimeline: Sendable {
    private var ring = SampleRing(capacity: Self.longestQueue)
    /// Up to where the time line has been told, in sound or in silence.
    private var reached: Instant
    /// Since when silence stands in; `nil` while the device delivers.
    private(set) var fillingSince: Instant?
    /// Samples that came when silence had already been told in their place.
    private(set) var lateSamples = 0
    /// Samples that were pushed out because nobody took them.
    private(set) var droppedSamples = 0

    init(now: Instant) {
        self.reached = now
        self.fillingSince = now
    }

    var isFilling: Bool { self.fillingSince != nil }
    var queuedSamples: Int { self.ring.count }
    var hasBlock: Bool { self.ring.count >= AudioFormat.blockSamples }

    /// Frames from the device until there is a block, or until silence no longer stands in.
    var framesToBlock: Int {
        guard !self.isFilling else { return 1 }
        return max(1, (AudioFormat.blockSamples - self.ring.count) / SoundFrame.samples)
    }

    /// Takes one frame from the device.
    mutating func deliver(_ frame: [Int16], now: Instant) {
        self.fillingSince = nil
        let next = self.reached + SoundFrame.duration
        guard next - now <= Self.tolerance else {
            self.lateSamples += SoundFrame.samples
            return
        }
        // The device's own pace counts: the line follows the clock only slowly.
        self.reached = next + (now - next) / Self.slowness
        self.droppedSamples += self.ring.append(frame, count: SoundFrame.samples)
    }

    /// The device is known to be gone: silence at once.
    mutating func lose(now: Instant) {
        self.fillingSince = self.fillingSince ?? now
    }

    /// Passes time; to be called each 20 ms or so.
    mutating func advance(now: Instant) {
        let silent = now - self.reached
        if !self.isFilling {
            guard silent >= Self.patience else { return }
            self.fillingSince = now
        }
        // After a stall of the whole process only what fits is made up for.
        if silent > SoundFrame.duration(samples: Self.longestQueue) {
            self.reached = now - SoundFrame.duration(samples: Self.longestQueue)
        }
        while now - self.reached >= SoundFrame.duration {
            self.droppedSamples += self.ring.append(zeros: SoundFrame.samples)
            self.reached += SoundFrame.duration
        }
    }

    /// Moves one block of 960 samples.
    mutating func take(into block: inout [Int16]) -> Bool {
        self.ring.take(AudioFormat.blockSamples, into: &block)
    }

    /// Ours: 200 ms. A call that has not taken a block for so long wants the newest.
    static let longestQueue = 10 * AudioFormat.blockSamples
    /// Ours: a device that is silent for so long is not merely late.
    static let patience: Duration = .milliseconds(100)
    /// Ours: a frame that would take the line further ahead of the clock is old; devices deliver in pieces up to this.
    static let tolerance: Duration = .milliseconds(40)
    /// Ours, in frames: about a second. At 300 ppm the line is then 0.3 ms off the clock.
    private static let slowness = 100
}
