internal import Synchronization
internal import Wire

/// What one attempt to open a device shares with the owner and the watch, for as long as it lives.
///
/// Each attempt has a line of its own, so that no queue ever has two writers or two readers, also while a device is
/// tried beside the one that works.
protocol DeviceLine: AnyObject, Sendable {
    var attempt: DeviceWatch.Attempt { get }
    /// Whether the attempt is still meant to run. The desk takes it away; it never comes back.
    var isWanted: Bool { get }
    func dismiss()
    /// When the device last moved sound.
    var lastSign: Instant { get }
}

/// A moment that one thread tells and others read.
struct SharedInstant: ~Copyable {
    private let nanoseconds: Atomic<Int64>

    init(_ instant: Instant) {
        self.nanoseconds = Atomic(instant.nanoseconds)
    }

    var value: Instant { Instant(nanoseconds: self.nanoseconds.load(ordering: .acquiring)) }

    func tell(_ instant: Instant) {
        self.nanoseconds.store(instant.nanoseconds, ordering: .releasing)
    }
}

/// From one microphone to the owner.
final class CaptureLine: DeviceLine {
    let attempt: DeviceWatch.Attempt
    private let wanted = Atomic<Bool>(true)
    private let queue = FrameQueue(capacity: CaptureLine.longestQueue)
    private let sign: SharedInstant
    /// The count of frames written from which on the owner wants to hear of them.
    private let threshold = Atomic<Int>(0)

    init(_ attempt: DeviceWatch.Attempt, now: Instant) {
        self.attempt = attempt
        self.sign = SharedInstant(now)
    }

    var isWanted: Bool { self.wanted.load(ordering: .acquiring) }
    func dismiss() { self.wanted.store(false, ordering: .releasing) }
    var lastSign: Instant { self.sign.value }
    /// Samples that found no room because the owner hung.
    var lostSamples: Int { self.queue.lost * SoundFrame.samples }

    // MARK: Capture thread

    /// - Parameter delay: samples from the microphone to here, the frame itself apart.
    /// - Returns: Whether the owner waits for it.
    func deliver(_ frame: Span<Int16>, delay: Int, now: Instant) -> Bool {
        self.queue.write(frame, FrameQueue.Stamp(time: now, samples: delay))
        self.sign.tell(now)
        return self.isAwaited
    }

    // MARK: Owner

    /// - Returns: When it came, and its delay.
    func take(into frame: inout [Int16]) -> FrameQueue.Stamp? {
        self.queue.take(into: &frame)
    }

    /// Asks to be woken when so many frames more have come.
    func await(frames: Int) {
        self.threshold.store(self.queue.taken + frames, ordering: .sequentiallyConsistent)
    }

    /// Whether as many frames have come as the owner awaits.
    var isAwaited: Bool { self.queue.written >= self.threshold.load(ordering: .sequentiallyConsistent) }

    /// Ours: 1 s. An owner that hangs for longer finds silence where the newest sound would be.
    private static let longestQueue = 100
}

/// From the owner to one loudspeaker.
final class PlaybackLine: DeviceLine {
    let attempt: DeviceWatch.Attempt
    private let wanted = Atomic<Bool>(true)
    private let queue = FrameQueue(capacity: PlaybackLine.longestQueue)
    /// Wakes the playback thread when a block came, or when it is not wanted any more.
    let bell = Bell()

    // Told by the playback thread.
    private let sign: SharedInstant
    private let deviceSamples = Atomic<Int>(0)
    private let depth = Atomic<Int>(PlaybackStore.initialDepth)
    private let dries = Atomic<Int>(0)
    private let delay = Atomic<Int>(0)

    // Told by the owner.
    private let clockDrives = Atomic<Bool>(false)
    /// Frames written before this count are not to be played any more.
    private let discarded = Atomic<Int>(0)

    init(_ attempt: DeviceWatch.Attempt, now: Instant) {
        self.attempt = attempt
        self.sign = SharedInstant(now)
    }

    var isWanted: Bool { self.wanted.load(ordering: .acquiring) }
    func dismiss() {
        self.wanted.store(false, ordering: .releasing)
        self.bell.ring()
    }
    var lastSign: Instant { self.sign.value }
    var queuedSamples: Int { self.queue.count * SoundFrame.samples }
    var dryCount: Int { self.dries.load(ordering: .relaxed) }
    /// From the device's queue to the ear, in samples, as the device told last.
    var delaySamples: Int { self.delay.load(ordering: .relaxed) }
    /// Whether the owner has given the device up for now.
    var isDriving: Bool { self.clockDrives.load(ordering: .acquiring) }

    /// Blocks of 960 samples that queue and device have room for. The device's clock drives by this: each frame it
    /// takes makes room, so that both together hold between the depth less a block and the depth.
    var wantedBlocks: Int {
        // In this order: a frame on its way from the queue to the device counts twice rather than not at all.
        let queued = self.queuedSamples
        return PlaybackStore.wantedBlocks(
            depth: self.depth.load(ordering: .acquiring), queued: queued,
            deviceSamples: self.deviceSamples.load(ordering: .acquiring))
    }

    // MARK: Owner

    /// Queues 960 samples.
    func play(_ block: Span<Int16>) {
        self.queue.write(block.extracting(0..<SoundFrame.samples))
        self.queue.write(block.extracting(SoundFrame.samples..<2 * SoundFrame.samples))
        self.bell.ring()
    }

    /// The monotonic clock drives, or the device again. What waits when the clock takes over is not played.
    func drive(byClock: Bool) {
        if byClock { self.discarded.store(self.queue.written, ordering: .releasing) }
        self.clockDrives.store(byClock, ordering: .releasing)
    }

    // MARK: Playback thread

    /// Moves one frame to the device, which from then on counts it in `store`.
    func take(into frame: inout [Int16], counting store: inout PlaybackStore) -> Bool {
        self.queue.skip(to: self.discarded.load(ordering: .acquiring))
        guard !self.isDriving, self.queue.peek(into: &frame) != nil else { return false }
        store.give(SoundFrame.samples)
        self.tell(store)
        self.queue.drop()
        return true
    }

    func tell(_ store: PlaybackStore) {
        self.deviceSamples.store(store.deviceSamples, ordering: .releasing)
        self.depth.store(store.depth, ordering: .releasing)
        self.dries.store(store.dryCount, ordering: .relaxed)
        self.sign.tell(store.lastSign)
    }

    func tell(delaySamples: Int) {
        self.delay.store(delaySamples, ordering: .relaxed)
    }

    /// Room for what the largest depth wants, and two blocks.
    private static let longestQueue = PlaybackStore.largestDepth / SoundFrame.samples + 4
}
