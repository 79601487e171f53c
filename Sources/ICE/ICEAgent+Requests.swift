internal import STUN
internal import Wire

/// What a check of the peer means (RFC 8445 §7.3).
extension ICEAgent {
    mutating func handleRequest(_ request: STUNMessage, on path: Path, now: Instant) {
        // 0. What bears no FINGERPRINT is no check (RFC 8445 §7.1, RFC 8489 §7).
        guard request[.fingerprint] != nil else { return }

        // 1. Short-term credentials (RFC 8489 §9.1.3): the name starts with our fragment, the code is ours.
        guard let username = request[.username], request[.messageIntegrity] != nil else {
            return self.refuse(request, .badRequest, on: path)
        }
        let ours = username.prefix { $0 != UInt8(ascii: ":") }
        let isCurrent = ours.elementsEqual(self.current.local.usernameFragment.utf8)
        guard ours.count < username.count, let local = isCurrent ? self.current.local : self.previous?.local,
            ours.elementsEqual(local.usernameFragment.utf8), request.integrity(key: local.key) == .valid
        else {
            return self.refuse(request, .unauthenticated, on: path)
        }
        let key = local.key

        // 2. What has to be understood is (RFC 8489 §6.3.1).
        let unknown = request.unknownRequired(besides: Self.understood)
        guard unknown.isEmpty else {
            return self.refuse(request, .unknownAttribute, unknown: unknown, key: key, on: path)
        }

        // 3. Two controlling or two controlled sides: the tie-breaker decides (RFC 8445 §7.3.1.1).
        if isCurrent, self.hasRoleConflict(with: request) {
            let theirs = request.uint64(.iceControlling) ?? request.uint64(.iceControlled) ?? 0
            let due: ICERole = self.tieBreaker >= theirs ? .controlling : .controlled
            guard self.role != due else {
                return self.refuse(request, .roleConflict, key: key, on: path)
            }
            self.switchRole()
        }

        // 4. The answer leaves at once, whatever the pacing.
        var response = STUNMessageBuilder(
            .success, .binding, transactionID: request.transactionID, reusing: self.memory.take())
        response.add(.xorMappedAddress, xor: path.remote)
        response.addIntegrity(key: key)
        response.addFingerprint()
        self.memory.keep(response.bytes)
        self.transmit(Transmit(path: path, bytes: response.bytes))

        // 5. The path from the peer works; ours is tried next.
        guard isCurrent else { return }
        self.current.validate(path)
        self.current.inquiry = self.current.inquiry ?? path
        if request[.useCandidate] != nil { self.current.nomination = self.current.nomination ?? path }
        let theirs = username.dropFirst(ours.count + 1)
        let known = self.current.remote?.usernameFragment
        if let known, !theirs.elementsEqual(known.utf8) { return }
        self.learn(
            ICEGeneration.EarlyCheck(
                path: path, priority: request.uint32(.priority) ?? Self.unstatedPriority,
                nominates: request[.useCandidate] != nil,
                remoteUsernameFragment: known ?? String(decoding: theirs, as: UTF8.self)),
            now: now)
    }

    /// Takes up the pair that a check of the peer came on, now or once its credentials are known.
    mutating func learn(_ check: ICEGeneration.EarlyCheck, now: Instant) {
        guard let remote = self.current.remote else { return self.current.noteEarly(check) }
        guard check.remoteUsernameFragment == remote.usernameFragment, let id = self.pairOfRequest(check) else {
            return
        }
        if check.nominates, self.role == .controlled { self.peerNominated(id, now: now) }
        self.triggerCheck(id, now: now)
    }

    /// RFC 8445 §§7.3.1.3 and 7.3.1.4: the known pair, or one with a peer-reflexive remote candidate.
    private mutating func pairOfRequest(_ check: ICEGeneration.EarlyCheck) -> PairID? {
        if let known = self.current.checklist[check.path] { return known.id }
        guard let socket = self.socket(check.path.socket) else { return nil }
        var remote = self.current.remoteCandidates.first { $0.transportAddress == check.path.remote }
        if remote == nil, self.current.remoteCandidates.count < ICEGeneration.maximumRemoteCandidates {
            let discovered = Candidate(
                foundation: "prflx\(self.current.remoteCandidates.count)", component: 1, transport: "udp",
                priority: check.priority, address: .ip(check.path.remote), type: .peerReflexive)
            self.current.remoteCandidates.append(discovered)
            remote = discovered
        }
        return remote.flatMap { self.pair(socket, with: $0) }
    }

    /// RFC 8445 §7.3.1.4. A check under way is sent anew, because the one before may have died at a
    /// NAT that the peer's packet has just opened; but not for each of a train of requests.
    private mutating func triggerCheck(_ id: PairID, now: Instant) {
        guard let pair = self.current.checklist[id] else { return }
        switch pair.state {
        case .succeeded: return
        case .inProgress:
            if let last = pair.lastTriggeredAt, now - last < self.configuration.pacing { return }
        case .frozen, .waiting, .failed: break
        }
        self.current.checklist.update(id) {
            $0.state = .waiting
            $0.lastTriggeredAt = now
        }
        self.current.cancelChecks(of: id)
        self.current.checklist.enqueueTriggered(id)
    }

    private func hasRoleConflict(with request: STUNMessage) -> Bool {
        switch self.role {
        case .controlling: request.uint64(.iceControlling) != nil
        case .controlled: request.uint64(.iceControlled) != nil
        }
    }

    /// RFC 8445 §7.2.5.1: pairs are ordered by the role.
    mutating func switchRole() {
        self.role = self.role.opposite
        self.current.nominating = nil
        self.current.checklist.reprioritize(role: self.role)
    }

    /// An error answer; with `key` it is authenticated (RFC 8489 §9.1.3).
    private mutating func refuse(
        _ request: STUNMessage, _ code: STUNErrorCode, unknown: [STUNAttributeType] = [], key: [UInt8]? = nil,
        on path: Path
    ) {
        var response = STUNMessageBuilder(.error, .binding, transactionID: request.transactionID)
        response.add(code)
        if !unknown.isEmpty { response.add(unknown: unknown) }
        if let key { response.addIntegrity(key: key) }
        response.addFingerprint()
        self.transmit(Transmit(path: path, bytes: response.bytes))
    }

    private static let understood: Set<STUNAttributeType> = [
        .username, .messageIntegrity, .messageIntegritySHA256, .priority, .useCandidate,
    ]

    /// Of a peer-reflexive candidate whose request bore no PRIORITY.
    private static let unstatedPriority = Candidate.priority(.peerReflexive, localPreference: 0)
}
