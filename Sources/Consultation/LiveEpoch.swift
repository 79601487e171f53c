internal import SecureChannel
internal import Wire

/// An epoch on a connection: its two ciphers and the clocks that watch them.
struct LiveEpoch: Sendable {
    var channel: EstablishedEpoch
    private let establishedAt: Instant
    private var lastSent: Instant
    private var lastReceived: Instant
    private var hasReceived = false
    private let firstFrameWithin: Duration

    /// - Parameter firstFrameWithin: how long the other end may take until its first frame.
    init(channel: EstablishedEpoch, firstFrameWithin: Duration, now: Instant) {
        self.channel = channel
        self.establishedAt = now
        self.lastSent = now
        self.lastReceived = now
        self.firstFrameWithin = firstFrameWithin
    }

    mutating func seal(_ frame: Frame, now: Instant) throws(ChannelError) -> [UInt8] {
        let sealed = try self.channel.seal(frame)
        self.lastSent = now
        return sealed
    }

    mutating func open(_ sealed: [UInt8], now: Instant) throws(ChannelError) -> Frame {
        let frame = try self.channel.open(sealed)
        self.lastReceived = now
        self.hasReceived = true
        return frame
    }

    /// When the other end has been silent for too long.
    var silenceDeadline: Instant {
        self.lastReceived + (self.hasReceived ? Timetable.silence : self.firstFrameWithin)
    }

    /// When this end has something to say, if only that it is there.
    var keepAliveAt: Instant { self.lastSent + Timetable.keepAlive }

    func sentNothing(for duration: Duration, now: Instant) -> Bool {
        now - self.lastSent >= duration
    }

    func isSettled(now: Instant) -> Bool {
        now - self.establishedAt >= Timetable.settled
    }

    var nextDeadline: Instant { min(self.silenceDeadline, self.keepAliveAt) }
}
