internal import Signalling
internal import Wire

/// What one connection sends, no faster than a broker takes it from anybody: a message that would be too much waits for
/// its turn, in order. A broker closes whoever sends more.
struct SendPace: Sendable {
    private var bucket = TokenBucket(rate: Self.rate, burst: Self.burst, now: .zero)
    private var waiting: [[UInt8]] = []
    private var head = 0

    /// When the first that waits may leave.
    var deadline: Instant { self.hasNone ? .distantFuture : self.bucket.nextAt }

    private var hasNone: Bool { self.head == self.waiting.count }

    /// - Returns: Whether it may leave at once; otherwise ``next(now:)`` returns it. Where thousands wait it is dropped.
    mutating func mayLeave(_ message: [UInt8], now: Instant) -> Bool {
        if self.hasNone, self.bucket.take(now: now) { return true }
        if self.waiting.count - self.head < Self.most { self.waiting.append(message) }
        return false
    }

    /// The first that waits, once it may leave.
    mutating func next(now: Instant) -> [UInt8]? {
        guard !self.hasNone, self.bucket.take(now: now) else { return nil }
        return self.removeFirst()
    }

    /// All that wait: the connection ends behind them.
    mutating func takeAll() -> [[UInt8]] {
        defer { self.clear() }
        return Array(self.waiting[self.head...])
    }

    mutating func clear() {
        self.waiting = []
        self.head = 0
    }

    private mutating func removeFirst() -> [UInt8] {
        let first = self.waiting[self.head]
        self.head += 1
        if self.hasNone { self.clear() }
        return first
    }

    /// A little below what a broker allows: its clock is another.
    private static let rate = Switchboard.messagesPerSecond * 4 / 5
    private static let burst = Switchboard.messageBurst * 3 / 4
    private static let most = 4096
}
