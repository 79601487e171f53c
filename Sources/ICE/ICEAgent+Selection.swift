internal import STUN
internal import Wire

/// Which pair is used, and whether any is (RFC 8445 §8, RFC 7675 §5, RFC 8863).
///
/// - Before nomination media takes the best valid pair; after it, the nominated one.
/// - Controlling, we nominate once: at once when a valid pair is direct and unmapped or nothing better
///   can come; otherwise after ``ICEConfiguration/nominationDelay``, relayed pairs after the longer
///   ``ICEConfiguration/relayedNominationDelay``. Waiting costs nothing, because media already flows.
///   A relayed nomination is replaced when a direct pair turns up, and a silent one by a live one.
/// - Controlled, the peer's word counts whenever it comes. Of several words within
///   ``renominationGap`` the best pair wins (some browsers nominate each pair that answers); later
///   the last one does.
extension ICEAgent {
    /// Picks the pair in use and tells when it changed.
    mutating func refreshSelection(now: Instant) {
        let best = self.bestValidPair
        if best?.id != self.current.selected {
            self.current.selected = best?.id
            self.current.consent = best.map {
                Consent(
                    lastResponse: $0.lastResponseAt ?? now, configuration: self.configuration, random: &self.random)
            }
        }
        if best != nil, self.previous?.selected != nil {
            self.previous?.selected = nil
            self.previous?.consent = nil
            self.previousExpiry = now + self.configuration.previousGenerationLifetime
        }
        self.destination = (self.current.selectedPair ?? self.previous?.selectedPair)?.path

        let announced = best.map(self.describe)
        if let announced, announced != self.announcedPair { self.emit(.selectedPair(announced)) }
        if announced != nil || self.destination == nil { self.announcedPair = announced }
    }

    private var bestValidPair: CandidatePair? {
        let valid = self.current.checklist.pairs.lazy.filter { $0.state == .succeeded }
        let nominated = self.current.nominated
        return valid.first { !$0.isSuspect && $0.id == nominated } ?? valid.first { !$0.isSuspect }
            ?? valid.first { $0.id == nominated } ?? valid.first
    }

    private func describe(_ pair: CandidatePair) -> SelectedPair {
        SelectedPair(
            local: self.localCandidate(of: pair), remote: pair.remote, path: pair.path,
            isNominated: pair.id == self.current.nominated, isRelayed: pair.isRelayed)
    }

    /// The base, the reflexive candidate that was told, or a peer-reflexive one (RFC 8445 §7.2.5.3.1).
    private func localCandidate(of pair: CandidatePair) -> Candidate {
        guard let mapped = pair.mappedAddress, mapped != pair.local.transportAddress else { return pair.local }
        if let told = self.current.localCandidates.first(where: { $0.transportAddress == mapped }) { return told }
        return Candidate(
            foundation: "prflx", component: 1, transport: "udp", priority: pair.checkPriority, address: .ip(mapped),
            type: .peerReflexive, relatedAddress: pair.local.transportAddress)
    }

    /// Controlling: queues the nominating check when its time has come.
    /// - Returns: When to look again.
    mutating func nominate(now: Instant) -> Instant? {
        guard self.role == .controlling, self.current.nominating == nil, let best = self.bestValidPair,
            !best.isSuspect, let firstValidAt = self.current.firstValidAt
        else { return nil }
        if let settled = self.current.nominated.flatMap({ self.current.checklist[$0] }) {
            guard settled.isSuspect || (settled.isRelayed && self.directPair != nil) else { return nil }
        }
        let candidate = best.isRelayed ? self.directPair ?? best : best
        let isPlain = !candidate.isRelayed && candidate.mappedAddress == candidate.local.transportAddress
        let mayImprove =
            self.current.checklist.pairs.contains { $0.isPending && $0.priority > candidate.priority }
            || (candidate.isRelayed && (!self.current.isRemoteGatheringFinished || self.awaitsRelays))
        if !isPlain, mayImprove, self.current.nominated == nil {
            let delay =
                candidate.isRelayed ? self.configuration.relayedNominationDelay : self.configuration.nominationDelay
            guard now >= firstValidAt + delay else { return firstValidAt + delay }
        }
        self.current.nominating = candidate.id
        self.current.checklist.enqueueTriggered(candidate.id)
        return nil
    }

    private var directPair: CandidatePair? {
        self.current.checklist.pairs.first { $0.state == .succeeded && !$0.isRelayed && !$0.isSuspect }
    }

    /// Controlled: USE-CANDIDATE came on this pair (RFC 8445 §7.3.1.5).
    mutating func peerNominated(_ id: PairID, now: Instant) {
        guard let pair = self.current.checklist[id] else { return }
        guard pair.state == .succeeded else {
            return self.current.checklist.update(id) { $0.isNominatedByPeer = true }
        }
        self.current.checklist.update(id) { $0.isNominatedByPeer = false }
        if let settled = self.current.nominated.flatMap({ self.current.checklist[$0] }), settled.id != id,
            !settled.isSuspect, settled.priority > pair.priority, let settledAt = self.current.nominatedAt,
            now - settledAt < Self.renominationGap
        {
            return
        }
        self.settle(on: id, now: now)
    }

    /// RFC 8445 §8.1.2: nothing worse is checked any more. Better pairs go on: their checks are what
    /// opens our own NAT for a peer that settled for a relay too early.
    mutating func settle(on id: PairID, now: Instant) {
        self.current.nominated = id
        self.current.nominatedAt = now
        guard let settled = self.current.checklist[id] else { return }
        self.current.checklist.remove { pair in
            pair.priority < settled.priority && (pair.state == .frozen || pair.state == .waiting)
                && !pair.isNominatedByPeer && pair.lastTriggeredAt == nil
        }
    }

    mutating func serveConsent(now: Instant) {
        while true {
            let (action, transmit) = self.current.consentTimeout(
                now: now, role: self.role, tieBreaker: self.tieBreaker, random: &self.random,
                memory: &self.memory)
            if let transmit { self.transmit(transmit) }
            guard let selected = self.current.selected, action != .none else { break }
            switch action {
            case .suspect: self.becameSuspect(selected)
            case .expired:
                self.pairFailed(selected)
                self.current.selected = nil
                self.current.consent = nil
            case .check, .none: break
            }
        }
        while true {
            let due = self.previous?.consentTimeout(
                now: now, role: self.role, tieBreaker: self.tieBreaker, random: &self.random, memory: &self.memory)
            if let transmit = due?.transmit { self.transmit(transmit) }
            guard let action = due?.action, action != .none else { break }
            if action == .expired {
                self.previous?.selected = nil
                self.previous?.consent = nil
            }
        }
    }

    /// The pair in use is silent: the other valid ones are checked again, and the first to answer takes over.
    private mutating func becameSuspect(_ id: PairID) {
        self.current.checklist.update(id) { $0.isSuspect = true }
        for pair in self.current.checklist.pairs where pair.state == .succeeded && pair.id != id {
            self.current.checklist.update(pair.id) { $0.state = .waiting }
            self.current.checklist.enqueueTriggered(pair.id)
        }
    }

    func stateNow(now: Instant) -> State {
        if self.destination != nil {
            let consent = self.current.selected != nil ? self.current.consent : self.previous?.consent
            return consent?.isSuspect == true ? .disconnected : .connected
        }
        guard let startedAt = self.current.startedAt else {
            return self.previous?.firstValidAt == nil ? .new : .failed
        }
        if self.current.checklist.pairs.contains(where: \.isPending) { return .checking }
        // Patience is for the beginning: who has had a path and lost it waits for the peer or a restart.
        let isOver = now >= startedAt + self.configuration.patience || self.current.firstValidAt != nil
        return isOver ? .failed : .checking
    }

    /// When a fruitless beginning becomes a failure.
    func patienceEnd(now: Instant) -> Instant? {
        guard self.destination == nil, let startedAt = self.current.startedAt else { return nil }
        let end = startedAt + self.configuration.patience
        return end > now ? end : nil
    }

    /// Nominations closer together than this are one decision in the making.
    private static let renominationGap: Duration = .seconds(1)
}
