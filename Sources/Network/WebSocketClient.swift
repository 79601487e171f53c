import NIOConcurrencyHelpers
package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
package import Wire

/// What a WebSocket reports, in this order: `opened` at most once, messages, `closed` exactly once.
package enum WebSocketEvent: Equatable, Sendable {
    case opened
    case message([UInt8])
    case closed(WebSocketClosure)
}

/// Why a WebSocket is over.
package enum WebSocketClosure: Equatable, Sendable {
    /// Nobody answers there, or the name is unknown.
    case unreachable
    /// TLS failed: the certificate is not trusted, expired or for another name.
    case untrusted
    /// An HTTP answer other than the upgrade, with its status.
    case refused(status: Int)
    /// The peer closed, with its code if it gave one.
    case closedByPeer(code: UInt16?)
    case violated(WebSocketViolation)
    /// Nothing was heard for too long.
    case silent
    /// The connection broke.
    case lost
    /// ``WebSocketConnection/close()``.
    case closedHere
}

/// One outgoing WebSocket. All methods may be called from any thread.
package final class WebSocketConnection: Sendable {
    private let channel: EventLoopPromise<any Channel>
    private let handler: NIOLoopBoundBox<ClientHandler?>
    private let localAddress = NIOLockedValueBox<IPAddress?>(nil)

    fileprivate init(eventLoop: any EventLoop) {
        self.channel = eventLoop.makePromise()
        self.handler = .makeBoxSendingValue(nil, eventLoop: eventLoop)
    }

    /// Queues one binary message; dropped if the connection is over.
    package func send(_ bytes: [UInt8]) {
        self.channel.futureResult.whenSuccess { channel in
            channel.writeAndFlush(WebSocketOutbound.message(bytes), promise: nil)
        }
    }

    /// Asks the peer for a sign of life; `closed(.silent)` follows if none comes in time.
    package func checkLife(within limit: TimeAmount = .seconds(2)) {
        self.channel.futureResult.whenSuccess { channel in
            channel.writeAndFlush(WebSocketOutbound.askForLife(within: limit), promise: nil)
        }
    }

    /// The address of this machine that the connection stands on, once it is open.
    package var local: IPAddress? { self.localAddress.withLockedValue { $0 } }

    /// Says goodbye and closes; `closed(.closedHere)` follows unless the connection was over already.
    package func close(code: UInt16 = 1000) {
        self.channel.futureResult.whenSuccess { channel in
            channel.eventLoop.execute {
                self.handler.value?.isClosingHere = true
                channel.writeAndFlush(WebSocketOutbound.close(code: code), promise: nil)
            }
        }
    }

    fileprivate func opened(_ channel: any Channel, handler: ClientHandler) {
        self.handler.value = handler
        let local = channel.localAddress?.ipAddress.flatMap { IPAddress($0) }
        self.localAddress.withLockedValue { $0 = local }
        self.channel.succeed(channel)
    }

    fileprivate func failed() {
        self.channel.fail(ChannelError.alreadyClosed)
    }
}

package enum WebSocketClient {
    /// Connects and upgrades; what happens is told to `onEvent`, on the connection's event loop.
    /// - Parameters:
    ///   - timeout: From here to the end of the upgrade.
    package static func connect(
        to url: WebSocketURL, subprotocol: String, trust: ServerTrust = .system, limits: WebSocketLimits = .init(),
        timeout: TimeAmount = .seconds(10), eventLoopGroup: any EventLoopGroup,
        onEvent: @escaping @Sendable (WebSocketEvent) -> Void
    ) -> WebSocketConnection {
        let eventLoop = eventLoopGroup.next()
        let connection = WebSocketConnection(eventLoop: eventLoop)
        let attempt = Attempt(
            url: url, subprotocol: subprotocol, limits: limits, connection: connection, onEvent: onEvent)
        let context: NIOSSLContext?
        do {
            context = url.isSecure ? try TLSClient.context(trust) : nil
        } catch {
            eventLoop.execute {
                connection.failed()
                onEvent(.closed(.untrusted))
            }
            return connection
        }
        ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try attempt.configure(channel, tls: context, timeout: timeout) }
            }
            .connect(host: url.host, port: Int(url.port))
            .whenFailure { _ in
                connection.failed()
                onEvent(.closed(.unreachable))
            }
        return connection
    }
}

/// One try to connect: the pipeline of its channel.
private struct Attempt: Sendable {
    let url: WebSocketURL
    let subprotocol: String
    let limits: WebSocketLimits
    let connection: WebSocketConnection
    let onEvent: @Sendable (WebSocketEvent) -> Void

    func configure(_ channel: any Channel, tls: NIOSSLContext?, timeout: TimeAmount) throws {
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            try pipeline.addHandler(TLSClient.handler(tls, host: self.url.host))
        }
        let handler = ClientHandler(attempt: self, timeout: timeout)
        let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        let request = NIOLoopBound(
            RequestHandler(url: self.url, client: handler), eventLoop: channel.eventLoop)
        let limits = self.limits
        let upgrader = ClientUpgrader(subprotocol: self.subprotocol) { channel in
            channel.pipeline.syncOperations.removeHandler(request.value).flatMapThrowing {
                try channel.pipeline.syncOperations.addWebSocketHandlers(role: .client, limits: limits)
                try channel.pipeline.syncOperations.addHandler(bound.value)
                bound.value.upgraded()
            }
        }
        let configuration: NIOHTTPClientUpgradeSendableConfiguration = (
            upgraders: [upgrader],
            completionHandler: { _ in }
        )
        try pipeline.addHTTPClientHandlers(
            leftOverBytesStrategy: .forwardBytes, withClientUpgrade: configuration)
        try pipeline.addHandler(request.value)
    }
}

/// Sends the one request of the connection and takes any answer that is no upgrade.
private final class RequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let url: WebSocketURL
    private let client: ClientHandler

    init(url: WebSocketURL, client: ClientHandler) {
        self.url = url
        self.client = client
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.client.begin(context.channel)
        if context.channel.isActive { self.sendRequest(context: context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.sendRequest(context: context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = Self.unwrapInboundIn(data) {
            self.client.end(.refused(status: Int(head.status.code)))
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.client.end(.lost)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.client.end(TLSClient.isFailure(error) ? .untrusted : .lost)
        context.close(promise: nil)
    }

    private func sendRequest(context: ChannelHandlerContext) {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: self.url.path)
        head.headers.add(name: "Host", value: self.url.authority)
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    }
}

/// The last handler of an upgraded channel, and the one place that tells how the attempt goes.
private final class ClientHandler: ChannelInboundHandler {
    typealias InboundIn = [UInt8]

    private let attempt: Attempt
    private let timeout: TimeAmount
    private var deadline: Scheduled<Void>?
    private var channel: (any Channel)?
    private var isOver = false
    var isClosingHere = false

    init(attempt: Attempt, timeout: TimeAmount) {
        self.attempt = attempt
        self.timeout = timeout
    }

    func begin(_ channel: any Channel) {
        self.channel = channel
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        self.deadline = channel.eventLoop.scheduleTask(in: self.timeout) {
            bound.value.end(.unreachable)
            channel.close(promise: nil)
        }
    }

    func upgraded() {
        self.deadline?.cancel()
        guard let channel = self.channel, !self.isOver else { return }
        self.attempt.connection.opened(channel, handler: self)
        self.attempt.onEvent(.opened)
    }

    func end(_ closure: WebSocketClosure) {
        guard !self.isOver else { return }
        self.isOver = true
        self.deadline?.cancel()
        self.attempt.connection.failed()
        self.attempt.onEvent(.closed(self.isClosingHere ? .closedHere : closure))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isOver, !self.isClosingHere else { return }
        self.attempt.onEvent(.message(Self.unwrapInboundIn(data)))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event as? WebSocketEnding {
        case .closedByPeer(let code): self.end(.closedByPeer(code: code))
        case .violated(let violation): self.end(.violated(violation))
        case .silent: self.end(.silent)
        case nil: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(.lost)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.end(.lost)
        context.close(promise: nil)
    }
}

/// NIOWebSocket's handshake with our frames behind it.
private struct ClientUpgrader: NIOHTTPClientProtocolUpgrader, Sendable {
    let supportedProtocol = "websocket"
    let requiredUpgradeHeaders: [String] = []

    private let handshake = NIOWebSocketClientUpgrader { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
    private let subprotocol: String
    private let replaceHandlers: @Sendable (any Channel) -> EventLoopFuture<Void>

    init(subprotocol: String, replaceHandlers: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>) {
        self.subprotocol = subprotocol
        self.replaceHandlers = replaceHandlers
    }

    func addCustom(upgradeRequestHeaders: inout HTTPHeaders) {
        self.handshake.addCustom(upgradeRequestHeaders: &upgradeRequestHeaders)
        upgradeRequestHeaders.replaceOrAdd(name: "Sec-WebSocket-Protocol", value: self.subprotocol)
    }

    func shouldAllowUpgrade(upgradeResponse: HTTPResponseHead) -> Bool {
        self.handshake.shouldAllowUpgrade(upgradeResponse: upgradeResponse)
            && upgradeResponse.headers["Sec-WebSocket-Protocol"] == [self.subprotocol]
            && upgradeResponse.headers["Sec-WebSocket-Extensions"].isEmpty
    }

    func upgrade(context: ChannelHandlerContext, upgradeResponse: HTTPResponseHead) -> EventLoopFuture<Void> {
        self.replaceHandlers(context.channel)
    }
}
