internal import STUN
internal import Wire

/// Everything between one exchange of credentials and the next (RFC 8445 §9).
struct ICEGeneration: Sendable {
    /// A check of the peer that came before its credentials did.
    struct EarlyCheck: Sendable {
        let path: Path
        let priority: UInt32
        let nominates: Bool
        let remoteUsernameFragment: String
    }

    let local: ICECredentials
    var remote: ICECredentials?

    /// Told to the peer.
    var localCandidates: [Candidate] = []
    /// Those that may be checked, signalled or discovered.
    var remoteCandidates: [Candidate] = []
    /// Signalled before the credentials they belong to.
    var heldCandidates: [Candidate] = []
    var isRemoteGatheringFinished = false
    var earlyChecks: [EarlyCheck] = []

    var checklist = Checklist()
    var checks: [CheckTransaction] = []
    /// Paths on which an authenticated check went through, in either direction.
    var validated: Set<Path> = []
    /// The path of the peer's first check.
    var inquiry: Path?
    /// The path of the peer's first check that nominates.
    var nomination: Path?

    /// When checks could begin: patience counts from here.
    var startedAt: Instant?
    var firstValidAt: Instant?
    /// The valid pair that the controlling side settled on, and when it last said so.
    var nominated: PairID?
    var nominatedAt: Instant?
    /// The pair whose nominating check is queued or on its way; controlling side only.
    var nominating: PairID?
    /// The pair in use, nominated or not yet.
    var selected: PairID?
    var consent: Consent?

    init(local: ICECredentials) {
        self.local = local
    }

    var selectedPair: CandidatePair? {
        self.selected.flatMap { self.checklist[$0] }
    }

    /// Bounded: a peer that checks from everywhere only loses its own paths.
    mutating func validate(_ path: Path) {
        if self.validated.count < Self.maximumValidated { self.validated.insert(path) }
    }

    mutating func noteEarly(_ check: EarlyCheck) {
        self.earlyChecks.removeAll { $0.path == check.path && !$0.nominates }
        if self.earlyChecks.count < Self.maximumEarlyChecks { self.earlyChecks.append(check) }
    }

    /// Ends the part of a generation that a restart has overtaken: it answers and keeps its consent.
    mutating func retire() {
        self.checks = []
        self.earlyChecks = []
        self.heldCandidates = []
        self.nominating = nil
    }

    mutating func consentTimeout(
        now: Instant, role: ICERole, tieBreaker: UInt64, random: inout RandomSource,
        memory: inout DatagramRing
    ) -> (action: Consent.TimeoutAction, transmit: ICEAgent.Transmit?) {
        guard let action = self.consent?.timeoutFired(now: now), let pair = self.selectedPair,
            let remote = self.remote
        else { return (.none, nil) }
        var transmit: ICEAgent.Transmit?
        switch action {
        case .check:
            let id = TransactionID(random: &random)
            let request = CheckRequest(
                local: self.local, remote: remote, role: role, tieBreaker: tieBreaker, priority: pair.checkPriority,
                isNominating: false)
            // Where it stands: a copy would not share its memory.
            self.consent?.checkSent(id, now: now)
            let bytes = request.encode(id, reusing: memory.take())
            memory.keep(bytes)
            transmit = ICEAgent.Transmit(path: pair.path, bytes: bytes)
        case .suspect: self.consent?.becameSuspect()
        case .expired, .none: break
        }
        return (action, transmit)
    }

    private static let maximumValidated = 256
    private static let maximumEarlyChecks = 32
    static let maximumRemoteCandidates = 64
}
