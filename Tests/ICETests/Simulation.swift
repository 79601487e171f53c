import ICE
import Testing
import Wire

/// Two agents, their signalling, and the network between them, in virtual time.
struct Simulation {
    enum Signal: Sendable {
        case credentials(ICECredentials)
        case candidate(String)
        case endOfCandidates
        /// New credentials of a peer that restarts; the answer is a restart too.
        case restart(ICECredentials)
    }

    struct Peer {
        var agent: ICEAgent
        var sockets: [SocketID: TransportAddress] = [:]
        var events: [ICEAgent.Event] = []
        var states: [(Instant, ICEAgent.State)] = []
        var pairs: [(Instant, ICEAgent.SelectedPair)] = []
        var deadline: Instant?
        /// Application datagrams that arrived from validated paths.
        var received: [[UInt8]] = []
        var refused = 0
        /// Since when the peer has had no destination, while one was had before.
        var hadDestination = false
        var lostDestination = false
        var isRestarting = false
        /// Replaces the address in candidates, as browsers do with mDNS.
        var hidesAddresses = false
    }

    let seed: UInt64
    var now: Instant = .zero
    var random: RandomSource
    var network: VirtualNetwork
    var peers: [Peer]
    var signallingDelay: Duration = .milliseconds(15)
    private var signals: [(at: Instant, to: Int, signal: Signal)] = []

    init(
        seed: UInt64, conditions: VirtualNetwork.Conditions = .init(),
        roles: [ICERole] = [.controlling, .controlled], configuration: ICEConfiguration = .init()
    ) {
        self.seed = seed
        self.random = .seeded(seed)
        self.network = VirtualNetwork(conditions: conditions, random: .seeded(seed ^ 0xAAAA))
        self.peers = []
        for role in roles {
            let credentials = ICECredentials(random: &self.random)
            self.peers.append(
                Peer(
                    agent: ICEAgent(
                        role: role, localCredentials: credentials, configuration: configuration,
                        random: .seeded(self.random.next()))))
        }
    }

    mutating func addSocket(_ peer: Int, _ id: Int, _ address: String, kind: InterfaceKind = .wired) {
        guard let base = TransportAddress(address) else { return }
        self.peers[peer].sockets[SocketID(id)] = base
        self.peers[peer].agent.addLocalSocket(SocketID(id), base: base, kind: kind, now: self.now)
        self.drain(peer)
    }

    /// Offer and answer: peer 0 gathers and signals at once, peer 1 when it has peer 0's credentials.
    mutating func begin() {
        self.signal(.credentials(self.peers[0].agent.localCredentials), to: 1)
        self.gather(0)
    }

    mutating func gather(_ peer: Int) {
        self.peers[peer].agent.setServers(stun: [VirtualNetwork.server])
        self.peers[peer].agent.gather(now: self.now)
        self.drain(peer)
    }

    mutating func restart(_ peer: Int) {
        let credentials = ICECredentials(random: &self.random)
        self.peers[peer].isRestarting = true
        self.signal(.restart(credentials), to: 1 - peer)
        self.peers[peer].agent.restart(localCredentials: credentials, now: self.now)
        self.drain(peer)
    }

    mutating func signal(_ signal: Signal, to peer: Int) {
        self.signals.append((self.now + self.signallingDelay, peer, signal))
    }

    /// Runs until `end`, or until `condition` holds after some step.
    @discardableResult
    mutating func run(until end: Instant, _ condition: (Simulation) -> Bool = { _ in false }) -> Bool {
        while !condition(self) {
            let next = ([self.network.queue.first?.at, self.signals.first?.at] + self.peers.map(\.deadline))
                .compactMap { $0 }.min()
            guard let next, next <= end else {
                self.now = max(self.now, end)
                return condition(self)
            }
            self.now = max(self.now, next)
            self.step()
        }
        return true
    }

    mutating func run(for duration: Duration) {
        self.run(until: self.now + duration)
    }

    /// Sends application data on the path in use.
    mutating func sendData(_ bytes: [UInt8], from peer: Int) {
        guard let path = self.peers[peer].agent.destination, let base = self.peers[peer].sockets[path.socket] else {
            return
        }
        self.network.send(bytes, from: base, to: path.remote, now: self.now)
    }

    var isConnected: Bool { self.peers.allSatisfy { $0.agent.state == .connected } }

    var isSettled: Bool {
        self.isConnected && self.peers.allSatisfy { $0.agent.selectedPair?.isNominated == true }
    }

    private mutating func step() {
        if let arrival = self.network.queue.first, arrival.at <= self.now {
            if let delivered = self.network.arrive() { self.deliver(delivered) }
        } else if let first = self.signals.first, first.at <= self.now {
            self.signals.removeFirst()
            self.receive(first.signal, at: first.to)
        } else {
            for peer in self.peers.indices {
                guard let deadline = self.peers[peer].deadline, deadline <= self.now else { continue }
                self.peers[peer].agent.handleTimeout(now: self.now)
                self.drain(peer)
                if let again = self.peers[peer].deadline, again <= self.now {
                    Issue.record("peer \(peer) asks for a time that is over, seed \(self.seed)")
                    self.peers[peer].deadline = self.now + .milliseconds(100)
                }
            }
        }
    }

    private mutating func deliver(_ arrival: VirtualNetwork.Arrival) {
        for peer in self.peers.indices {
            for (socket, base) in self.peers[peer].sockets where base == arrival.destination {
                if arrival.datagram.first.map({ $0 < 4 }) == true {
                    self.peers[peer].agent.handle(arrival.datagram, from: arrival.source, on: socket, now: self.now)
                    self.drain(peer)
                } else if self.peers[peer].agent.isValidated(arrival.source, on: socket) {
                    self.peers[peer].received.append(arrival.datagram)
                } else {
                    self.peers[peer].refused += 1
                }
            }
        }
    }

    private mutating func receive(_ signal: Signal, at peer: Int) {
        switch signal {
        case .credentials(let credentials):
            if peer == 1 { self.signal(.credentials(self.peers[1].agent.localCredentials), to: 0) }
            self.peers[peer].agent.setRemote(credentials, now: self.now)
            if peer == 1 { self.gather(1) }
        case .restart(let credentials):
            if !self.peers[peer].isRestarting { self.restart(peer) }
            self.peers[peer].isRestarting = false
            self.peers[peer].agent.setRemote(credentials, now: self.now)
        case .candidate(let text):
            do {
                self.peers[peer].agent.addRemoteCandidate(try Candidate(sdp: text), now: self.now)
            } catch {
                Issue.record("candidate refused: \(text), seed \(self.seed)")
            }
        case .endOfCandidates:
            self.peers[peer].agent.endOfRemoteCandidates(now: self.now)
        }
        self.drain(peer)
    }

    mutating func drain(_ peer: Int) {
        var outputs = 0
        draining: while true {
            outputs += 1
            switch self.peers[peer].agent.pollOutput() {
            case .wait(let deadline):
                self.peers[peer].deadline = deadline
                break draining
            case .transmit(let transmit):
                guard let base = self.peers[peer].sockets[transmit.socket] else { continue }
                self.network.send(transmit.bytes, from: base, to: transmit.destination, now: self.now)
            case .event(let event):
                self.note(event, of: peer)
            }
            guard outputs < 10_000 else {
                Issue.record("peer \(peer) never stops talking, seed \(self.seed)")
                return
            }
        }
        let has = self.peers[peer].agent.destination != nil
        if self.peers[peer].hadDestination, !has { self.peers[peer].lostDestination = true }
        self.peers[peer].hadDestination = self.peers[peer].hadDestination || has
    }

    private mutating func note(_ event: ICEAgent.Event, of peer: Int) {
        self.peers[peer].events.append(event)
        switch event {
        case .candidate(let candidate):
            var told = candidate
            if self.peers[peer].hidesAddresses, candidate.type == .host, let address = candidate.transportAddress {
                told.address = .name("1f4712db-ea17-4bcf-a596-105139dfd8bf.local", port: address.port)
            }
            self.signal(.candidate(told.sdp), to: 1 - peer)
        case .gatheringFinished: self.signal(.endOfCandidates, to: 1 - peer)
        case .stateChanged(let state): self.peers[peer].states.append((self.now, state))
        case .selectedPair(let pair): self.peers[peer].pairs.append((self.now, pair))
        }
    }
}
