internal import Wire

/// Which candidates there are on both sides, and how they pair (RFC 8445 §§5.1, 6.1.2).
extension ICEAgent {
    /// Candidates and pairs of a socket that came late catch up with the rest.
    mutating func add(_ socket: LocalSocket, now: Instant) {
        self.sockets.removeAll { $0.id == socket.id }
        self.sockets.append(socket)
        if self.gathering.state != .idle {
            self.gathering.start()
            self.gather(on: socket)
        }
        for remote in self.current.remoteCandidates { _ = self.pair(socket, with: remote) }
        self.advance(now: now)
    }

    mutating func gather(on socket: LocalSocket) {
        guard self.isUsable(socket) else { return }
        self.tell(self.baseCandidate(of: socket))
        guard socket.type == .host else { return }
        for server in self.servers where socket.canReach(server) {
            self.gathering.enqueue(Path(socket: socket.id, remote: server))
        }
    }

    /// Tells the peer, unless an equal address was told (RFC 8445 §5.1.3).
    private mutating func tell(_ candidate: Candidate) {
        guard !self.current.localCandidates.contains(where: { $0.address == candidate.address }) else { return }
        var candidate = candidate
        candidate.extensions = [.init(name: "ufrag", value: self.current.local.usernameFragment)]
        self.current.localCandidates.append(candidate)
        self.emit(.candidate(candidate))
    }

    /// What a STUN server said.
    mutating func addReflexive(_ mapped: TransportAddress, path: Path) {
        guard let socket = self.socket(path.socket), mapped != socket.base else { return }
        let foundation = self.foundation(.serverReflexive, base: socket.base.ip, server: path.remote.ip)
        self.tell(
            Candidate(
                foundation: foundation, component: 1, transport: "udp",
                priority: Candidate.priority(.serverReflexive, localPreference: socket.localPreference),
                address: .ip(mapped), type: .serverReflexive, relatedAddress: socket.base))
    }

    mutating func pairRemote(_ candidate: Candidate) {
        if let fragment = candidate.usernameFragment, fragment != self.current.remote?.usernameFragment { return }
        guard let address = candidate.checkableAddress else { return }
        if let known = self.current.remoteCandidates.firstIndex(where: { $0.transportAddress == address }) {
            guard self.current.remoteCandidates[known].type == .peerReflexive else { return }
            self.current.remoteCandidates[known] = candidate
            self.current.checklist.replaceRemote(at: address, with: candidate, role: self.role)
            return
        }
        guard self.current.remoteCandidates.count < ICEGeneration.maximumRemoteCandidates else { return }
        self.current.remoteCandidates.append(candidate)
        for socket in self.sockets { _ = self.pair(socket, with: candidate) }
    }

    mutating func pair(_ socket: LocalSocket, with remote: Candidate) -> PairID? {
        guard self.isUsable(socket), let address = remote.transportAddress, socket.canReach(address) else { return nil }
        let path = Path(socket: socket.id, remote: address)
        let isNew = self.current.checklist[path] == nil
        let id = self.current.checklist.add(
            path: path, local: self.baseCandidate(of: socket), checkPriority: socket.checkPriority, remote: remote,
            role: self.role)
        if isNew, let id, socket.type == .relayed, remote.type == .relayed { self.hasten(id) }
        return id
    }

    /// The first pair between two relays is checked out of turn. It stands last in the list, behind pairs of which a
    /// relay that serves its own clients alone lets none through; and where no direct pair works it is the call.
    private mutating func hasten(_ id: PairID) {
        let isCovered = self.current.checklist.pairs.contains { pair in
            pair.id != id && pair.local.type == .relayed && pair.remote.type == .relayed && pair.state != .failed
        }
        if !isCovered { self.current.checklist.enqueueTriggered(id) }
    }

    func socket(_ id: SocketID) -> LocalSocket? {
        self.sockets.first { $0.id == id }
    }

    func isUsable(_ socket: LocalSocket) -> Bool {
        self.configuration.policy == .all || socket.type == .relayed
    }

    private mutating func baseCandidate(of socket: LocalSocket) -> Candidate {
        let related: TransportAddress? =
            switch (socket.type, self.configuration.policy) {
            case (.relayed, .all): socket.relatedAddress
            case (.relayed, .relayedOnly): TransportAddress(.v4(0), port: 0)
            default: nil
            }
        return Candidate(
            foundation: self.foundation(socket.type, base: socket.base.ip, server: nil), component: 1,
            transport: "udp", priority: Candidate.priority(socket.type, localPreference: socket.localPreference),
            address: .ip(socket.base), type: socket.type, relatedAddress: related)
    }

    /// Equal for equal type, base and server (RFC 8445 §5.1.1.3), and says nothing about them.
    mutating func foundation(_ type: CandidateType, base: IPAddress, server: IPAddress?) -> String {
        let key = Foundation(type: type, base: base, server: server)
        if let index = self.foundations.firstIndex(of: key) { return String(index + 1) }
        self.foundations.append(key)
        return String(self.foundations.count)
    }
}

/// What makes candidates fail and succeed together (RFC 8445 §5.1.1.3).
struct Foundation: Equatable, Sendable {
    let type: CandidateType
    let base: IPAddress
    let server: IPAddress?
}
