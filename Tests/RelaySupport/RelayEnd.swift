import Glibc
import Network
package import TURN
package import Wire

/// A TURN client on a real socket, driven by the thread of the test.
package final class RelayEnd {
    private enum Wire {
        case datagrams(DatagramSocket, server: TransportAddress)
        case stream(Int32)
    }

    private var client: TURNClient
    private let wire: Wire
    package private(set) var relayed: TransportAddress?
    package private(set) var ended: TURNClient.Failure?
    package private(set) var heard: [[UInt8]] = []

    /// Allocates for one side of a room of equal octets, or says by ``ended`` why not, within five seconds.
    package convenience init(
        _ transport: TURNClient.Transport, at server: TransportAddress, room: UInt8, role: RelayRole,
        secret: RelaySecret
    ) throws {
        var random = RandomSource.system
        let group = RelayGroup(of: RoomID([UInt8](repeating: room, count: 16))!, secret: secret)
        let name = RelayUsername(expiry: UInt32(time(nil)) + 600, group: group, role: role, random: &random)
        try self.init(transport, at: server, user: name.text, password: name.password(secret: secret))
    }

    /// The same with credentials as a broker grants them.
    package init(
        _ transport: TURNClient.Transport, at server: TransportAddress, user: String, password: String
    ) throws {
        self.client = TURNClient(transport: transport, user: user, password: password, random: .system)
        self.wire =
            transport == .udp
            ? .datagrams(try DatagramSocket(bindingTo: server.ip), server: server) : .stream(try Self.connect(server))
        self.client.start(now: monotonicNow())
        self.run(for: .seconds(5)) { self.relayed != nil || self.ended != nil }
    }

    deinit {
        if case .stream(let descriptor) = self.wire { Glibc.close(descriptor) }
    }

    package func send(_ octets: [UInt8], to peer: TransportAddress) {
        self.client.send(octets, to: peer, now: monotonicNow())
        self.drain()
    }

    package func close() {
        self.client.close(now: monotonicNow())
        self.run(for: .seconds(1)) { self.client.hasEnded }
    }

    /// Serves the socket until `isDone`, or until time is up.
    @discardableResult
    package func run(for limit: Duration, until isDone: () -> Bool) -> Bool {
        let deadline = monotonicNow() + limit
        self.drain()
        while !isDone() {
            guard monotonicNow() < deadline else { return false }
            waitForInput(on: [self.descriptor], for: .milliseconds(10))
            self.receive()
            self.client.handleTimeout(now: monotonicNow())
            self.drain()
        }
        return true
    }

    private var descriptor: Int32 {
        switch self.wire {
        case .datagrams(let socket, _): socket.descriptor
        case .stream(let descriptor): descriptor
        }
    }

    private func receive() {
        switch self.wire {
        case .datagrams(let socket, let server):
            while let (octets, source) = socket.receive() {
                if source == server { self.client.receive(octets, now: monotonicNow()) }
            }
        case .stream(let descriptor):
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { self.client.receive(Array(buffer.prefix(count)), now: monotonicNow()) }
        }
    }

    private func drain() {
        while true {
            switch self.client.pollOutput() {
            case .transmit(let octets):
                switch self.wire {
                case .datagrams(let socket, let server): socket.send(octets, to: server)
                case .stream(let descriptor):
                    _ = Glibc.send(descriptor, octets, octets.count, Int32(MSG_NOSIGNAL))
                }
            case .received(let octets, _): self.heard.append(octets)
            case .event(.allocated(let relayed, _)): self.relayed = relayed
            case .event(.ended(let failure)): self.ended = failure
            case .event: break
            case .wait: return
            }
        }
    }

    private struct CannotConnect: Error {}

    private static func connect(_ server: TransportAddress) throws -> Int32 {
        guard case .v4(let word) = server.ip else { throw CannotConnect() }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = server.port.bigEndian
        name.sin_addr.s_addr = word.bigEndian
        let status = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw CannotConnect() }
        return descriptor
    }
}
