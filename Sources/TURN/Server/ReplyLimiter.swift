internal import Wire

/// How many answers go to sources that proved nothing: a forged source receives little, and one flood does not use
/// up the relay.
struct ReplyLimiter {
    private var bySource: [IPAddress: TokenBucket] = [:]
    private var overall: TokenBucket
    private var nextPruning: Instant
    private let perSource: Int

    /// - Parameters:
    ///   - perSource: Answers a second to one IPv4 address or IPv6 /64.
    ///   - overall: Answers a second to all of them together.
    init(perSource: Int, overall: Int, now: Instant) {
        self.perSource = perSource
        self.overall = TokenBucket(rate: overall, burst: overall, now: now)
        self.nextPruning = now + Self.pruningInterval
    }

    mutating func mayAnswer(_ flow: RelayFlow, allowance: Int, now: Instant) -> Bool {
        if self.nextPruning <= now {
            self.nextPruning = now + Self.pruningInterval
            self.bySource = self.bySource.filter { !$0.value.isFull(now: now) }
        }
        let rate = self.perSource * allowance
        let isKnown = self.bySource[flow.source] != nil
        var bucket = self.bySource[flow.source] ?? TokenBucket(rate: rate, burst: rate, now: now)
        guard bucket.take(now: now), self.overall.take(now: now) else { return false }
        if isKnown || self.bySource.count < Self.maximumSources { self.bySource[flow.source] = bucket }
        return true
    }

    private static let maximumSources = 65_536
    private static let pruningInterval: Duration = .seconds(10)
}
