internal import Wire

/// How many handshakes a room may leave unfinished: five, and one more every two minutes.
///
/// Each message 2 tells its reader a short authentication string before it has committed to anything more, so each
/// unfinished handshake is one guess for somebody in the middle. Without this cap the words would be worth nothing.
struct HandshakeAllowance: Sendable {
    private var tokens = Self.capacity
    private var refilledAt: Instant

    init(now: Instant) {
        self.refilledAt = now
    }

    /// Takes a token when message 2 goes out.
    /// - Returns: `false` when none is left.
    mutating func take(now: Instant) -> Bool {
        self.refill(now: now)
        guard self.tokens > 0 else { return false }
        if self.tokens == Self.capacity { self.refilledAt = now }
        self.tokens -= 1
        return true
    }

    /// Gives a token back when its handshake was confirmed.
    mutating func giveBack() {
        self.tokens = min(Self.capacity, self.tokens + 1)
    }

    private mutating func refill(now: Instant) {
        let earned = (now - self.refilledAt).wholeNanoseconds / Self.refillInterval.wholeNanoseconds
        guard earned > 0 else { return }
        self.tokens = Int(min(Int64(Self.capacity), Int64(self.tokens) + earned))
        self.refilledAt += Self.refillInterval * Int(min(earned, 1_000_000))
    }

    private static let capacity = 5
    private static let refillInterval: Duration = .seconds(120)
}
