import Foundation
package import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
package import Network
import Signalling

/// Why the broker does not start.
package enum BrokerError: Error, Equatable, Sendable {
    case configuration(ConfigurationError)
    /// The certificate or its key cannot be read or do not belong together.
    case certificate(String)
    case cannotListen(String)
    case store(StoreError)
}

/// The ports a broker really got, in case it was asked for port 0.
package struct BoundAddresses: Equatable, Sendable {
    package var port: UInt16
    package var relayPort: UInt16?
}

/// The broker as one object: HTTPS and WebSocket on one port, STUN on another, one event loop for all.
///
/// `start` once, then `reload` as often as wanted, then `shutdown` once; from any thread.
package final class BrokerServer: Sendable {
    private struct Running {
        var listeners: [any Channel]
        var site: NIOLoopBound<Site>
        var ports: BoundAddresses
        var configuration: BrokerConfiguration
    }

    private let initial: BrokerConfiguration
    private let store: any RoomStore
    private let limits: WebSocketLimits
    private let inherited: [CInt]
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let running = NIOLockedValueBox<Running?>(nil)

    /// Opens the store named in the configuration.
    /// - Parameters:
    ///   - inheritedSockets: Listening TCP sockets from the service manager, used in place of `listen`.
    package init(
        configuration: BrokerConfiguration, limits: WebSocketLimits = .init(), inheritedSockets: [CInt] = [],
        logger: Logger = Logger(label: "broker")
    ) throws(BrokerError) {
        do {
            try configuration.validate()
        } catch {
            throw .configuration(error)
        }
        do {
            self.store = try SQLiteRoomStore(directory: configuration.state)
        } catch {
            throw .store(error)
        }
        self.initial = configuration
        self.limits = limits
        self.inherited = inheritedSockets
        self.logger = logger
        self.group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    /// Listens, and returns once connections are served.
    package func start() async throws(BrokerError) -> BoundAddresses {
        do {
            return try await self.listen()
        } catch {
            try? await self.group.shutdownGracefully()
            throw error
        }
    }

    /// Reads certificates again and takes over hosts, origins and limits; addresses stay as they are.
    package func reload(_ configuration: BrokerConfiguration) async throws(BrokerError) {
        do {
            try configuration.validate()
        } catch {
            throw .configuration(error)
        }
        guard let running = self.running.withLockedValue({ $0 }) else { return }
        guard configuration.isTLS == running.configuration.isTLS else {
            throw .configuration(ConfigurationError("TLS comes or goes only with a restart"))
        }
        let tls = try Self.tlsContext(configuration)
        let names = SiteNames(configuration: configuration, port: running.ports.port)
        let switchboard = self.switchboard(configuration, names: names, relayPort: running.ports.relayPort)
        running.site.eventLoop.execute {
            running.site.value.reload(configuration, names: names, tls: tls)
            running.site.value.exchange.reconfigure(switchboard)
        }
        self.running.withLockedValue { $0?.configuration = configuration }
        self.logger.info("configuration and certificates read again")
    }

    /// Stops listening, tells every socket to come back later, waits up to 3 s for them to go.
    package func shutdown() async {
        guard let running = self.running.withLockedValue({ value in exchangeValue(&value, with: nil) }) else { return }
        let site = running.site
        for listener in running.listeners { try? await listener.close() }
        let drained = site.eventLoop.makePromise(of: Void.self)
        site.eventLoop.execute {
            site.value.exchange.shutDown()
            Self.waitUntilEmpty(site, deadline: .now() + .seconds(3), then: drained)
        }
        try? await drained.futureResult.get()
        try? await self.group.shutdownGracefully()
        self.logger.info("stopped")
    }

    // MARK: Starting

    private func listen() async throws(BrokerError) -> BoundAddresses {
        let configuration = self.initial
        let tls = try Self.tlsContext(configuration)
        let loop = self.group.next()
        let lobby = NIOLoopBoundBox<Site?>.makeBoxSendingValue(nil, eventLoop: loop)
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptBackoffHandler(backoffProvider: { _ in .milliseconds(100) }))
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // The kernel would take megabytes for a peer that reads nothing; what is queued is to be seen and bounded.
            .childChannelOption(.socketOption(.so_sndbuf), value: 64 * 1024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // A connection in the instant before everything stands is turned away.
                    guard let site = lobby.value else { throw ChannelError.alreadyClosed }
                    try site.accept(channel)
                }
            }
        var listeners: [any Channel] = []
        do {
            if self.inherited.isEmpty {
                listeners = try await self.bindAll(configuration.listen) { address in
                    try await bootstrap.bind(to: address).get()
                }
            } else {
                for socket in self.inherited { listeners.append(try await bootstrap.withBoundSocket(socket).get()) }
            }
        } catch {
            throw .cannotListen("\(configuration.listen)")
        }
        let port = UInt16(clamping: listeners.first?.localAddress?.port ?? 0)
        let datagrams = try await self.bindRelay(configuration, lobby: lobby, loop: loop)
        let relayPort = datagrams.first?.localAddress?.port.map { UInt16(clamping: $0) }
        let ports = BoundAddresses(port: port, relayPort: relayPort)
        let names = SiteNames(configuration: configuration, port: port)
        let switchboard = self.switchboard(configuration, names: names, relayPort: relayPort)
        let (store, logger, limits) = (self.store, self.logger, self.limits)
        let connections = Self.connectionsWithinDescriptorLimit(configuration.connections)
        let site: NIOLoopBound<Site>
        do {
            site = try await loop.submit {
                let clock = BrokerClock()
                let exchange = try SignallingExchange(
                    eventLoop: loop, store: store, configuration: switchboard, clock: clock, logger: logger)
                let site = Site(
                    configuration: configuration, names: names, tls: tls, exchange: exchange, clock: clock,
                    limits: limits, connections: connections)
                lobby.value = site
                return NIOLoopBound(site, eventLoop: loop)
            }.get()
        } catch {
            throw .store(error as? StoreError ?? .database("cannot open"))
        }
        self.running.withLockedValue { value in
            value = Running(
                listeners: listeners + datagrams, site: site, ports: ports, configuration: configuration)
        }
        self.logger.info(
            "listening", metadata: ["port": "\(port)", "stun": "\(relayPort.map { "\($0)" } ?? "off")"])
        return ports
    }

    /// Binds every address; `localhost` may lack IPv6, and both its addresses share the port the first one got.
    private func bindAll(
        _ listen: ListenAddress, _ bind: (SocketAddress) async throws -> any Channel
    ) async throws -> [any Channel] {
        var channels: [any Channel] = []
        var port = Int(listen.port)
        for host in listen.addresses {
            do {
                let channel = try await bind(SocketAddress(ipAddress: host, port: port))
                port = channel.localAddress?.port ?? port
                channels.append(channel)
            } catch {
                if channels.isEmpty { throw error }
                self.logger.info("one of the two loopback addresses is not available")
            }
        }
        return channels
    }

    private func bindRelay(
        _ configuration: BrokerConfiguration, lobby: NIOLoopBoundBox<Site?>, loop: any EventLoop
    ) async throws(BrokerError) -> [any Channel] {
        guard let address = configuration.relayListen else { return [] }
        let bootstrap = DatagramBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(BindingHandler(lobby: lobby))
                }
            }
        do {
            return try await self.bindAll(address) { try await bootstrap.bind(to: $0).get() }
        } catch {
            throw .cannotListen("\(address) (UDP)")
        }
    }

    private func switchboard(
        _ configuration: BrokerConfiguration, names: SiteNames, relayPort: UInt16?
    ) -> Switchboard.Configuration {
        let (store, logger) = (self.store, self.logger)
        let relayHost =
            configuration.relayHost ?? (configuration.isTLS ? configuration.hosts.first : nil) ?? "127.0.0.1"
        let credentials = relayPort.map { port in
            RelayCredentials(urls: ["stun:\(relayHost):\(port)"], user: "", password: "", timeToLive: 600)
        }
        return Switchboard.Configuration(
            hosts: names.authorities,
            isEnrolled: { key in
                do {
                    return try store.isEnrolled(key)
                } catch {
                    logger.error("enrolments cannot be read", metadata: ["error": "\(error)"])
                    return false
                }
            },
            relayCredentials: { _, _, _ in credentials })
    }

    private static func tlsContext(_ configuration: BrokerConfiguration) throws(BrokerError) -> NIOSSLContext? {
        guard let certificate = configuration.tlsCertificate, let key = configuration.tlsKey else { return nil }
        do {
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
            tls.minimumTLSVersion = .tlsv12
            tls.cipherSuiteValues = [
                .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            ]
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw .certificate(certificate)
        }
    }

    /// Descriptors run out before memory does: what the process may open bounds what it accepts.
    private static func connectionsWithinDescriptorLimit(_ wanted: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return wanted }
        return min(wanted, max(16, Int(clamping: limit.rlim_cur) - 64))
    }

    private static func waitUntilEmpty(
        _ site: NIOLoopBound<Site>, deadline: NIODeadline, then promise: EventLoopPromise<Void>
    ) {
        if site.value.isEmpty || NIODeadline.now() >= deadline {
            promise.succeed()
        } else {
            site.eventLoop.scheduleTask(in: .milliseconds(20)) {
                self.waitUntilEmpty(site, deadline: deadline, then: promise)
            }
        }
    }
}

private func exchangeValue<Value>(_ value: inout Value, with new: Value) -> Value {
    defer { value = new }
    return value
}
