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
    /// Samples of silence that stand for sound which may still come.
    private var replaced = 0
    /// Samples that were pushed out because nobody took them.
    private(set) var droppedSamples = 0

    init(now: Instant) {
        self.reached = now
        self.fillingSince = now
    }

    var isFilling: Bool { self.fillingSince != nil }
    var queuedSamples: Int { self.ring.count }
    var hasBlock: Bool { self.ring.count >= AudioFormat.blockSamples }

    /// Takes one frame from the device.
    /// - Parameter backlog: Samples that were captured after this frame and wait in the device.
    mutating func deliver(_ frame: [Int16], backlog: Int, now: Instant) {
        self.fillingSince = nil
        self.reached = now
        if self.replaced > 0, backlog >= Self.lateBacklog {
            self.replaced = max(0, self.replaced - SoundFrame.samples)
            return
        }
        self.replaced = 0
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
            self.replaced = min(self.replaced + SoundFrame.samples, Self.longestReplaced)
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
    /// Ours: more than this behind a frame says that the frame is old.
    static let lateBacklog = 2 * SoundFrame.samples
    /// Ours: 2 s, more than any device keeps.
    static let longestReplaced = 96_000
}
