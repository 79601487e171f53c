import Foundation
package import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
package import Network
import Relay
import Signalling
import TURN
import Wire

/// Why the broker does not start.
package enum BrokerError: Error, Equatable, Sendable {
    case configuration(ConfigurationError)
    /// The certificate or its key cannot be read or do not belong together.
    case certificate(String)
    case cannotListen(String)
    /// The relay does not start, or its secret cannot be read: words for the administrator.
    case relay(String)
    case store(StoreError)
    /// Another broker runs with this state directory.
    case stateInUse(String)
}

/// The ports a broker really got, in case it was asked for port 0.
package struct BoundAddresses: Equatable, Sendable {
    package var port: UInt16
    package var relayPort: UInt16?
    package var redirectPort: UInt16?
}

/// The broker as one object: HTTPS, WebSocket and TURN over TLS on one port and one event loop, and the hold on a relay
/// process beside it.
///
/// `start` once, then `reload` as often as wanted, then `shutdown` once; from any thread.
package final class BrokerServer: Sendable {
    private struct Running {
        var listeners: [any Channel]
        var site: NIOLoopBound<Site>
        var ports: BoundAddresses
        var configuration: BrokerConfiguration
        var relay: RelayLink?
        var grants: RelayGrants?
    }

    private let initial: BrokerConfiguration
    private let store: any RoomStore
    private let limits: WebSocketLimits
    private let stages: StageLimits
    private let inherited: [CInt]
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let running = NIOLockedValueBox<Running?>(nil)
    private let lock = NIOLockedValueBox<ProcessLock?>(nil)

    /// Opens the store named in the configuration.
    /// - Parameters:
    ///   - inheritedSockets: Listening TCP sockets from the service manager, used in place of `listen`.
    package init(
        configuration: BrokerConfiguration, limits: WebSocketLimits = .init(), stages: StageLimits = .init(),
        inheritedSockets: [CInt] = [], logger: Logger = Logger(label: "broker")
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
        self.stages = stages
        self.inherited = inheritedSockets
        self.logger = logger
        self.group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    /// Listens, and returns once connections are served.
    package func start() async throws(BrokerError) -> BoundAddresses {
        // What is wrong with the configuration is found before a relay is touched.
        _ = try Self.tlsContext(self.initial)
        guard let lock = ProcessLock(directory: self.initial.state, name: "broker.lock") else {
            throw .stateInUse(self.initial.state)
        }
        self.lock.withLockedValue { $0 = lock }
        let relay = try self.relayLink(self.initial)
        do {
            // First of all: whoever can reach the broker can reach its relay.
            let relayPort = try await self.start(relay)
            return try await self.listen(relay: relay, relayPort: relayPort)
        } catch {
            await relay?.shutdown(evenIfTakenOver: false)
            self.lock.withLockedValue { $0 = nil }
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
        let grants = try self.grants(
            configuration, port: running.ports.port, relay: running.relay, continuing: running.grants)
        let switchboard = self.switchboard(configuration, names: names, grants: grants)
        running.site.eventLoop.execute {
            running.site.value.reload(configuration, names: names, tls: tls)
            running.site.value.exchange.reconfigure(switchboard, grants: grants)
        }
        self.running.withLockedValue { value in
            value?.configuration = configuration
            value?.grants = grants
        }
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
        await running.relay?.shutdown(evenIfTakenOver: true)
        try? await self.group.shutdownGracefully()
        self.lock.withLockedValue { $0 = nil }
        self.logger.info("stopped")
    }

    // MARK: Starting

    private func listen(relay: RelayLink?, relayPort: UInt16?) async throws(BrokerError) -> BoundAddresses {
        let configuration = self.initial
        let tls = try Self.tlsContext(configuration)
        let loop = self.group.next()
        let (store, logger, limits, stages) = (self.store, self.logger, self.limits, self.stages)
        let lobby = NIOLoopBoundBox<Site?>.makeBoxSendingValue(nil, eventLoop: loop)
        let door = Door(loop: loop, logger: logger)
        let bootstrap = { (accept: @escaping @Sendable (Site) -> (any Channel) throws -> Void) in
            door.bootstrap { channel in
                // A connection in the instant before everything stands is turned away.
                guard let site = lobby.value else { throw ChannelError.alreadyClosed }
                try accept(site)(channel)
            }
        }
        let served = bootstrap(Site.accept)
        var listeners: [any Channel] = []
        do {
            if self.inherited.isEmpty {
                listeners = try await door.bind(configuration.listen, served)
            } else {
                for socket in self.inherited { listeners.append(try await served.withBoundSocket(socket).get()) }
            }
        } catch {
            throw .cannotListen("\(configuration.listen)")
        }
        let port = UInt16(clamping: listeners.first?.localAddress?.port ?? 0)
        var ports = BoundAddresses(port: port, relayPort: relayPort)
        if let address = configuration.redirectListen {
            do {
                let channels = try await door.bind(address, bootstrap(Site.acceptForRedirect))
                ports.redirectPort = channels.first?.localAddress?.port.map { UInt16(clamping: $0) }
                listeners += channels
            } catch {
                throw .cannotListen("\(address)")
            }
        }
        let names = SiteNames(configuration: configuration, port: port)
        let grants = try self.grants(configuration, port: port, relay: relay)
        let switchboard = self.switchboard(configuration, names: names, grants: grants)
        // A TURN stream that is passed on takes two descriptors.
        let connections = Self.connectionsWithinDescriptorLimit(
            configuration.connections, each: relay == nil ? 1 : 2)
        let site: NIOLoopBound<Site>
        do {
            site = try await loop.submit {
                let clock = BrokerClock()
                let exchange = try SignallingExchange(
                    eventLoop: loop, store: store, configuration: switchboard, grants: grants, clock: clock,
                    logger: logger)
                let site = Site(
                    configuration: configuration, names: names, tls: tls, exchange: exchange, clock: clock,
                    limits: limits, stages: stages, connections: connections, relayControlPath: relay?.controlPath)
                lobby.value = site
                return NIOLoopBound(site, eventLoop: loop)
            }.get()
        } catch {
            throw .store(error as? StoreError ?? .database("cannot open"))
        }
        self.running.withLockedValue { value in
            value = Running(
                listeners: listeners, site: site, ports: ports, configuration: configuration, relay: relay,
                grants: grants)
        }
        self.logger.info(
            "listening", metadata: ["port": "\(port)", "relay": "\(ports.relayPort.map { "\($0)" } ?? "off")"])
        return ports
    }

    // MARK: The relay

    private func relayLink(_ configuration: BrokerConfiguration) throws(BrokerError) -> RelayLink? {
        if let path = configuration.relay.control {
            return RelayLink(
                controlPath: path, command: nil, version: colloqueVersion, purpose: "", group: self.group,
                logger: self.logger)
        }
        guard let command = RelayCommandLine(configuration) else { return nil }
        return RelayLink(
            controlPath: command.controlPath,
            command: RelayLink.Command(executable: configuration.relay.executable, arguments: command.arguments),
            version: colloqueVersion, purpose: command.purpose, group: self.group, logger: self.logger)
    }

    private func start(_ relay: RelayLink?) async throws(BrokerError) -> UInt16? {
        guard let relay else { return nil }
        let settings = self.initial.relay
        if settings.control != nil, settings.threads > 1 || !settings.publicAddresses.isEmpty {
            self.logger.warning("relay-threads and relay-public-address belong to the relay's own command line here")
        }
        _ = try self.secret(self.initial)  // Made before the relay looks for it.
        do {
            return try await relay.start()
        } catch {
            switch error {
            case .silent where self.initial.relay.control != nil: return nil
            case .silent: throw .relay("does not answer on \(relay.controlPath)")
            case .cannotStart(let words): throw .relay(words)
            }
        }
    }

    private func secret(_ configuration: BrokerConfiguration) throws(BrokerError) -> RelaySecret {
        let path = configuration.relaySecretFile
        do {
            return try RelaySecretFile.readOrMake(path)
        } catch {
            throw .relay(error.words)
        }
    }

    private func grants(
        _ configuration: BrokerConfiguration, port: UInt16, relay: RelayLink?, continuing former: RelayGrants? = nil
    ) throws(BrokerError) -> RelayGrants? {
        guard relay != nil || !configuration.relay.urls.isEmpty else { return nil }
        return RelayGrants(
            secret: try self.secret(configuration), continuing: former,
            urls: { RelayURLs.list(configuration, port: port, relayPort: relay?.port) },
            close: { relay?.close($0) })
    }

    private func switchboard(
        _ configuration: BrokerConfiguration, names: SiteNames, grants: RelayGrants?
    ) -> Switchboard.Configuration {
        let (store, logger) = (self.store, self.logger)
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
            relayCredentials: { grants?.credentials(for: $0, side: $1, unixTime: $2) })
    }

    private static func tlsContext(_ configuration: BrokerConfiguration) throws(BrokerError) -> NIOSSLContext? {
        guard let certificate = configuration.tlsCertificate, let key = configuration.tlsKey else { return nil }
        do {
            return try ServerTLS.context(certificate: certificate, key: key)
        } catch {
            throw .certificate(certificate)
        }
    }

    /// Descriptors run out before memory does: what the process may open bounds what it accepts.
    private static func connectionsWithinDescriptorLimit(_ wanted: Int, each: Int) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return wanted }
        return min(wanted, max(16, (Int(clamping: limit.rlim_cur) - 64) / each))
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
