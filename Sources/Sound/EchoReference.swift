internal import Wire

/// What the loudspeaker played, paired with what the microphone captured at the time.
///
/// The adaptive filter wants both at one constant offset. Frames are paired by count, which no jitter of threads or of
/// reported delays disturbs, and the reported delays are only watched: when their mean has moved by more than
/// ``tolerance``, because two clocks differ or a device changed its buffer, one frame is left out or silence put in.
struct EchoReference: Sendable {
    private var ring = SampleRing(capacity: Self.longest * SoundFrame.samples)
    /// When the frames in the ring begin to sound, the oldest at `first`, going round.
    private var times = [Instant](repeating: .zero, count: Self.longest)
    private var first = 0
    private var count = 0
    private var isPaired = false
    /// Frames that were missing in their turn and come too late.
    private var missed = 0
    /// The mean of what the pairing is off.
    private var error: Duration = .zero
    /// How often the pairing was moved by a frame.
    private(set) var slips = 0

    /// `frame` will sound from `instant` on.
    mutating func play(_ frame: [Int16], soundingAt instant: Instant) {
        if self.count == Self.longest { self.drop() }
        self.ring.append(frame, count: SoundFrame.samples)
        self.times[(self.first + self.count) % Self.longest] = instant
        self.count += 1
    }

    /// Gives what belongs to the frame whose capture began at `instant`; silence when nothing was played.
    mutating func take(capturedAt instant: Instant, into frame: inout [Int16]) {
        let wanted = instant + Self.lead
        while self.missed > 0, self.count > 0 {
            self.drop()
            self.missed -= 1
        }
        guard self.pair(wanted) else { return Self.silence(&frame) }
        let time = self.times[self.first]
        self.error = self.error + (time - wanted - self.error) / Self.smoothing
        if self.error > Self.tolerance {
            self.error -= SoundFrame.duration
            self.slips += 1
            return Self.silence(&frame)
        }
        if self.error < .zero - Self.tolerance, self.count > 1 {
            self.error += SoundFrame.duration
            self.slips += 1
            self.drop()
        }
        _ = self.ring.take(SoundFrame.samples, into: &frame)
        self.forget()
    }

    /// Playback stopped, or capture did: the next frames are paired anew.
    mutating func reset() {
        self.ring.removeAll()
        (self.first, self.count) = (0, 0)
        self.isPaired = false
        self.missed = 0
        self.error = .zero
    }

    /// - Returns: Whether the first frame in the ring is to be taken.
    private mutating func pair(_ wanted: Instant) -> Bool {
        guard self.count > 0 else {
            guard self.isPaired else { return false }
            self.missed += 1
            if self.missed > Self.mostMissed { self.reset() }
            return false
        }
        guard !self.isPaired else { return true }
        while self.count > 1, self.times[self.first] < wanted - SoundFrame.duration / 2 { self.drop() }
        guard self.times[self.first] <= wanted + SoundFrame.duration / 2 else { return false }
        self.isPaired = true
        self.error = .zero
        return true
    }

    private mutating func drop() {
        self.ring.drop(SoundFrame.samples)
        self.forget()
    }

    private mutating func forget() {
        self.first = (self.first + 1) % Self.longest
        self.count -= 1
    }

    private static func silence(_ frame: inout [Int16]) {
        for index in 0..<frame.count { frame[index] = 0 }
    }

    /// Ours: the echo comes so much after its reference, so that delays may be told wrong by as much.
    static let lead: Duration = .milliseconds(20)
    /// Ours: less than ``lead``, or the echo would come before its reference.
    static let tolerance: Duration = .milliseconds(15)
    /// Ours: frames; reported delays jump by a period, their mean over half a second does not.
    private static let smoothing = 50
    /// Ours: 100 ms without a frame is a pause, not jitter.
    private static let mostMissed = 10
    /// Ours: frames, 500 ms; what a wireless loudspeaker may hold.
    static let longest = 50
}
