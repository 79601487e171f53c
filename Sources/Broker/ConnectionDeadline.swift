import NIOCore
import NIOTLS

/// Gives each stage of a young connection one absolute time, however slowly octets drip in.
final class ConnectionDeadline: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    enum Stage {
        case handshake, request, response
        /// A WebSocket looks after its own life.
        case upgraded

        fileprivate var limit: TimeAmount? {
            switch self {
            case .handshake, .request: .seconds(5)
            case .response: .seconds(60)
            case .upgraded: nil
            }
        }
    }

    private var timer: Scheduled<Void>?

    func enter(_ stage: Stage, channel: any Channel) {
        self.timer?.cancel()
        self.timer = stage.limit.map { limit in
            channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            self.enter(.request, channel: context.channel)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.timer?.cancel()
    }
}
