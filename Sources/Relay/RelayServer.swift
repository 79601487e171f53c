import CDatagrams
import Foundation
package import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import Network
package import TURN
import Wire

/// A relay as one object: UDP on threads of its own, TCP, TLS and the control socket on one event loop.
///
/// `start` once, `reload` as often as wanted, `shutdown` once; from any thread.
package final class RelayServer: Sendable {
    private struct Running {
        var engine: RelayEngine
        var listeners: [any Channel]
        var ports: RelayPorts
    }

    private let configuration: RelayConfiguration
    private let greetingVersion: String
    private let purpose: String
    private let logger: Logger
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let tls: NIOLockedValueBox<NIOSSLContext?>
    private let stopping = StopFlag()
    private let supervision = Supervision()
    private let running = NIOLockedValueBox<Running?>(nil)

    /// - Parameters:
    ///   - version, purpose: What ``RelayGreeting`` tells the broker.
    package init(
        configuration: RelayConfiguration, version: String = "", purpose: String = "",
        logger: Logger = Logger(label: "relay")
    ) throws(RelayError) {
        self.configuration = configuration
        self.greetingVersion = version
        self.purpose = purpose
        self.logger = logger
        self.tls = NIOLockedValueBox(try Self.tlsContext(configuration))
    }

    /// Called once when the broker says stop, or nobody needs the relay any more.
    package func onStop(_ body: @escaping @Sendable () -> Void) {
        self.supervision.onStop(body)
    }

    /// Serves, and returns the ports.
    package func start() async throws(RelayError) -> RelayPorts {
        do {
            return try await self.listen()
        } catch {
            self.stopping.raise()
            try? await self.group.shutdownGracefully()
            throw error
        }
    }

    /// Reads the certificate again; connections stay.
    package func reload() throws(RelayError) {
        let context = try Self.tlsContext(self.configuration)
        self.tls.withLockedValue { $0 = context }
        self.logger.info("certificate read again")
    }

    package var counts: RelayCounts? {
        self.running.withLockedValue { $0?.engine }?.withServer { $0.counts }
    }

    package func shutdown() async {
        let running = self.running.withLockedValue { value -> Running? in
            defer { value = nil }
            return value
        }
        guard let running else { return }
        // The path first: from here on another relay may take it.
        if let path = self.configuration.controlPath { unlink(path) }
        for listener in running.listeners { try? await listener.close() }
        running.engine.streams.closeAll()
        // No stream sends by UDP any more once its event loop has come to this.
        try? await self.group.next().submit {}.get()
        self.stopping.raise()
        try? await self.group.shutdownGracefully()
        self.logger.info("stopped", metadata: ["relayed": "\(running.engine.withServer { $0.counts.packetsRelayed })"])
    }

    // MARK: Starting

    private func listen() async throws(RelayError) -> RelayPorts {
        let bound = try await self.bindBoth()
        let (engine, sockets) = (bound.engine, bound.sockets)
        var listeners = bound.listeners
        var ports = RelayPorts(port: bound.port)
        if let tlsListen = self.configuration.tlsListen {
            for host in tlsListen.addresses {
                let wanted = ports.tlsPort ?? tlsListen.port
                do {
                    let listener = try await self.bindStreams(host, port: wanted, engine: engine, isTLS: true)
                    ports.tlsPort = listener.localAddress?.port.map { UInt16(clamping: $0) }
                    listeners.append(listener)
                } catch {
                    if ports.tlsPort == nil { throw .cannotListen("\(tlsListen) (TLS)") }
                }
            }
        }
        if let path = self.configuration.controlPath {
            let greeting = RelayGreeting(version: self.greetingVersion, port: bound.port, purpose: self.purpose)
            listeners.append(try await self.bindControl(path, engine: engine, greeting: greeting))
        }
        for shard in sockets {
            let stopping = self.stopping
            let thread = Thread { DatagramLoop(engine: engine, sockets: shard, stopping: stopping).run() }
            thread.name = "relay-udp"
            thread.start()
        }
        self.startTimer(engine)
        self.running.withLockedValue { $0 = Running(engine: engine, listeners: listeners, ports: ports) }
        self.logger.info(
            "relay listens",
            metadata: [
                "port": "\(bound.port)", "tls": "\(ports.tlsPort.map { "\($0)" } ?? "off")",
                "threads": "\(sockets.count)",
            ])
        return ports
    }

    private struct Bound {
        let engine: RelayEngine
        let sockets: [[Int32]]
        let port: UInt16
        let listeners: [any Channel]
    }

    /// UDP and TCP on one port. Left to choose, the kernel finds one that is free for UDP on the first address, and
    /// somebody may have it elsewhere: then it chooses again.
    private func bindBoth() async throws(RelayError) -> Bound {
        let addresses = try self.localAddresses()
        var policy = self.configuration.policy
        try self.choosePublicAddresses(&policy, among: addresses)
        var choices = self.configuration.listen.port == 0 ? Self.choices : 1
        while true {
            choices -= 1
            do throws(RelayError) {
                return try await self.bindBoth(addresses, policy)
            } catch {
                guard choices > 0 else { throw error }
            }
        }
    }

    private func bindBoth(_ addresses: [IPAddress], _ policy: RelayPolicy) async throws(RelayError) -> Bound {
        let (sockets, port) = try self.bindDatagrams(addresses)
        let engine = RelayEngine(policy: policy, secret: self.configuration.secret, sockets: sockets[0])
        var listeners: [any Channel] = []
        for host in self.configuration.listen.addresses {
            do {
                listeners.append(try await self.bindStreams(host, port: port, engine: engine, isTLS: false))
            } catch {
                // `localhost` may lack IPv6.
                guard listeners.isEmpty else { continue }
                for socket in sockets.joined() { close(socket) }
                throw .cannotListen("\(self.configuration.listen) (TCP)")
            }
        }
        return Bound(engine: engine, sockets: sockets, port: port, listeners: listeners)
    }

    /// What a wildcard stands for: answers must leave from the address that was asked, so each has its socket.
    private func localAddresses() throws(RelayError) -> [IPAddress] {
        var found: [IPAddress] = []
        for host in self.configuration.listen.addresses {
            guard let ip = IPAddress(host) else { throw .cannotListen("\(self.configuration.listen)") }
            guard ip.isUnspecified else {
                found.append(ip)
                continue
            }
            // `::` is both families, as for TCP.
            found += NetworkInterfaces.addresses(includingLoopback: true).map(\.ip).filter {
                !$0.isLinkLocal && (ip.isIPv6 || !$0.isIPv6)
            }
        }
        // Listeners are numbered in one octet, of which the last value means a stream.
        guard found.count < 255 else { throw .cannotListen("\(self.configuration.listen): too many addresses") }
        return found
    }

    /// - Returns: For each shard its sockets, one per address, all on one port.
    private func bindDatagrams(_ addresses: [IPAddress]) throws(RelayError) -> ([[Int32]], UInt16) {
        var port = self.configuration.listen.port
        var shards: [[Int32]] = []
        var addresses = addresses
        for shard in 0..<max(1, self.configuration.shards) {
            var sockets: [Int32] = []
            var bound: [IPAddress] = []
            for ip in addresses {
                let descriptor = colloque_datagram_socket(
                    ip.bytes, ip.isIPv6 ? 1 : 0, &port, self.configuration.shards > 1 ? 1 : 0, Self.socketBuffer)
                if descriptor >= 0 {
                    sockets.append(descriptor)
                    bound.append(ip)
                } else if shard == 0, descriptor == -EADDRNOTAVAIL, addresses.count > 1 {
                    self.logger.warning("an address of this machine cannot be used yet; restart the relay once it can")
                } else {
                    for open in shards.joined() + sockets { close(open) }
                    throw .cannotListen("\(self.configuration.listen) (UDP)")
                }
            }
            // A listener's number means the same address to every shard.
            addresses = bound
            guard !bound.isEmpty else { throw .cannotListen("\(self.configuration.listen) (UDP)") }
            shards.append(sockets)
        }
        return (shards, port)
    }

    private func choosePublicAddresses(_ policy: inout RelayPolicy, among local: [IPAddress]) throws(RelayError) {
        for ip in self.configuration.publicAddresses {
            if ip.isIPv6 { policy.publicIPv6 = ip } else { policy.publicIPv4 = ip }
        }
        if policy.publicIPv4 == nil, policy.publicIPv6 == nil {
            let usable = local.contains { !$0.isLoopback } ? local.filter { !$0.isLoopback } : local
            policy.publicIPv4 = usable.first { !$0.isIPv6 }
            policy.publicIPv6 = usable.first { $0.isIPv6 }
        }
        guard policy.publicIPv4 != nil || policy.publicIPv6 != nil else { throw .noPublicAddress }
        // Most clients ask for an IPv4 address, however they come. Relayed addresses are names between two allocations
        // and never go out, so where there is none the dummy address of RFC 7600 §6.8 serves.
        policy.publicIPv4 = policy.publicIPv4 ?? .v4(0xC000_0008)
    }

    private func bindStreams(
        _ host: String, port: UInt16, engine: RelayEngine, isTLS: Bool
    ) async throws -> any Channel {
        let tls = self.tls
        let limit = min(self.configuration.policy.allocations, Self.descriptors - Self.reservedDescriptors)
        let logger = self.logger
        return try await ServerBootstrap(group: self.group)
            .serverChannelInitializer { SpareDescriptor.protect($0, logger: logger) }
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Voice that does not fit into a path is dropped, not queued for seconds.
            .childChannelOption(.socketOption(.so_sndbuf), value: Self.streamBuffer)
            .childChannelOption(
                .writeBufferWaterMark, value: .init(low: Self.streamBuffer / 4, high: Self.streamBuffer)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard engine.streams.count < limit, let source = TransportAddress(channel.remoteAddress) else {
                        throw ChannelError.alreadyClosed
                    }
                    let pipeline = channel.pipeline.syncOperations
                    if isTLS, let context = tls.withLockedValue({ $0 }) {
                        try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try pipeline.addHandler(StreamHandler(engine: engine, source: source))
                }
            }
            .bind(to: SocketAddress(ipAddress: host, port: Int(port))).get()
    }

    private func bindControl(
        _ path: String, engine: RelayEngine, greeting: RelayGreeting
    ) async throws(RelayError) -> any Channel {
        guard path.utf8.count <= 107 else { throw .controlPathTooLong(path) }
        let (supervision, logger) = (self.supervision, self.logger)
        let socket = LocalSocket.bind(path)
        guard socket >= 0 else { throw .cannotListen(path) }
        do {
            return try await ServerBootstrap(group: self.group)
                .serverChannelInitializer { SpareDescriptor.protect($0, logger: logger) }
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            ControlHandler(engine: engine, greeting: greeting, supervision: supervision))
                    }
                }
                .withBoundSocket(socket).get()
        } catch {
            throw .cannotListen(path)
        }
    }

    /// It ends with its event loop.
    private func startTimer(_ engine: RelayEngine) {
        let (supervision, isSupervised) = (self.supervision, self.configuration.isSupervised)
        self.group.next().scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            engine.handleTimeout()
            if isSupervised, supervision.isAbandoned(for: Self.abandonedLimit),
                engine.withServer({ $0.counts.allocations }) == 0
            {
                supervision.stop()
            }
        }
    }

    private static func tlsContext(_ configuration: RelayConfiguration) throws(RelayError) -> NIOSSLContext? {
        guard configuration.tlsListen != nil else { return nil }
        guard let certificate = configuration.tlsCertificate, let key = configuration.tlsKey,
            let context = try? ServerTLS.context(certificate: certificate, key: key)
        else { throw .certificate(configuration.tlsCertificate ?? "no certificate") }
        return context
    }

    /// What this process may open.
    private static var descriptors: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return max(1024, Int(clamping: limit.rlim_cur))
    }

    /// Kept for UDP, for the control socket and for the streams that the broker hands over.
    private static let reservedDescriptors = 512
    private static let socketBuffer: Int32 = 4 << 20
    private static let streamBuffer = 64 * 1024
    /// How often the kernel may choose a port.
    private static let choices = 20
    private static let abandonedLimit: Duration = .seconds(60)
}

extension TransportAddress {
    fileprivate init?(_ address: SocketAddress?) {
        guard let ip = address?.ipAddress.flatMap({ IPAddress($0) }), let port = address?.port else { return nil }
        self.init(ip.unmapped, port: UInt16(clamping: port))
    }
}
