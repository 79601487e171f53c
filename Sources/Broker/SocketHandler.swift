import NIOCore
import Signalling

/// Between one WebSocket's channel and the exchange.
final class SocketHandler: ChannelInboundHandler {
    typealias InboundIn = [UInt8]

    private let exchange: SignallingExchange
    private let source: Source
    private let isReserved: Bool
    private var id: ConnectionID?

    init(exchange: SignallingExchange, source: Source, isReserved: Bool) {
        self.exchange = exchange
        self.source = source
        self.isReserved = isReserved
    }

    /// The 101 is out: the challenge follows it.
    func upgraded(_ channel: any Channel) {
        guard channel.isActive else { return }
        self.id = self.exchange.opened(channel, from: self.source, isReserved: self.isReserved)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if let id = self.id { self.exchange.received(Self.unwrapInboundIn(data), from: id) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let id = self.id { self.exchange.closed(id) }
        self.id = nil
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
