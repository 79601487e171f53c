internal import Wire

/// Entries that all come due after the same delay, hence in the order they went in.
struct DelayLine<Element: Sendable>: Sendable {
    private let delay: Duration
    private var entries: [(due: Instant, element: Element)] = []
    private var head = 0

    init(delay: Duration) {
        self.delay = delay
    }

    var nextDue: Instant? {
        self.head < self.entries.count ? self.entries[self.head].due : nil
    }

    mutating func append(_ element: Element, now: Instant) {
        self.entries.append((now + self.delay, element))
    }

    /// The oldest entry, once its delay has passed.
    mutating func popDue(now: Instant) -> Element? {
        guard let due = self.nextDue, due <= now else { return nil }
        let element = self.entries[self.head].element
        self.head += 1
        if self.head > 64, self.head * 2 > self.entries.count {
            self.entries.removeFirst(self.head)
            self.head = 0
        }
        return element
    }
}

/// A group of addresses that limits count as one: an IPv4 address or an IPv6 /64, as a keyed hash.
///
/// The shell makes the hash with a key that lives in memory and changes daily, so no address reaches the cores.
package struct Source: Hashable, Sendable {
    package let tag: UInt64
    /// How many times the usual limits it gets: 1, or more where a whole hospital shares one address.
    package let allowance: Int

    package init(tag: UInt64, allowance: Int = 1) {
        self.tag = tag
        self.allowance = max(1, allowance)
    }
}

/// Counts joins and wrong tokens by source.
struct JoinLimiter: Sendable {
    enum Verdict { case allowed, refused }

    private struct Entry {
        var joins: TokenBucket
        var failures: TokenBucket
        var blockedUntil: Instant
    }

    private var entries: [UInt64: Entry] = [:]

    /// Whether a source may try a token at all.
    func mayTry(_ source: Source, now: Instant) -> Bool {
        guard let entry = self.entries[source.tag] else { return true }
        return entry.blockedUntil <= now
    }

    /// A fresh join whose token held: 10 a minute.
    mutating func takeJoin(_ source: Source, now: Instant) -> Bool {
        self.withEntry(of: source, now: now) { $0.joins.take(now: now) }
    }

    /// A token that did not hold, for a room that exists: after 5 in a minute the source waits one minute.
    mutating func noteFailure(_ source: Source, now: Instant) {
        self.withEntry(of: source, now: now) { entry in
            if !entry.failures.take(now: now) {
                entry.blockedUntil = now + Self.blockDuration
            }
        }
    }

    mutating func forgetIdle(now: Instant) {
        self.entries = self.entries.filter { _, entry in
            !(entry.joins.isFull(now: now) && entry.failures.isFull(now: now) && entry.blockedUntil <= now)
        }
    }

    private mutating func withEntry<Result>(
        of source: Source, now: Instant, _ body: (inout Entry) -> Result
    ) -> Result {
        var entry =
            self.entries[source.tag]
            ?? Entry(
                joins: TokenBucket(
                    interval: Self.joinInterval / source.allowance, burst: Self.joinBurst * source.allowance, now: now),
                failures: TokenBucket(
                    interval: Self.failureInterval / source.allowance, burst: Self.failureBurst * source.allowance,
                    now: now),
                blockedUntil: now)
        let result = body(&entry)
        if self.entries[source.tag] != nil || self.entries.count < Self.maximumCount {
            self.entries[source.tag] = entry
        }
        return result
    }

    private static let joinInterval: Duration = .seconds(6)
    private static let joinBurst = 10
    private static let failureInterval: Duration = .seconds(12)
    private static let failureBurst = 5
    private static let blockDuration: Duration = .seconds(60)
    /// Past this many sources at once, new ones go unlimited rather than unserved.
    private static let maximumCount = 65_536
}

/// Counts open connections, in all and by source, before anything is read from them.
package struct ConnectionCensus: Sendable {
    package enum Verdict: Equatable, Sendable {
        case admitted
        /// Only the places kept for doctors are left: anything but an authentication is turned away.
        case doctorsOnly
        case refused
    }

    private let total: Int
    private let reserved: Int
    private var count = 0
    private var countBySource: [UInt64: Int] = [:]

    /// - Parameters:
    ///   - total: Connections at once.
    ///   - reserved: Of these, how many only doctors may use.
    package init(total: Int, reserved: Int) {
        self.total = total
        self.reserved = reserved
    }

    /// Counts a new connection unless it is refused; every other verdict wants one ``leave(_:)`` later.
    /// - Parameter limit: Connections of one source at once, before its allowance.
    package mutating func enter(_ source: Source, limit: Int) -> Verdict {
        let ofSource = self.countBySource[source.tag, default: 0]
        guard self.count < self.total, ofSource < limit * source.allowance else { return .refused }
        self.count += 1
        self.countBySource[source.tag] = ofSource + 1
        return self.count > self.total - self.reserved ? .doctorsOnly : .admitted
    }

    package mutating func leave(_ source: Source) {
        guard let ofSource = self.countBySource[source.tag] else { return }
        self.count -= 1
        self.countBySource[source.tag] = ofSource > 1 ? ofSource - 1 : nil
    }

    package var isEmpty: Bool { self.count == 0 }
}
