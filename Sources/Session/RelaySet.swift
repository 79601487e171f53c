package import ICE
package import Signalling
package import TURN
package import Wire

/// The allocations that one end of a call holds, and the STUN servers it asks: which clients exist, over which socket
/// or stream each speaks, and which of them a datagram belongs to. Sans-IO, drained like its parts.
///
/// There is at most one allocation over UDP for each family of the relay's address, one over TCP and one over TLS. Each
/// such *slot* tries the addresses it may use in turn, begins anew when its allocation is lost, and waits longer
/// after each failure.
package struct RelaySet: Sendable {
    /// A server's address, and the address of this machine that packets to it leave from; `nil` where there is no way.
    package struct ServerAddress: Equatable, Sendable {
        package let ip: IPAddress
        package let via: IPAddress?

        package init(ip: IPAddress, via: IPAddress?) {
            self.ip = ip
            self.via = via
        }
    }

    /// Where a byte stream to a relay goes.
    package struct StreamTarget: Equatable, Sendable {
        package let host: String
        package let port: UInt16
        /// TLS, and the certificate has to be for ``host``.
        package let isSecure: Bool
    }

    package struct Allocation: Equatable, Sendable {
        /// As ICE and media know it; below zero, where no socket of the shell is.
        package let id: SocketID
        package let relayed: TransportAddress
        package let mapped: TransportAddress
        package let transport: TURNClient.Transport
    }

    package enum Output: Equatable, Sendable {
        /// To a relay, over a socket of the shell.
        case transmit(Path, [UInt8])
        /// Answer with ``RelaySet/resolved(_:addresses:now:)``, also when there are none.
        case resolve(host: String)
        case openStream(SocketID, StreamTarget)
        case write(SocketID, [UInt8])
        case closeStream(SocketID)
        case stunServers([TransportAddress])
        case allocated(Allocation)
        case lost(SocketID)
        /// A datagram of a peer that came through an allocation.
        case received([UInt8], from: TransportAddress, on: SocketID)
        case peerRefused(IPAddress, on: SocketID)
        case wait(until: Instant)
    }

    private struct Server: Sendable {
        let uri: RelayURI
        var addresses: [ServerAddress] = []
        var isResolving: Bool
    }

    private var credentials: RelayCredentials?
    private var servers: [Server] = []
    private var sockets: [MediaConnection.Socket] = []
    private var slots: [RelaySlot] = RelaySlot.Kind.allCases.map(RelaySlot.init)
    private var random: RandomSource
    private var nextID = -1
    private var gatheringEnd: Instant?
    private var isClosed = false
    private var outputs = OutputQueue<Output>()

    package init(random: RandomSource) {
        self.random = random
    }

    /// The allocations that stand.
    package var allocations: [Allocation] { self.slots.compactMap(\.attempt?.allocation) }

    /// How the relay behind a socket is reached; `nil` for one that is no allocation of this set's.
    package func transport(of id: SocketID) -> TURNClient.Transport? {
        self.slots.first { $0.attempt?.id == id }?.kind.transport
    }

    /// Whether an allocation may still come, at the beginning and after a doubt; ends by itself.
    package func isGathering(now: Instant) -> Bool {
        guard let end = self.gatheringEnd, now < end, !self.isClosed else { return false }
        return self.servers.contains(where: \.isResolving) || self.slots.contains { $0.isBeginning }
    }
}

/// Inputs.
extension RelaySet {
    /// Begins with what the broker granted; what in it is no address of a server is passed over.
    package mutating func start(
        _ credentials: RelayCredentials?, sockets: [MediaConnection.Socket], now: Instant
    ) {
        self.sockets = sockets
        self.gatheringEnd = now + Self.gatheringLimit
        self.update(credentials, now: now)
    }

    /// Newer credentials, for the allocations to come. Those that stand are refreshed with their own.
    package mutating func update(_ credentials: RelayCredentials?, now: Instant) {
        guard let credentials, credentials != self.credentials, !self.isClosed else { return }
        self.credentials = credentials
        let uris = credentials.urls.prefix(Self.maximumServers).compactMap(RelayURI.init)
        let known = self.servers
        self.servers = uris.map { uri in
            known.first { $0.uri == uri } ?? Server(uri: uri, isResolving: Self.needsAddress(uri))
        }
        for host in Set(self.servers.filter(\.isResolving).map(\.uri.host)).sorted() {
            self.outputs.append(.resolve(host: host))
        }
        for index in self.slots.indices { self.slots[index].retryAt = nil }
        self.serve(now: now)
    }

    package mutating func resolved(_ host: String, addresses: [ServerAddress], now: Instant) {
        guard !self.isClosed else { return }
        let addresses = Array(addresses.prefix(Self.maximumAddresses))
        for index in self.servers.indices where self.servers[index].uri.host == host {
            guard Self.needsAddress(self.servers[index].uri) else { continue }
            self.servers[index].isResolving = false
            if !addresses.isEmpty { self.servers[index].addresses = addresses }
            if self.servers[index].uri.service == .stun, !addresses.isEmpty {
                let port = self.servers[index].uri.port
                self.outputs.append(.stunServers(addresses.map { TransportAddress($0.ip, port: port) }))
            }
        }
        self.serve(now: now)
    }

    /// - Returns: Whether the datagram was for an allocation. Answers to Binding requests are not.
    package mutating func receive(
        _ datagram: [UInt8], from source: TransportAddress, on socket: SocketID, now: Instant
    ) -> Bool {
        let path = Path(socket: socket, remote: TransportAddress(source.ip.unmapped, port: source.port))
        guard let index = self.slots.firstIndex(where: { $0.attempt?.way == .datagrams(path) }),
            TURNClient.claims(datagram)
        else { return false }
        self.slots[index].attempt?.client.receive(datagram, now: now)
        self.drain(index, now: now)
        return true
    }

    /// - Parameter local: The address of this machine that the stream stands on, if it is known.
    package mutating func streamOpened(_ id: SocketID, local: IPAddress?, now: Instant) {
        guard let index = self.indexOfStream(id) else { return }
        self.slots[index].attempt?.local = local
        self.slots[index].attempt?.client.start(now: now)
        self.drain(index, now: now)
    }

    package mutating func streamReceived(_ id: SocketID, _ octets: [UInt8], now: Instant) {
        guard let index = self.indexOfStream(id) else { return }
        self.slots[index].attempt?.client.receive(octets, now: now)
        self.drain(index, now: now)
    }

    package mutating func streamClosed(_ id: SocketID, now: Instant) {
        guard let index = self.indexOfStream(id) else { return }
        self.slots[index].attempt?.isStreamOver = true
        self.slots[index].attempt?.client.streamClosed(now: now)
        self.drain(index, now: now)
    }

    /// A datagram to a peer, through one of the allocations.
    package mutating func send(_ datagram: [UInt8], on path: Path, now: Instant) {
        guard let index = self.slots.firstIndex(where: { $0.attempt?.id == path.socket }) else { return }
        self.slots[index].attempt?.client.send(datagram, to: path.remote, now: now)
        self.drain(index, now: now)
    }

    package mutating func handleTimeout(now: Instant) {
        if let end = self.gatheringEnd, end <= now { self.gatheringEnd = nil }
        for index in self.slots.indices where self.slots[index].attempt != nil {
            self.slots[index].attempt?.client.handleTimeout(now: now)
            self.drain(index, now: now)
        }
        self.serve(now: now)
    }

    /// Media stopped: whoever holds an allocation is asked whether it still stands, and what failed is tried at once.
    package mutating func doubt(now: Instant) {
        guard !self.isClosed else { return }
        self.gatheringEnd = max(self.gatheringEnd ?? now, now + Self.regatheringLimit)
        for index in self.slots.indices {
            self.slots[index].attempt?.client.checkServer(now: now)
            self.slots[index].hasten(now: now)
            self.drain(index, now: now)
        }
        self.serve(now: now)
    }

    /// This machine has other addresses now: what stood on one that is gone begins anew, the rest is asked.
    package mutating func networkChanged(_ sockets: [MediaConnection.Socket], now: Instant) {
        guard !self.isClosed else { return }
        let gone = self.sockets.filter { old in !sockets.contains { $0.id == old.id } }
        self.sockets = sockets
        for index in self.slots.indices {
            guard let attempt = self.slots[index].attempt else { continue }
            let isDead =
                switch attempt.way {
                case .datagrams(let path): gone.contains { $0.id == path.socket }
                case .stream: gone.contains { $0.base.ip == attempt.local }
                }
            if isDead {
                self.slots[index].retryAt = nil
                self.abandon(index)
            }
        }
        for index in self.servers.indices where Self.needsAddress(self.servers[index].uri) {
            self.servers[index].isResolving = true
        }
        for host in Set(self.servers.filter(\.isResolving).map(\.uri.host)).sorted() {
            self.outputs.append(.resolve(host: host))
        }
        self.doubt(now: now)
    }

    /// Gives everything back; nobody is told of it.
    package mutating func close(now: Instant) {
        guard !self.isClosed else { return }
        self.isClosed = true
        for index in self.slots.indices {
            self.slots[index].attempt?.client.close(now: now)
            self.drain(index, now: now)
        }
    }
}

/// Outputs, and what leads to them.
extension RelaySet {
    package mutating func pollOutput() -> Output {
        if let output = self.outputs.next() { return output }
        var deadline = self.isClosed ? .distantFuture : self.gatheringEnd ?? .distantFuture
        for slot in self.slots { deadline = min(deadline, slot.deadline) }
        return .wait(until: deadline)
    }

    /// Starts an attempt in every slot that has none, may have one, and knows where to.
    private mutating func serve(now: Instant) {
        guard !self.isClosed, let credentials = self.credentials else { return }
        for index in self.slots.indices where self.slots[index].isDue(now: now) {
            let targets = self.targets(of: self.slots[index].kind)
            guard !targets.isEmpty else {
                self.slots[index].retryAt = nil
                continue
            }
            let client = TURNClient(
                transport: self.slots[index].kind.transport, user: credentials.user, password: credentials.password,
                random: self.random.child())
            let id = SocketID(self.nextID)
            self.nextID -= 1
            switch targets[self.slots[index].failureCount % targets.count] {
            case .datagrams(let path):
                self.slots[index].attempt = RelaySlot.Attempt(id: id, way: .datagrams(path), client: client)
                self.slots[index].attempt?.client.start(now: now)
            case .stream(let target):
                self.slots[index].attempt = RelaySlot.Attempt(id: id, way: .stream, client: client)
                self.outputs.append(.openStream(id, target))
            }
            self.drain(index, now: now)
        }
    }

    private enum Target {
        case datagrams(Path)
        case stream(StreamTarget)
    }

    private func targets(of kind: RelaySlot.Kind) -> [Target] {
        self.servers.filter { $0.uri.service == .relay(kind.transport) }.flatMap { server -> [Target] in
            guard kind.transport == .udp else {
                return [
                    .stream(
                        StreamTarget(
                            host: server.uri.host, port: server.uri.port, isSecure: kind.transport == .tls))
                ]
            }
            return server.addresses.filter { $0.ip.isIPv6 == (kind == .udpIPv6) }.compactMap { address in
                self.socket(toward: address).map {
                    .datagrams(Path(socket: $0.id, remote: TransportAddress(address.ip, port: server.uri.port)))
                }
            }
        }
    }

    /// The socket on the address that the system would send from, else the best one that could reach the server.
    private func socket(toward server: ServerAddress) -> MediaConnection.Socket? {
        let fitting = self.sockets.filter {
            $0.base.ip.isIPv6 == server.ip.isIPv6 && $0.base.ip.isLoopback == server.ip.isLoopback
        }
        return fitting.first { $0.base.ip == server.via } ?? fitting.min { $0.kind.rawValue < $1.kind.rawValue }
    }

    private mutating func drain(_ index: Int, now: Instant) {
        while let id = self.slots[index].attempt?.id, let way = self.slots[index].attempt?.way,
            let output = self.slots[index].attempt?.client.pollOutput()
        {
            switch (output, way) {
            case (.transmit(let octets), .datagrams(let path)): self.outputs.append(.transmit(path, octets))
            case (.transmit(let octets), .stream): self.outputs.append(.write(id, octets))
            case (.received(let datagram, let peer), _):
                self.outputs.append(.received(datagram, from: peer, on: id))
            case (.event(.peerRefused(let ip)), _): self.outputs.append(.peerRefused(ip, on: id))
            case (.event(.allocated(let relayed, let mapped)), _):
                let allocation = Allocation(
                    id: id, relayed: relayed, mapped: mapped, transport: self.slots[index].kind.transport)
                self.slots[index].stood(allocation, now: now)
                if !self.isClosed { self.outputs.append(.allocated(allocation)) }
            case (.event(.ended(let failure)), _):
                self.slots[index].failed(failure, now: now, random: &self.random)
                self.abandon(index)
                self.serve(now: now)
                return
            case (.wait, _): return
            }
        }
    }

    /// Lets an attempt go, whatever became of it.
    private mutating func abandon(_ index: Int) {
        guard let attempt = self.slots[index].attempt else { return }
        self.slots[index].attempt = nil
        if attempt.way == .stream, !attempt.isStreamOver { self.outputs.append(.closeStream(attempt.id)) }
        if attempt.allocation != nil, !self.isClosed { self.outputs.append(.lost(attempt.id)) }
    }

    private func indexOfStream(_ id: SocketID) -> Int? {
        self.slots.firstIndex { $0.attempt?.id == id && $0.attempt?.way == .stream }
    }

    /// Streams are opened by name; datagrams need an address.
    private static func needsAddress(_ uri: RelayURI) -> Bool {
        switch uri.service {
        case .stun, .relay(.udp): true
        case .relay(.tcp), .relay(.tls): false
        }
    }

    /// As many addresses as the broker's envelope holds.
    private static let maximumServers = 8
    private static let maximumAddresses = 4
    /// The end of candidates waits for no relay longer than this.
    private static let gatheringLimit: Duration = .seconds(10)
    private static let regatheringLimit: Duration = .seconds(4)
}
