import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Network
import Signalling
import Wire

/// Real time for the cores.
struct BrokerClock: Sendable {
    private let origin = ContinuousClock.now

    /// Since the broker started, suspended time included.
    func now() -> Instant {
        .zero + (ContinuousClock.now - self.origin)
    }

    /// Unix seconds.
    func unixTime() -> UInt64 {
        UInt64(max(0, Date().timeIntervalSince1970))
    }
}

func ipAddress(of address: SocketAddress?) -> IPAddress? {
    address?.ipAddress.flatMap { IPAddress($0) }
}

/// What every connection shares: the page, the rule, the counts, the exchange. Confined to one event loop.
final class Site {
    let exchange: SignallingExchange
    let clock: BrokerClock
    private(set) var page: PageResponse
    private(set) var rule: UpgradeRule
    private var names: SiteNames
    private var configuration: BrokerConfiguration
    private var tls: NIOSSLContext?
    private var tags: SourceTags
    private var census: ConnectionCensus
    private let limits: WebSocketLimits
    private let stages: StageLimits
    /// Where TURN streams go that come in on this port; `nil` without a relay here.
    private let relayControlPath: String?

    init(
        configuration: BrokerConfiguration, names: SiteNames, tls: NIOSSLContext?, exchange: SignallingExchange,
        clock: BrokerClock, limits: WebSocketLimits, stages: StageLimits, connections: Int,
        relayControlPath: String?
    ) {
        self.configuration = configuration
        self.names = names
        self.tls = tls
        self.exchange = exchange
        self.clock = clock
        self.limits = limits
        self.stages = stages
        self.relayControlPath = relayControlPath
        self.page = PageResponse(socketOrigins: names.socketOrigins, isTLS: configuration.isTLS)
        self.rule = UpgradeRule(pageOrigins: names.pageOrigins)
        self.tags = SourceTags(hospitals: configuration.hospitals, now: clock.now())
        self.census = ConnectionCensus(total: connections, reserved: connections / 10)
    }

    /// Takes over what may change while connections are open.
    func reload(_ configuration: BrokerConfiguration, names: SiteNames, tls: NIOSSLContext?) {
        self.configuration = configuration
        self.names = names
        self.tls = tls
        self.page = PageResponse(socketOrigins: names.socketOrigins, isTLS: configuration.isTLS)
        self.rule = UpgradeRule(pageOrigins: names.pageOrigins)
        self.tags = SourceTags(hospitals: configuration.hospitals, now: self.clock.now())
    }

    var isEmpty: Bool { self.census.isEmpty }

    func source(of address: IPAddress) -> Source {
        self.tags.source(of: address, now: self.clock.now())
    }

    /// Counts a fresh connection and builds its pipeline, or closes it.
    func accept(_ channel: any Channel) throws {
        guard let (address, source, isReserved) = self.enter(channel) else { return }
        try self.configure(channel, address: address, source: source, isReserved: isReserved)
    }

    /// The same for a connection without TLS that is only told where the page is.
    func acceptForRedirect(_ channel: any Channel) throws {
        guard self.enter(channel) != nil else { return }
        let deadline = ConnectionDeadline(self.stages)
        deadline.enter(.request, channel: channel)
        try channel.pipeline.syncOperations.addHandlers([
            deadline, HTTPResponseEncoder(),
            ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: Self.headerLimits)),
            RedirectHandler(target: self.names.pageAddress, deadline: deadline),
        ])
    }

    /// - Returns: who it is, and whether only the places kept for doctors are left; `nil` when it was closed.
    private func enter(_ channel: any Channel) -> (IPAddress, Source, isReserved: Bool)? {
        guard let address = ipAddress(of: channel.remoteAddress)?.unmapped else {
            channel.close(promise: nil)
            return nil
        }
        let source = self.source(of: address)
        let limit =
            address.isIPv6 ? self.configuration.connectionsPerIPv6Network : self.configuration.connectionsPerIPv4
        let verdict = self.census.enter(source, limit: limit)
        guard verdict != .refused else {
            channel.close(promise: nil)
            return nil
        }
        let site = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.closeFuture.whenComplete { _ in site.value.census.leave(source) }
        return (address, source, verdict == .doctorsOnly)
    }

    /// RFC 9116; `nil` without a contact.
    func securityText() -> String? {
        guard let contact = self.configuration.securityContact else { return nil }
        let expiry = Date().addingTimeInterval(180 * 86_400).formatted(.iso8601)
        return "Contact: \(contact)\nExpires: \(expiry)\nPreferred-Languages: fr, en\n"
    }

    /// The signed manifest of the release; `nil` without one, or one that cannot be read now.
    func manifest() -> ByteBuffer? {
        guard let path = self.configuration.manifest, let file = FileHandle(forReadingAtPath: path),
            let octets = try? file.read(upToCount: Self.maximumManifestLength)
        else { return nil }
        return ByteBuffer(bytes: octets)
    }

    private func configure(
        _ channel: any Channel, address: IPAddress, source: Source, isReserved: Bool
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        if let tls = self.tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        let deadline = ConnectionDeadline(self.stages)
        try pipeline.addHandler(deadline)
        deadline.enter(self.tls == nil ? .request : .handshake, channel: channel)
        guard let relay = self.relayControlPath else {
            return try self.addHTTP(to: channel, deadline: deadline, source: source, isReserved: isReserved)
        }
        let client = TransportAddress(address, port: UInt16(clamping: channel.remoteAddress?.port ?? 0))
        try pipeline.addHandler(
            ProtocolChooser { [unowned self] choice, context in
                switch choice {
                case .http:
                    try self.addHTTP(to: channel, deadline: deadline, source: source, isReserved: isReserved)
                case .turn where isReserved: context.close(promise: nil)
                case .turn:
                    // The relay has its own limit for streams that never allocate.
                    deadline.enter(.upgraded, channel: channel)
                    try context.pipeline.syncOperations.addHandler(RelayPassage(controlPath: relay, source: client))
                }
            })
    }

    private func addHTTP(
        to channel: any Channel, deadline: ConnectionDeadline, source: Source, isReserved: Bool
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        let socket = SocketHandler(exchange: self.exchange, source: source, isReserved: isReserved)
        let boundSocket = NIOLoopBound(socket, eventLoop: channel.eventLoop)
        let boundDeadline = NIOLoopBound(deadline, eventLoop: channel.eventLoop)
        let encoder = HTTPResponseEncoder()
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: Self.headerLimits))
        let request = RequestHandler(site: self, deadline: deadline, isReserved: isReserved)
        let upgrader = ServerUpgrader(rule: self.rule, limits: self.limits) { channel in
            boundDeadline.value.enter(.upgraded, channel: channel)
            try channel.pipeline.syncOperations.addHandler(boundSocket.value)
            boundSocket.value.upgraded(channel)
        }
        let upgrade = HTTPServerUpgradeHandler(
            upgraders: [upgrader], httpEncoder: encoder, extraHTTPHandlers: [decoder, request],
            upgradeCompletionHandler: { _ in })
        try pipeline.addHandlers([encoder, decoder, upgrade, request] as [any ChannelHandler])
    }

    private static let maximumManifestLength = 65536

    private static let headerLimits: NIOHTTPDecoderLimitConfiguration = {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 2048
        limits.maxHeaderListSize = 8192
        limits.maxHeaderFieldCount = 64
        return limits
    }()
}

@available(*, unavailable)
extension Site: Sendable {}
