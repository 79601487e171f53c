internal import STUN
internal import Wire

/// The peer's consent to be sent to, and whether the path still lives (RFC 7675 §5).
///
/// Checks are single requests with fresh identifiers. Once one is overdue they follow each other
/// at ``probeInterval`` until an answer comes, so that a dead path is noticed in seconds, and a
/// short hole in the network is over as soon as it closes.
struct Consent: Sendable {
    enum TimeoutAction: Equatable, Sendable {
        /// Send one check and tell ``checkSent(_:now:)``.
        case check
        /// The path has been silent for too long to be relied on; said once.
        case suspect
        /// Nothing may be sent any more.
        case expired
        case none
    }

    private var lastResponse: Instant
    private var nextCheck: Instant
    /// The first check since the last answer.
    private var unansweredSince: Instant?
    private(set) var isSuspect = false
    /// In the order they were sent; within the lifetime of consent some sixty fit.
    private var outstanding: [(id: TransactionID, sentAt: Instant)] = []
    /// How long checks may stay unanswered until the next answer.
    private var patience: Duration
    private let configuration: ICEConfiguration

    /// - Parameter lastResponse: When a check of the path was last answered.
    init(lastResponse: Instant, configuration: ICEConfiguration, random: inout RandomSource) {
        self.lastResponse = lastResponse
        self.configuration = configuration
        self.patience = configuration.disconnectedAfter
        self.nextCheck = lastResponse
        self.outstanding.reserveCapacity(8)
        self.schedule(after: lastResponse, random: &random)
    }

    var deadline: Instant {
        var deadline = min(self.nextCheck, self.lastResponse + self.configuration.consentLifetime)
        if let unansweredSince, !self.isSuspect {
            deadline = min(deadline, unansweredSince + self.patience)
        }
        return deadline
    }

    func timeoutFired(now: Instant) -> TimeoutAction {
        if now >= self.lastResponse + self.configuration.consentLifetime { return .expired }
        if let unansweredSince, !self.isSuspect, now >= unansweredSince + self.patience {
            return .suspect
        }
        return now >= self.nextCheck ? .check : .none
    }

    mutating func becameSuspect() {
        self.isSuspect = true
    }

    mutating func checkSent(_ id: TransactionID, now: Instant) {
        let lifetime = self.configuration.consentLifetime
        self.outstanding.removeAll { now - $0.sentAt >= lifetime }
        self.outstanding.append((id, now))
        self.unansweredSince = self.unansweredSince ?? now
        self.nextCheck = now + (self.isSuspect ? Self.suspectProbeInterval : Self.probeInterval)
    }

    /// Brings the next check forward to `now`: whoever sends media has a doubt about the path.
    /// - Parameter patience: How long checks may stay unanswered this time; `nil` for as long as ever.
    mutating func checkSoon(patience: Duration?, now: Instant) {
        self.nextCheck = min(self.nextCheck, now)
        if let patience { self.patience = min(self.patience, patience) }
    }

    func isAwaiting(_ id: TransactionID) -> Bool {
        self.outstanding.contains { $0.id == id }
    }

    /// An authenticated answer came; every earlier check is settled by it.
    /// - Returns: Since the check was sent, if it is known.
    mutating func responseReceived(_ id: TransactionID?, now: Instant, random: inout RandomSource) -> Duration? {
        let sentAt = self.outstanding.first { $0.id == id }?.sentAt
        self.lastResponse = now
        self.unansweredSince = nil
        self.isSuspect = false
        self.patience = self.configuration.disconnectedAfter
        self.outstanding.removeAll(keepingCapacity: true)
        self.schedule(after: now, random: &random)
        return sentAt.map { now - $0 }
    }

    private mutating func schedule(after now: Instant, random: inout RandomSource) {
        self.nextCheck = now + self.configuration.consentInterval * (0.8 + 0.4 * random.unitInterval())
    }

    /// An answer is overdue after this long, as for any first STUN request.
    private static let probeInterval: Duration = .milliseconds(500)
    private static let suspectProbeInterval: Duration = .seconds(1)
}
