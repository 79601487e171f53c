internal import STUN
internal import Wire

/// What an answer means (RFC 8445 §7.2.5).
extension ICEAgent {
    mutating func handleResponse(_ response: STUNMessage, on path: Path, now: Instant) {
        switch self.gathering.handle(response, path: path) {
        case .mapped(let address, let path): return self.addReflexive(address, path: path)
        case .refused: return
        case .notOurs: break
        }
        if let check = self.current.checks.first(where: { $0.id == response.transactionID }) {
            self.handleAnswer(response, to: check, on: path, now: now)
        } else if self.current.consent?.isAwaiting(response.transactionID) == true {
            self.handleConsentAnswer(response, on: path, now: now)
        } else {
            _ = self.previous?.acceptConsent(response, on: path, now: now, &self.random)
        }
    }

    private mutating func handleAnswer(
        _ response: STUNMessage, to check: CheckTransaction, on path: Path, now: Instant
    ) {
        // 1. Without valid integrity it is as if nothing had come (RFC 8489 §9.1.4): the check goes on.
        guard let remote = self.current.remote, response.integrity(key: remote.key) == .valid else { return }
        self.current.checks.removeAll { $0.id == check.id }

        // 2. A role conflict turns us round and the check is made again (RFC 8445 §7.2.5.1).
        if response.messageClass == .error, response.errorCode == .roleConflict {
            if self.role == check.role {
                self.switchRole()
                self.tieBreaker = self.random.next()
            }
            self.current.checklist.update(check.pair) { $0.state = .waiting }
            return self.current.checklist.enqueueTriggered(check.pair)
        }

        // 3. Any other error, an answer from elsewhere, or one not understood: the pair fails (§7.2.5.2).
        guard response.messageClass == .success, path == check.path,
            response.unknownRequired(besides: Self.understoodInAnswers).isEmpty,
            let mapped = response.xorAddress(.xorMappedAddress)
        else {
            if !check.isCancelled { self.pairFailed(check.pair) }
            return
        }

        // 4. The pair is valid (§7.2.5.3).
        self.current.checks.removeAll { $0.pair == check.pair && !$0.isNominating }
        self.current.checklist.update(check.pair) {
            $0.state = .succeeded
            $0.mappedAddress = mapped
            $0.lastResponseAt = now
            $0.isSuspect = false
            if check.retransmission.requestsSent == 1 { $0.roundTripTime = now - check.sentAt }
        }
        self.current.validate(path)
        self.current.firstValidAt = self.current.firstValidAt ?? now
        guard let pair = self.current.checklist[check.pair] else { return }
        self.current.checklist.unfreeze(like: pair)
        if self.current.selected == pair.id {
            _ = self.current.consent?.responseReceived(nil, now: now, random: &self.random)
        }

        // 5. It may be the nominated one now (§§7.2.5.3.4, 7.3.1.5).
        if check.isNominating, check.role == .controlling {
            self.current.nominating = nil
            self.settle(on: pair.id, now: now)
        } else if pair.isNominatedByPeer {
            self.peerNominated(pair.id, now: now)
        }
    }

    private mutating func handleConsentAnswer(_ response: STUNMessage, on path: Path, now: Instant) {
        guard let remote = self.current.remote, response.integrity(key: remote.key) == .valid,
            path == self.current.selectedPair?.path
        else { return }
        if response.messageClass == .error {
            if response.errorCode == .roleConflict { self.switchRole() }
            return
        }
        let roundTripTime = self.current.consent?.responseReceived(
            response.transactionID, now: now, random: &self.random)
        guard let selected = self.current.selected else { return }
        self.current.checklist.update(selected) {
            $0.lastResponseAt = now
            $0.isSuspect = false
            $0.roundTripTime = roundTripTime ?? $0.roundTripTime
            $0.mappedAddress = response.xorAddress(.xorMappedAddress) ?? $0.mappedAddress
        }
    }

    mutating func pairFailed(_ id: PairID) {
        self.current.checklist.update(id) { $0.state = .failed }
        self.current.cancelChecks(of: id)
        if self.current.nominating == id { self.current.nominating = nil }
        if self.current.nominated == id { self.current.nominated = nil }
    }

    private static let understoodInAnswers: Set<STUNAttributeType> = [
        .xorMappedAddress, .mappedAddress, .messageIntegrity, .messageIntegritySHA256, .errorCode,
        .unknownAttributes, .username, .priority, .useCandidate,
    ]
}

extension ICEGeneration {
    /// Checks of a pair that are overtaken: not sent again, an answer still counts.
    mutating func cancelChecks(of pair: PairID) {
        for index in self.checks.indices where self.checks[index].pair == pair {
            self.checks[index].isCancelled = true
        }
        let surplus = self.checks.filter { $0.pair == pair }.count - Self.maximumCancelledChecks
        for _ in 0..<max(0, surplus) {
            guard let oldest = self.checks.firstIndex(where: { $0.pair == pair }) else { return }
            self.checks.remove(at: oldest)
        }
    }

    mutating func forgetPairs(on socket: SocketID) {
        self.checklist.remove { $0.path.socket == socket }
        self.checks.removeAll { $0.path.socket == socket }
        self.validated = self.validated.filter { $0.socket != socket }
        if self.inquiry?.socket == socket { self.inquiry = nil }
        if self.nomination?.socket == socket { self.nomination = nil }
        self.earlyChecks.removeAll { $0.path.socket == socket }
        if let id = self.selected, self.checklist[id] == nil {
            self.selected = nil
            self.consent = nil
        }
        if let id = self.nominated, self.checklist[id] == nil { self.nominated = nil }
        if let id = self.nominating, self.checklist[id] == nil { self.nominating = nil }
    }

    /// - Returns: Whether the answer was to a consent check of this generation.
    mutating func acceptConsent(
        _ response: STUNMessage, on path: Path, now: Instant, _ random: inout RandomSource
    ) -> Bool {
        guard self.consent?.isAwaiting(response.transactionID) == true, let remote = self.remote,
            response.messageClass == .success, response.integrity(key: remote.key) == .valid,
            path == self.selectedPair?.path
        else { return false }
        _ = self.consent?.responseReceived(response.transactionID, now: now, random: &random)
        return true
    }

    private static let maximumCancelledChecks = 6
}
