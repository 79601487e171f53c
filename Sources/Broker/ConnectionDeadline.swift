package import NIOCore
import NIOTLS

/// How long each stage of a young connection may last.
package struct StageLimits: Sendable {
    /// Until TLS is agreed.
    package var handshake: TimeAmount = .seconds(5)
    /// From there, or from accept without TLS, until the whole head of a request is in.
    package var request: TimeAmount = .seconds(5)
    /// Until the peer has taken the whole answer.
    package var response: TimeAmount = .seconds(60)

    package init() {}
}

/// Gives each stage of a young connection one absolute time, however slowly octets drip in.
final class ConnectionDeadline: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    enum Stage {
        case handshake, request, response
        /// A WebSocket looks after its own life.
        case upgraded
    }

    private let limits: StageLimits
    private var timer: Scheduled<Void>?

    init(_ limits: StageLimits) {
        self.limits = limits
    }

    func enter(_ stage: Stage, channel: any Channel) {
        self.timer?.cancel()
        self.timer = self.limit(of: stage).map { limit in
            channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
        }
    }

    private func limit(of stage: Stage) -> TimeAmount? {
        switch stage {
        case .handshake: self.limits.handshake
        case .request: self.limits.request
        case .response: self.limits.response
        case .upgraded: nil
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
