import ICE
import NIOPosix
import Network
import Session
import Signalling
import TURN
import Wire

/// One end's allocations on real sockets: the least that feeds and drains a ``RelaySet``.
final class RelayEnd {
    private enum Letter: Sendable {
        case stream(SocketID, StreamEvent)
    }

    var relays: RelaySet
    private(set) var allocation: RelaySet.Allocation?
    private(set) var received: [(datagram: [UInt8], peer: TransportAddress)] = []
    private(set) var refusedPeers: [IPAddress] = []
    private(set) var lostCount = 0
    private(set) var closures: [StreamClosure] = []
    private let socket: DatagramSocket
    private let media: MediaConnection.Socket
    private let trust: ServerTrust
    private let mailbox = Mailbox<Letter>()
    private var streams: [SocketID: StreamConnection] = [:]
    private var deadline: Instant = .zero

    /// - Parameter url: the one relay that there is.
    init(_ url: String, trust: ServerTrust) throws {
        self.socket = try DatagramSocket(bindingTo: .v4(0x7F00_0001))
        self.media = MediaConnection.Socket(id: SocketID(0), base: self.socket.local, kind: .loopback)
        self.trust = trust
        self.relays = RelaySet(random: .system)
        let credentials = RelayCredentials(
            urls: [url], user: Coturn.user, password: Coturn.password, timeToLive: 600)
        self.relays.start(credentials, sockets: [self.media], now: monotonicNow())
        self.drain()
    }

    func send(_ datagram: [UInt8], to peer: TransportAddress) {
        guard let allocation = self.allocation else { return }
        self.relays.send(datagram, on: Path(socket: allocation.id, remote: peer), now: monotonicNow())
        self.drain()
    }

    func act(_ body: (inout RelaySet, Instant) -> Void) {
        body(&self.relays, monotonicNow())
        self.drain()
    }

    func takeReceived() -> [(datagram: [UInt8], peer: TransportAddress)] {
        defer { self.received = [] }
        return self.received
    }

    /// Turns all ends until `condition` holds or time is up.
    /// - Returns: whether it holds.
    @discardableResult
    static func run(
        _ ends: [RelayEnd], for duration: Duration, until condition: () -> Bool = { false }
    ) -> Bool {
        let end = monotonicNow() + duration
        while !condition() {
            let now = monotonicNow()
            guard now < end else { return false }
            let wake = ends.map(\.deadline).min() ?? end
            waitForInput(
                on: ends.flatMap { [$0.socket.descriptor, $0.mailbox.descriptor] }, for: min(wake, end) - now)
            for each in ends { each.step() }
        }
        return true
    }

    private func step() {
        for case .stream(let id, let event) in self.mailbox.take() {
            switch event {
            case .opened(let local): self.relays.streamOpened(id, local: local, now: monotonicNow())
            case .received(let octets): self.relays.streamReceived(id, octets, now: monotonicNow())
            case .closed(let closure):
                self.closures.append(closure)
                self.relays.streamClosed(id, now: monotonicNow())
            }
            self.drain()
        }
        while let (datagram, source) = self.socket.receive() {
            _ = self.relays.receive(datagram, from: source, on: self.media.id, now: monotonicNow())
            self.drain()
        }
        self.relays.handleTimeout(now: monotonicNow())
        self.drain()
    }

    private func drain() {
        while true {
            switch self.relays.pollOutput() {
            case .transmit(let path, let datagram): self.socket.send(datagram, to: path.remote)
            case .resolve(let host):
                let addresses = NetworkInterfaces.resolve(host).map {
                    RelaySet.ServerAddress(ip: $0, via: NetworkInterfaces.address(toward: $0))
                }
                self.relays.resolved(host, addresses: addresses, now: monotonicNow())
            case .openStream(let id, let target):
                self.streams[id] = StreamClient.connect(
                    to: target.host, port: target.port, trust: target.isSecure ? self.trust : nil,
                    eventLoopGroup: MultiThreadedEventLoopGroup.singleton
                ) { [mailbox] event in mailbox.post(.stream(id, event)) }
            case .write(let id, let octets): self.streams[id]?.send(octets)
            case .closeStream(let id): self.streams.removeValue(forKey: id)?.close()
            case .stunServers: break
            case .allocated(let allocation): self.allocation = allocation
            case .lost:
                self.allocation = nil
                self.lostCount += 1
            case .received(let datagram, let peer, _): self.received.append((datagram, peer))
            case .peerRefused(let ip, _): self.refusedPeers.append(ip)
            case .wait(let until):
                self.deadline = until
                return
            }
        }
    }
}
