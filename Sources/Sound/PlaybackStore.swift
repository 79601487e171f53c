internal import Audio
internal import Wire

/// What a loudspeaker's device holds, and how much it should: the playback thread's half of the account.
struct PlaybackStore: Sendable {
    /// Samples in the device when it last told.
    private(set) var deviceSamples = 0
    /// When the device last took some of what it was given.
    private(set) var lastSign: Instant
    /// How much may be under way to the loudspeaker, in samples; grows when a device runs dry.
    private(set) var depth = Self.initialDepth
    /// When the device last ran dry, for the growth of ``depth``.
    private var ranDry: Instant?
    private(set) var dryCount = 0

    init(deviceSamples: Int = 0, now: Instant) {
        self.deviceSamples = deviceSamples
        self.lastSign = now
    }

    /// How much of ``depth`` may wait in the device itself.
    var deviceDepth: Int { self.depth - SoundFrame.samples }

    /// Blocks of 960 samples for which there is room.
    static func wantedBlocks(depth: Int, queued: Int, deviceSamples: Int) -> Int {
        max(0, (depth - queued - deviceSamples) / AudioFormat.blockSamples)
    }

    /// The device tells that `samples` wait in it. Only fewer than before is a sign of life.
    /// - Returns: Whether it gave one.
    @discardableResult
    mutating func report(deviceSamples samples: Int, now: Instant) -> Bool {
        defer { self.deviceSamples = samples }
        guard samples < self.deviceSamples else { return false }
        self.lastSign = now
        return true
    }

    /// `samples` go to the device.
    mutating func give(_ samples: Int) {
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

    /// Passes time; to be called each 20 ms or so.
    mutating func advance(now: Instant) {
        guard let last = self.ranDry, self.depth > Self.initialDepth, now - last >= Self.calm else { return }
        self.depth -= SoundFrame.samples
        self.ranDry = now - Self.dryWindow
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
}
