internal import Audio
internal import Wire

/// What is to be played, waiting for the device, and how much more is wanted.
///
/// The device's clock drives: each frame it takes makes room, and room for a block is one wanted block, so that
/// the ring and the device together hold between ``depth`` less a block and ``depth``. Without a device the monotonic
/// clock wants a block each 20 ms and what comes is thrown away: the jitter buffer upstream never stands still.
struct PlaybackTimeline: Sendable {
    private var ring = SampleRing(capacity: Self.longestQueue)
    /// Samples in the device when it last told.
    private(set) var deviceSamples = 0
    /// Since when the monotonic clock drives; `nil` while the device does.
    private(set) var drivingSince: Instant?
    /// The last sign of the device, or the last block wanted by the clock.
    private var reached: Instant
    /// Blocks wanted by the clock and not yet played.
    private var owed = 0
    /// How much may be under way to the loudspeaker, in samples; grows when a device runs dry.
    private(set) var depth = Self.initialDepth
    /// When the device last ran dry, for the growth of ``depth``.
    private var ranDry: Instant?
    private(set) var dryCount = 0

    init(now: Instant) {
        self.reached = now
        self.drivingSince = now
    }

    /// How much of ``depth`` may wait in the device itself.
    var deviceDepth: Int { self.depth - SoundFrame.samples }
    var isDriving: Bool { self.drivingSince != nil }
    var queuedSamples: Int { self.ring.count }

    /// Blocks of 960 samples wanted now.
    var wantedBlocks: Int {
        guard !self.isDriving else { return self.owed }
        return max(0, (self.depth - self.ring.count - self.deviceSamples) / AudioFormat.blockSamples)
    }

    /// Takes one block of 960 samples.
    mutating func play(_ block: [Int16]) {
        guard !self.isDriving else {
            self.owed = max(0, self.owed - 1)
            return
        }
        self.ring.append(block, count: AudioFormat.blockSamples)
    }

    /// A device works and takes over from the clock.
    mutating func begin(deviceSamples samples: Int, now: Instant) {
        self.drivingSince = nil
        self.owed = 0
        self.ring.removeAll()
        self.reached = now
        self.deviceSamples = samples
    }

    /// The device tells that `samples` wait in it. Only fewer than before is a sign of life.
    mutating func report(deviceSamples samples: Int, now: Instant) {
        if samples < self.deviceSamples {
            if self.isDriving { self.begin(deviceSamples: samples, now: now) }
            self.reached = now
        }
        self.deviceSamples = samples
    }

    /// Moves one frame of 480 samples to the device.
    mutating func take(into frame: inout [Int16]) -> Bool {
        guard !self.isDriving, self.ring.take(SoundFrame.samples, into: &frame) else { return false }
        self.deviceSamples += SoundFrame.samples
        return true
    }

    /// `samples` of silence went to the device because nothing was there in time.
    mutating func pad(_ samples: Int) {
        self.deviceSamples += samples
    }

    /// The device ran dry although it was served in time: it needs more in store.
    mutating func runDry(now: Instant) {
        self.dryCount += 1
        // One hiccup runs dry several times.
        if let last = self.ranDry, now - last < Self.hiccup { return }
        if let last = self.ranDry, now - last < Self.dryWindow {
            self.depth = min(self.depth + SoundFrame.samples, Self.largestDepth)
        }
        self.ranDry = now
    }

    /// The device is known to be gone: the clock drives at once.
    mutating func lose(now: Instant) {
        guard !self.isDriving else { return }
        self.drivingSince = now
        self.owed = 0
        self.ring.removeAll()
    }

    /// Another device starts with the first depth.
    mutating func forgetDepth() {
        self.depth = Self.initialDepth
        self.ranDry = nil
    }

    /// Passes time; to be called each 20 ms or so.
    mutating func advance(now: Instant) {
        if let last = self.ranDry, self.depth > Self.initialDepth, now - last >= Self.calm {
            self.depth -= SoundFrame.samples
            self.ranDry = now - Self.dryWindow
        }
        if !self.isDriving {
            guard now - self.reached >= Self.patience else { return }
            self.lose(now: now)
        }
        let most = AudioFormat.blockDuration * Self.mostOwed
        if now - self.reached > most { self.reached = now - most }
        while now - self.reached >= AudioFormat.blockDuration {
            self.reached += AudioFormat.blockDuration
            self.owed = min(self.owed + 1, Self.mostOwed)
        }
    }

    /// Ours: 40 ms from the call to the device's own queue.
    static let initialDepth = 4 * SoundFrame.samples
    /// Ours: a device that needs more than 200 ms is broken, not slow.
    static let largestDepth = 20 * SoundFrame.samples
    /// Ours: twice dry within this time is no accident.
    static let dryWindow: Duration = .seconds(10)
    /// Ours: running dry within this time of another counts once.
    static let hiccup: Duration = .milliseconds(500)
    /// Ours: after so long without running dry, a frame less in store is tried.
    static let calm: Duration = .seconds(40)
    /// Ours: a device that takes nothing for so long has stopped.
    static let patience: Duration = .milliseconds(100)
    /// Ours: 200 ms, what is made up for after a stall.
    static let mostOwed = 10
    private static let longestQueue = Self.largestDepth + 2 * AudioFormat.blockSamples
}
