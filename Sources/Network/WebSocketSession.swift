package import NIOCore
package import NIOWebSocket

/// How an upgraded connection behaves at either end.
package struct WebSocketLimits: Sendable {
    /// Octets of one message, however many frames it comes in.
    package var maximumMessageCount = 65_600
    package var pingInterval: TimeAmount = .seconds(20)
    /// A peer that sent nothing for this long is gone.
    package var silenceLimit: TimeAmount = .seconds(45)
    /// From our close frame to the end of the connection, if the peer does not answer it.
    package var closeLinger: TimeAmount = .seconds(2)

    package init() {}
}

/// What goes out through a ``WebSocketSession``.
package enum WebSocketOutbound: Sendable {
    case message([UInt8])
    /// A ping; the peer is gone unless something, whatever it is, comes within this time.
    case askForLife(within: TimeAmount)
    /// A close frame; nothing is sent after it and nothing more is passed on.
    case close(code: UInt16)
}

/// How a session ended, told once, as a user event, before the channel becomes inactive.
package enum WebSocketEnding: Equatable, Sendable {
    /// The peer's close frame, with its code if it had one.
    case closedByPeer(code: UInt16?)
    case violated(WebSocketViolation)
    case silent
}

/// The part of a WebSocket between frames and messages: joins fragments, answers pings, asks for life, closes.
///
/// Inbound it passes whole binary messages on as `[UInt8]`. Confined to its channel's event loop.
package final class WebSocketSession: ChannelDuplexHandler {
    package typealias InboundIn = WebSocketPlainFrame
    package typealias InboundOut = [UInt8]
    package typealias OutboundIn = WebSocketOutbound
    package typealias OutboundOut = WebSocketFrame

    private enum State {
        case open
        /// Our close frame is out: whatever still comes is discarded until the peer closes or the time is over.
        case closing
        case closed
    }

    private let role: WebSocketRole
    private let limits: WebSocketLimits
    private var state = State.open
    /// The message under way in fragments.
    private var fragments: ByteBuffer?
    private var lastHeard: NIODeadline = .now()
    private var timer: RepeatedTask?
    private var lifeDemand: Scheduled<Void>?

    package init(role: WebSocketRole, limits: WebSocketLimits) {
        self.role = role
        self.limits = limits
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        self.lastHeard = .now()
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        let session = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        self.timer = context.value.eventLoop.scheduleRepeatedTask(
            initialDelay: self.limits.pingInterval, delay: self.limits.pingInterval
        ) { _ in
            session.value.askForLife(context.value)
        }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.stopClocks()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        self.state = .closed
        self.stopClocks()
        context.fireChannelInactive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .open = self.state else {
            if case .closing = self.state, Self.unwrapInboundIn(data).kind == .close { context.close(promise: nil) }
            return
        }
        self.lastHeard = .now()
        let frame = Self.unwrapInboundIn(data)
        switch frame.kind {
        case .ping: self.write(.pong, frame.payload, context: context, promise: nil)
        case .pong: break
        case .close: self.peerCloses(frame.payload, context: context)
        case .binary, .continuation: self.gather(frame, context: context)
        }
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .open = self.state else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch Self.unwrapOutboundIn(data) {
        case .message(let bytes):
            self.write(.binary, ByteBuffer(bytes: bytes), context: context, promise: promise)
        case .askForLife(let limit):
            self.write(.ping, ByteBuffer(), context: context, promise: promise)
            self.expectLife(within: limit, context: context)
        case .close(let code):
            self.beginClosing(code: code, context: context)
            promise?.succeed()
        }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let violation = error as? WebSocketViolation {
            self.fail(violation, context: context)
        } else if error is ByteToMessageDecoderError, case .closing = self.state {
            // What still arrives behind a violation is discarded.
        } else {
            context.fireErrorCaught(error)
        }
    }

    // MARK: Inbound

    private func gather(_ frame: WebSocketPlainFrame, context: ChannelHandlerContext) {
        var message: ByteBuffer
        switch (frame.kind, self.fragments) {
        case (.binary, nil): message = frame.payload
        case (.continuation, .some(let earlier)):
            message = earlier
            self.fragments = nil
            guard message.readableBytes + frame.payload.readableBytes <= self.limits.maximumMessageCount else {
                self.fail(.tooLong, context: context)
                return
            }
            message.writeImmutableBuffer(frame.payload)
        default:
            self.fail(.wrongFragment, context: context)
            return
        }
        if frame.isFinal {
            context.fireChannelRead(Self.wrapInboundOut(message.readBytes(length: message.readableBytes) ?? []))
        } else {
            self.fragments = message
        }
    }

    private func peerCloses(_ payload: ByteBuffer, context: ChannelHandlerContext) {
        let code = payload.getInteger(at: payload.readerIndex, as: UInt16.self)
        context.fireUserInboundEventTriggered(WebSocketEnding.closedByPeer(code: code))
        self.state = .closing
        self.timer?.cancel()
        self.write(
            .connectionClose, payload.getSlice(at: payload.readerIndex, length: 2) ?? ByteBuffer(), context: context,
            promise: nil)
        context.close(promise: nil)
    }

    private func fail(_ violation: WebSocketViolation, context: ChannelHandlerContext) {
        guard case .open = self.state else { return }
        context.fireUserInboundEventTriggered(WebSocketEnding.violated(violation))
        self.beginClosing(code: violation == .tooLong ? 1009 : 1002, context: context)
    }

    private func stopClocks() {
        self.timer?.cancel()
        self.timer = nil
        self.lifeDemand?.cancel()
        self.lifeDemand = nil
    }

    // MARK: Outbound

    private func beginClosing(code: UInt16, context: ChannelHandlerContext) {
        self.state = .closing
        self.timer?.cancel()
        self.write(.connectionClose, ByteBuffer(integer: code), context: context, promise: nil)
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        let session = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        context.value.eventLoop.scheduleTask(in: self.limits.closeLinger) {
            if case .closing = session.value.state { context.value.close(promise: nil) }
        }
    }

    private func askForLife(_ context: ChannelHandlerContext) {
        guard case .open = self.state else { return }
        if NIODeadline.now() - self.lastHeard >= self.limits.silenceLimit {
            self.giveUp(context)
        } else {
            self.write(.ping, ByteBuffer(), context: context, promise: nil)
        }
    }

    /// The earliest such demand counts; a later one does not prolong it.
    private func expectLife(within limit: TimeAmount, context: ChannelHandlerContext) {
        guard self.lifeDemand == nil else { return }
        let asked = NIODeadline.now()
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        let session = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        self.lifeDemand = context.value.eventLoop.scheduleTask(in: limit) {
            session.value.lifeDemand = nil
            guard case .open = session.value.state, session.value.lastHeard < asked else { return }
            session.value.giveUp(context.value)
        }
    }

    private func giveUp(_ context: ChannelHandlerContext) {
        context.fireUserInboundEventTriggered(WebSocketEnding.silent)
        self.state = .closed
        context.close(promise: nil)
    }

    private func write(
        _ opcode: WebSocketOpcode, _ payload: ByteBuffer, context: ChannelHandlerContext,
        promise: EventLoopPromise<Void>?
    ) {
        let frame = WebSocketFrame(
            fin: true, opcode: opcode, maskKey: self.role == .client ? .random() : nil, data: payload)
        context.writeAndFlush(Self.wrapOutboundOut(frame), promise: promise)
    }
}

@available(*, unavailable)
extension WebSocketSession: Sendable {}
