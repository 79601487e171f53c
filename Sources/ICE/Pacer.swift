internal import Wire

/// Spaces new transactions: a short burst, then one per Ta (RFC 8445 §14).
struct Pacer: Sendable {
    private let interval: Duration
    private let burstInterval: Duration
    private let burst: Int
    private var tokens: Int
    private var lastSent: Instant?

    init(_ configuration: ICEConfiguration) {
        self.interval = configuration.pacing
        self.burstInterval = configuration.burstPacing
        self.burst = configuration.burst
        self.tokens = configuration.burst
    }

    /// When the next transaction may start. A triggered check follows a packet of the peer, which
    /// already spaces it, so within the burst it waits for nothing.
    func nextStart(isTriggered: Bool, now: Instant) -> Instant {
        guard let lastSent else { return now }
        guard self.available(now: now) > 0 else { return lastSent + self.interval }
        return isTriggered ? now : lastSent + self.burstInterval
    }

    mutating func spend(now: Instant) {
        self.tokens = max(0, self.available(now: now) - 1)
        self.lastSent = now
    }

    /// A restart is a new call as far as the network is concerned.
    mutating func reset() {
        self.tokens = self.burst
        self.lastSent = nil
    }

    private func available(now: Instant) -> Int {
        guard let lastSent, self.interval > .zero else { return self.burst }
        let regained = (now - lastSent).wholeNanoseconds / self.interval.wholeNanoseconds
        return min(self.burst, self.tokens + Int(clamping: max(0, regained)))
    }
}
