internal import Audio
internal import Wire

/// Whose clock asks for what is to be played: the loudspeaker's or the monotonic one.
///
/// While a device gives signs of life, it drives, see ``PlaybackLine/wantedBlocks``. Without one the monotonic clock
/// wants a block each 20 ms and what comes is thrown away: the jitter buffer upstream never stands still.
struct PlaybackTimeline: Sendable {
    /// Since when the monotonic clock drives; `nil` while the device does.
    private(set) var drivingSince: Instant?
    /// The last sign of the device, or the last block wanted by the clock.
    private var reached: Instant
    private var lastSign: Instant
    /// Blocks wanted by the clock and not yet played.
    private(set) var owed = 0

    init(now: Instant) {
        self.reached = now
        self.lastSign = now
        self.drivingSince = now
    }

    var isDriving: Bool { self.drivingSince != nil }

    /// A block comes.
    /// - Returns: Whether it is for the device; if not, it was for the clock.
    mutating func play() -> Bool {
        guard self.isDriving else { return true }
        self.owed = max(0, self.owed - 1)
        return false
    }

    /// A device works and takes over from the clock.
    mutating func begin(now: Instant) {
        self.drivingSince = nil
        self.owed = 0
        self.reached = now
        self.lastSign = now
    }

    /// Whether a sign of life at `instant` is one that has not been heard of.
    func isNews(signAt instant: Instant) -> Bool { instant > self.lastSign }

    /// The device last gave a sign of life at `instant`; one that comes back to life takes over.
    mutating func hear(signAt instant: Instant) {
        guard self.isNews(signAt: instant) else { return }
        self.lastSign = instant
        if self.isDriving { self.begin(now: instant) }
        self.reached = instant
    }

    /// The device is known to be gone: the clock drives at once.
    mutating func lose(now: Instant) {
        guard !self.isDriving else { return }
        self.drivingSince = now
        self.owed = 0
    }

    /// Passes time; to be called each 20 ms or so.
    mutating func advance(now: Instant) {
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

    /// Ours: a device that takes nothing for so long has stopped.
    static let patience: Duration = .milliseconds(100)
    /// Ours: 200 ms, what is made up for after a stall.
    static let mostOwed = 10
}
