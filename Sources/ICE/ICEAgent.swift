internal import STUN
package import Wire

package enum ICERole: Sendable {
    /// Decides which pair is used; the offerer.
    case controlling
    case controlled

    var opposite: ICERole { self == .controlling ? .controlled : .controlling }
}

/// A full ICE agent for one component of one stream (RFC 8445), trickling (RFC 8838), with consent
/// (RFC 7675) and patience (RFC 8863). Opens no socket, reads no clock.
///
/// Feed it what happens, then drain ``pollOutput()`` until it says `.wait`, and call
/// ``handleTimeout(now:)`` at that instant:
///
///     agent.addLocalSocket(id, base: address, kind: .wired, now: now)
///     agent.gather(now: now)                          // candidates come out as events
///     try agent.setRemote(credentials, now: now)
///     agent.addRemoteCandidate(candidate, now: now)
///     agent.handle(datagram, from: source, on: id, now: now)    // STUN alone (RFC 7983)
///
/// Media may leave through ``destination`` from the first valid pair on, before any nomination
/// (RFC 8445 §12.1): setting up costs one round trip. Nomination then settles both sides on one pair.
///
/// The parts: ``Checklist`` (pairs and their order), ``CheckTransaction``, ``Gathering``, ``Pacer``,
/// ``Consent``, all of one ``ICEGeneration``; the agent routes between them. Its own rules stand in
/// the extensions: what a request means (`+Requests`), what an answer means (`+Responses`), which
/// pair is used (`+Selection`).
package struct ICEAgent: Sendable {
    package enum State: Sendable {
        case new
        case checking
        /// Media flows; possibly before nomination, possibly on the path of before a restart.
        case connected
        /// The path has been silent for some seconds and is still used: restart rather than wait.
        case disconnected
        /// No path, and patience is over or consent is gone. A check of the peer may still revive it.
        case failed
    }

    package struct Transmit: Equatable, Sendable {
        package let path: Path
        package let bytes: [UInt8]
        /// The first datagram of a check; what is sent right behind it finds the pair known at the peer.
        package var isCheck = false

        package var socket: SocketID { self.path.socket }
        package var destination: TransportAddress { self.path.remote }
    }

    package struct SelectedPair: Equatable, Sendable {
        /// As the peer sees us: host, server-reflexive, peer-reflexive or relayed.
        package let local: Candidate
        package let remote: Candidate
        package let path: Path
        /// `false` while the controlling side has not settled.
        package let isNominated: Bool
        /// One side or both send through a relay.
        package let isRelayed: Bool

        package var socket: SocketID { self.path.socket }
        package var remoteAddress: TransportAddress { self.path.remote }
    }

    package enum Event: Equatable, Sendable {
        /// Tell it to the peer.
        case candidate(Candidate)
        case gatheringFinished
        case stateChanged(State)
        /// Media now goes this way; also when its pair becomes the nominated one.
        case selectedPair(SelectedPair)
    }

    package enum Output: Equatable, Sendable {
        case transmit(Transmit)
        case event(Event)
        /// Nothing more before this instant, or before an input when `nil`.
        case wait(until: Instant?)
    }

    package private(set) var state: State = .new
    package internal(set) var role: ICERole
    /// Where media goes; `nil` when nothing may be sent (RFC 7675 §5.1).
    package internal(set) var destination: Path?

    let configuration: ICEConfiguration
    var random: RandomSource
    var tieBreaker: UInt64
    var sockets: [LocalSocket] = []
    var current: ICEGeneration
    /// What a restart replaced: answers late checks and carries media until the new one can.
    var previous: ICEGeneration?
    var previousExpiry: Instant?
    var gathering = Gathering()
    var pacer: Pacer
    var announcedPair: SelectedPair?
    var foundations: [Foundation] = []
    var servers: [TransportAddress] = []
    var awaitsRelays = false
    /// Of answers and of checks of consent.
    var memory = DatagramRing()
    private var outputs = OutputQueue<Output>()
    private var deadline: Instant?

    package init(
        role: ICERole, localCredentials: ICECredentials, configuration: ICEConfiguration = ICEConfiguration(),
        random: RandomSource
    ) {
        self.role = role
        self.configuration = configuration
        self.random = random
        self.tieBreaker = self.random.next()
        self.current = ICEGeneration(local: localCredentials)
        self.pacer = Pacer(configuration)
    }
}

/// Inputs.
extension ICEAgent {
    /// A bound datagram socket of the shell. May come and go at any time, before gathering and in mid-call.
    /// - Parameter base: The concrete address it is bound to.
    package mutating func addLocalSocket(
        _ id: SocketID, base: TransportAddress, kind: InterfaceKind = .wired, now: Instant
    ) {
        precondition(!base.ip.isUnspecified, "a base is a concrete address")
        let preference = LocalSocket.preference(kind, base: base.ip, index: self.sockets.count)
        let socket = LocalSocket(
            id: id, base: base, type: .host, localPreference: preference, relatedAddress: nil)
        self.add(socket, now: now)
    }

    /// An allocation on a relay: what leaves through `id` its owner wraps for the relay.
    /// - Parameters:
    ///   - mapped: What the relay sees the client as, for `raddr`; not told when only relays are used.
    ///   - detour: 0 for the most direct way to the relay, more for one that costs more; at most 7.
    package mutating func addRelayedSocket(
        _ id: SocketID, relayed: TransportAddress, mapped: TransportAddress?, detour: Int = 0, now: Instant
    ) {
        let preference = LocalSocket.preference(detour: detour, base: relayed.ip, index: self.sockets.count)
        let socket = LocalSocket(
            id: id, base: relayed, type: .relayed, localPreference: preference, relatedAddress: mapped)
        self.add(socket, now: now)
    }

    /// The socket is gone: pairs through it end at once.
    package mutating func removeLocalSocket(_ id: SocketID, now: Instant) {
        self.sockets.removeAll { $0.id == id }
        self.gathering.forget(id)
        let bases = self.sockets.map(\.base)
        self.current.localCandidates.removeAll { candidate in
            let base = candidate.type == .serverReflexive ? candidate.relatedAddress : candidate.transportAddress
            return !bases.contains { $0 == base }
        }
        self.current.forgetPairs(on: id)
        self.previous?.forgetPairs(on: id)
        self.advance(now: now)
    }

    /// STUN servers for server-reflexive candidates; takes effect with the next ``gather(now:)``.
    package mutating func setServers(stun servers: [TransportAddress]) {
        self.servers = Array(servers.prefix(8))
    }

    /// STUN servers that became known later; asked at once if gathering has begun.
    package mutating func addServers(stun servers: [TransportAddress], now: Instant) {
        let added = servers.filter { !self.servers.contains($0) }.prefix(max(0, 8 - self.servers.count))
        self.servers += added
        if self.gathering.state != .idle, !added.isEmpty {
            self.gathering.start()
            for socket in self.sockets where socket.type == .host && self.isUsable(socket) {
                for server in added where socket.canReach(server) {
                    self.gathering.enqueue(Path(socket: socket.id, remote: server))
                }
            }
        }
        self.advance(now: now)
    }

    /// Relays are still being asked: the end of candidates is not told before they have answered.
    package mutating func setAwaitsRelays(_ awaits: Bool, now: Instant) {
        guard self.awaitsRelays != awaits else { return }
        self.awaitsRelays = awaits
        self.advance(now: now)
    }

    /// The relay behind `id` sends nothing to this address: checks there have failed.
    package mutating func relayRefused(_ ip: IPAddress, on id: SocketID, now: Instant) {
        for pair in self.current.checklist.pairs
        where pair.path.socket == id && pair.path.remote.ip == ip && pair.state != .succeeded {
            self.pairFailed(pair.id)
        }
        self.advance(now: now)
    }

    /// Nothing of ours may leave on this path: its pair has failed, also one in use, and others of its foundation need not
    /// wait for it.
    package mutating func pathRefused(_ path: Path, now: Instant) {
        if self.previous?.selectedPair?.path == path {
            self.previous?.selected = nil
            self.previous?.consent = nil
        }
        if let pair = self.current.checklist[path], pair.state != .failed {
            self.pairFailed(pair.id)
            if self.current.selected == pair.id {
                self.current.selected = nil
                self.current.consent = nil
            }
        }
        self.advance(now: now)
    }

    package mutating func gather(now: Instant) {
        self.gathering = Gathering()
        self.gathering.start()
        for socket in self.sockets { self.gather(on: socket) }
        self.advance(now: now)
    }

    /// The peer's credentials for the current generation. Checks begin.
    package mutating func setRemote(_ credentials: ICECredentials, now: Instant) {
        guard self.current.remote != credentials else { return }
        self.current.remote = credentials
        self.current.startedAt = now
        let held = self.current.heldCandidates
        self.current.heldCandidates = []
        for candidate in held { self.pairRemote(candidate) }
        let early = self.current.earlyChecks
        self.current.earlyChecks = []
        for check in early { self.learn(check, now: now) }
        self.advance(now: now)
    }

    /// A candidate of the peer. Names, TCP, other components and other generations are passed over.
    package mutating func addRemoteCandidate(_ candidate: Candidate, now: Instant) {
        if self.current.remote == nil {
            if self.current.heldCandidates.count < ICEGeneration.maximumRemoteCandidates {
                self.current.heldCandidates.append(candidate)
            }
        } else {
            self.pairRemote(candidate)
        }
        self.advance(now: now)
    }

    package mutating func endOfRemoteCandidates(now: Instant) {
        self.current.isRemoteGatheringFinished = true
        self.advance(now: now)
    }

    /// Starts a new generation (RFC 8445 §9). Media stays on the old pair until the new one is valid;
    /// candidates are gathered and told again if they had been.
    package mutating func restart(localCredentials: ICECredentials, now: Instant) {
        if self.current.selected != nil || self.previous?.selected == nil {
            self.previous = self.current
            self.previous?.retire()
        }
        self.previousExpiry = nil
        self.current = ICEGeneration(local: localCredentials)
        self.pacer.reset()
        if self.gathering.state != .idle {
            self.gather(now: now)
        } else {
            self.advance(now: now)
        }
    }

    /// One datagram that is STUN by its first octet. Anything else in it is dropped.
    package mutating func handle(
        _ datagram: ArraySlice<UInt8>, from source: TransportAddress, on socket: SocketID, now: Instant
    ) {
        // Where only relays are used, an answer on a direct way would tell whose address that is.
        guard let message = try? STUNMessage(decoding: datagram), message.method == .binding,
            let local = self.socket(socket), self.isUsable(local)
        else { return }
        let path = Path(socket: socket, remote: TransportAddress(source.ip.unmapped, port: source.port))
        switch message.messageClass {
        case .request: self.handleRequest(message, on: path, now: now)
        case .success, .error: self.handleResponse(message, on: path, now: now)
        case .indication: break  // A keepalive: it asks for nothing.
        }
        self.advance(now: now)
    }

    package mutating func handle(
        _ datagram: [UInt8], from source: TransportAddress, on socket: SocketID, now: Instant
    ) {
        self.handle(datagram[...], from: source, on: socket, now: now)
    }

    /// Call when the instant of `.wait(until:)` has come; earlier or later does no harm.
    package mutating func handleTimeout(now: Instant) {
        self.advance(now: now)
    }

    /// Has the path in use checked now: media stopped, or the network changed.
    /// - Parameter patience: When it counts as disconnected without an answer; `nil` for as usual.
    package mutating func checkPath(within patience: Duration? = nil, now: Instant) {
        if self.current.selected != nil {
            self.current.consent?.checkSoon(patience: patience, now: now)
        } else {
            self.previous?.consent?.checkSoon(patience: patience, now: now)
        }
        self.advance(now: now)
    }
}

/// Outputs.
extension ICEAgent {
    package mutating func pollOutput() -> Output {
        self.outputs.next() ?? .wait(until: self.deadline)
    }

    package var localCredentials: ICECredentials { self.current.local }

    package var selectedPair: SelectedPair? { self.announcedPair }

    /// Of the last check on the path in use.
    package var roundTripTime: Duration? {
        (self.current.selectedPair ?? self.previous?.selectedPair)?.roundTripTime
    }

    /// Where the first authenticated check of the peer in this generation came from: whoever sent it wants to be
    /// answered there, though no check of ours may have succeeded yet.
    package var inquiry: Path? { self.current.inquiry }

    /// Where the first check of the peer that nominates came from: with the answer to it the peer has its path.
    package var nomination: Path? { self.current.nomination }

    /// Whether an authenticated check passed between this remote address and this socket, in either
    /// direction: the addresses that DTLS is accepted from.
    package func isValidated(_ remote: TransportAddress, on socket: SocketID) -> Bool {
        let path = Path(socket: socket, remote: TransportAddress(remote.ip.unmapped, port: remote.port))
        return self.current.validated.contains(path) || self.previous?.validated.contains(path) == true
    }
}

/// Routing between the parts.
extension ICEAgent {
    mutating func transmit(_ transmit: Transmit) {
        self.outputs.append(.transmit(transmit))
    }

    mutating func emit(_ event: Event) {
        self.outputs.append(.event(event))
    }

    /// Does everything that is due, then notes when the next thing is.
    mutating func advance(now: Instant) {
        self.retransmitChecks(now: now)
        for transmit in self.gathering.timeoutFired(now: now) { self.transmit(transmit) }
        self.serveConsent(now: now)
        self.refreshSelection(now: now)
        let nominationDue = self.nominate(now: now)
        self.startTransactions(now: now)
        if !self.awaitsRelays, self.gathering.finishIfIdle() { self.emit(.gatheringFinished) }
        if let expiry = self.previousExpiry, now >= expiry {
            self.previous = nil
            self.previousExpiry = nil
        }
        let state = self.stateNow(now: now)
        if state != self.state {
            self.state = state
            self.emit(.stateChanged(state))
        }
        self.deadline = self.nextDeadline(now: now, nominationDue: nominationDue)
    }

    private func nextDeadline(now: Instant, nominationDue: Instant?) -> Instant? {
        var earliest: Instant?
        func consider(_ deadline: Instant?) {
            guard let deadline else { return }
            earliest = min(earliest ?? deadline, deadline)
        }
        for check in self.current.checks { consider(check.retransmission.deadline) }
        consider(self.gathering.nextRetransmission)
        consider(self.current.consent?.deadline)
        consider(self.previous?.consent?.deadline)
        consider(self.nextTransactionStart(now: now))
        consider(nominationDue)
        consider(self.previousExpiry)
        consider(self.patienceEnd(now: now))
        return earliest
    }
}
