package import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
package import Wire

/// What a byte stream reports, in this order: `opened` at most once, octets, `closed` exactly once.
package enum StreamEvent: Equatable, Sendable {
    /// TCP stands, and TLS if it was asked for. The address of this machine that it stands on.
    case opened(local: IPAddress?)
    /// As they come; at least one.
    case received([UInt8])
    case closed(StreamClosure)
}

/// Why a byte stream is over.
package enum StreamClosure: Equatable, Sendable {
    /// Nobody answers there, or the name is unknown.
    case unreachable
    /// TLS failed: the certificate is not trusted, expired or for another name.
    case untrusted
    /// The connection broke, or the peer closed it.
    case lost
    /// ``StreamConnection/close()``.
    case closedHere
}

/// One outgoing byte stream. All methods may be called from any thread.
package final class StreamConnection: Sendable {
    private let channel: EventLoopPromise<any Channel>

    fileprivate init(eventLoop: any EventLoop) {
        self.channel = eventLoop.makePromise()
    }

    /// Writes the octets, or drops them whole if the stream is over or takes no more: what it carries is only of use
    /// while it is fresh.
    package func send(_ octets: [UInt8]) {
        self.channel.futureResult.whenSuccess { channel in
            guard channel.isWritable else { return }
            channel.writeAndFlush(ByteBuffer(bytes: octets), promise: nil)
        }
    }

    /// `closed(.closedHere)` follows unless the stream was over already.
    package func close() {
        self.channel.futureResult.whenSuccess { channel in
            channel.triggerUserOutboundEvent(StreamGoodbye(), promise: nil)
        }
    }

    fileprivate func began(_ channel: any Channel) {
        self.channel.succeed(channel)
    }

    fileprivate func failed() {
        self.channel.fail(ChannelError.alreadyClosed)
    }
}

package enum StreamClient {
    /// Connects, over TLS if `trust` says whom to believe; what happens is told to `onEvent`, on the event loop.
    /// - Parameters:
    ///   - host: a name or an address; a certificate has to be for it.
    ///   - timeout: from here to ``StreamEvent/opened(local:)``.
    package static func connect(
        to host: String, port: UInt16, trust: ServerTrust?, timeout: TimeAmount = .seconds(8),
        eventLoopGroup: any EventLoopGroup, onEvent: @escaping @Sendable (StreamEvent) -> Void
    ) -> StreamConnection {
        let eventLoop = eventLoopGroup.next()
        let connection = StreamConnection(eventLoop: eventLoop)
        let context: NIOSSLContext?
        do {
            context = try trust.map(TLSClient.context)
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
            .channelOption(.tcpOption(Self.userTimeout), value: Self.unacknowledgedLimit)
            .channelOption(.writeBufferWaterMark, value: Self.waterMark)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(TLSClient.handler(context, host: host)) }
                    try pipeline.addHandler(
                        StreamHandler(
                            connection: connection, isSecure: context != nil, timeout: timeout, onEvent: onEvent))
                }
            }
            .connect(host: host, port: Int(port))
            .whenFailure { _ in
                connection.failed()
                onEvent(.closed(.unreachable))
            }
        return connection
    }

    /// TCP_USER_TIMEOUT of tcp(7).
    private static let userTimeout = NIOBSDSocket.Option(rawValue: 18)
    /// Milliseconds. A peer that acknowledges nothing for so long is gone.
    private static let unacknowledgedLimit = 10_000
    /// About two seconds of voice: later octets would only make those behind them older.
    private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 8 * 1024, high: 16 * 1024)
}

private struct StreamGoodbye: Sendable {}

/// The last handler of the channel, and the one place that tells how the stream goes.
private final class StreamHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let connection: StreamConnection
    private let isSecure: Bool
    private let timeout: TimeAmount
    private let onEvent: @Sendable (StreamEvent) -> Void
    private var deadline: Scheduled<Void>?
    private var isOpen = false
    private var isOver = false

    init(
        connection: StreamConnection, isSecure: Bool, timeout: TimeAmount,
        onEvent: @escaping @Sendable (StreamEvent) -> Void
    ) {
        self.connection = connection
        self.isSecure = isSecure
        self.timeout = timeout
        self.onEvent = onEvent
    }

    func channelActive(context: ChannelHandlerContext) {
        if self.isSecure {
            let context = NIOLoopBound(context, eventLoop: context.eventLoop)
            let handler = NIOLoopBound(self, eventLoop: context.value.eventLoop)
            self.deadline = context.value.eventLoop.scheduleTask(in: self.timeout) {
                handler.value.end(.unreachable, context.value)
            }
        } else {
            self.opened(context)
        }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { self.opened(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isOver else { return }
        self.onEvent(.received(Array(Self.unwrapInboundIn(data).readableBytesView)))
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(self.isOpen ? .lost : .unreachable, context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.end(!self.isOpen && TLSClient.isFailure(error) ? .untrusted : .lost, context)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is StreamGoodbye else { return context.triggerUserOutboundEvent(event, promise: promise) }
        self.end(.closedHere, context)
        promise?.succeed()
    }

    private func opened(_ context: ChannelHandlerContext) {
        guard !self.isOpen, !self.isOver else { return }
        self.isOpen = true
        self.deadline?.cancel()
        self.connection.began(context.channel)
        self.onEvent(.opened(local: context.localAddress?.ipAddress.flatMap { IPAddress($0) }))
    }

    private func end(_ closure: StreamClosure, _ context: ChannelHandlerContext) {
        guard !self.isOver else { return }
        self.isOver = true
        self.deadline?.cancel()
        if !self.isOpen { self.connection.failed() }
        self.onEvent(.closed(closure))
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension StreamHandler: Sendable {}
