internal import Wire

/// Names a pair for the life of its checklist.
struct PairID: Hashable, Sendable {
    let rawValue: Int
}

/// One local base against one remote candidate (RFC 8445 §6.1.2).
struct CandidatePair: Sendable {
    enum State: Sendable {
        case frozen, waiting, inProgress, succeeded, failed
    }

    let id: PairID
    let path: Path
    /// The base: a host or relayed candidate.
    let local: Candidate
    /// PRIORITY of checks from here (RFC 8445 §7.1.1).
    let checkPriority: UInt32
    var remote: Candidate
    var priority: UInt64 = 0
    var state: State

    /// What the peer sees us as, from the last answered check; its base is ``local``.
    var mappedAddress: TransportAddress?
    /// Of the last check answered without retransmission.
    var roundTripTime: Duration?
    var lastResponseAt: Instant?
    /// The peer sent USE-CANDIDATE before this pair was valid (RFC 8445 §7.3.1.5).
    var isNominatedByPeer = false
    /// Unanswered for a while: other valid pairs come first.
    var isSuspect = false
    /// The last time a check of the peer asked for one of ours.
    var lastTriggeredAt: Instant?

    var isRelayed: Bool { self.local.type == .relayed || self.remote.type == .relayed }

    /// Neither valid nor failed: its check may still make it valid.
    var isPending: Bool {
        switch self.state {
        case .frozen, .waiting, .inProgress: true
        case .succeeded, .failed: false
        }
    }

    func hasSameFoundation(as other: CandidatePair) -> Bool {
        self.local.foundation == other.local.foundation && self.remote.foundation == other.remote.foundation
    }

    /// RFC 8445 §6.1.2.3: 2³² × MIN(G, D) + 2 × MAX(G, D) + (G > D ? 1 : 0).
    static func priority(controlling: UInt32, controlled: UInt32) -> UInt64 {
        let limit: UInt32 = .max >> 1
        let (ours, theirs) = (UInt64(min(controlling, limit)), UInt64(min(controlled, limit)))
        return min(ours, theirs) << 32 + max(ours, theirs) * 2 + (ours > theirs ? 1 : 0)
    }
}
