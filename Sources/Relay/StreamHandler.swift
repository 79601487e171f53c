import NIOCore
import TURN
import Wire

/// TURN over one TCP connection, TLS taken off already: octets in, messages to the core, answers out.
final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let engine: RelayEngine
    private let source: TransportAddress
    private var framing = StreamFraming()
    private var slot = [UInt8](repeating: 0, count: TURNServer.slotSize)
    private var flow: RelayFlow?
    private var reaper: RepeatedTask?

    /// - Parameter source: The client, also where the stream came by way of the broker.
    init(engine: RelayEngine, source: TransportAddress) {
        self.engine = engine
        self.source = source
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { self.begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.begin(context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let flow = self.flow else { return }
        self.framing.append(Self.unwrapInboundIn(data).readableBytesView)
        while true {
            switch self.framing.next() {
            case .incomplete: return
            case .malformed:
                context.close(promise: nil)
                return
            case .message(let message): self.handle(message, of: flow, context: context)
            }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.end()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard self.flow == nil else { return }
        let limit = self.engine.streamsPerSource(self.source.ip)
        guard let number = self.engine.streams.register(context.channel, from: self.source, limit: limit) else {
            return context.close(promise: nil)
        }
        let flow = RelayFlow(stream: number, from: self.source)
        self.flow = flow
        let (engine, channel) = (self.engine, context.channel)
        // Whoever has allocated nothing within this time, or no longer, is not here for a call.
        self.reaper = context.eventLoop.scheduleRepeatedTask(
            initialDelay: Self.idleLimit, delay: Self.idleLimit
        ) { _ in
            if !engine.withServer({ $0.isAllocated(flow, now: RelayEngine.now()) }) { channel.close(promise: nil) }
        }
    }

    private func end() {
        self.reaper?.cancel()
        guard let flow = self.flow else { return }
        self.flow = nil
        self.engine.streams.unregister(flow.stream, from: self.source)
        self.engine.withServer { $0.flowClosed(flow) }
    }

    private func handle(_ message: ArraySlice<UInt8>, of flow: RelayFlow, context: ChannelHandlerContext) {
        let start = TURNServer.headroom
        guard start + message.count + TURNServer.tailroom <= self.slot.count else { return }
        self.slot.replaceSubrange(start..<start + message.count, with: message)
        let payload = start..<start + message.count
        let verdict = self.engine.withServer { server in
            self.slot.withUnsafeMutableBytes { memory in
                var octets = MutableRawSpan(_unsafeBytes: memory)
                return server.handle(
                    &octets, payload, from: flow, now: RelayEngine.now(), unixTime: RelayEngine.unixTime())
            }
        }
        guard case .send(let destination, let range) = verdict else { return }
        if destination == flow {
            // Whoever asks and never listens is not answered beyond what the stream takes.
            guard context.channel.isWritable else { return }
            var buffer = context.channel.allocator.buffer(capacity: range.count)
            buffer.writeBytes(self.slot[range])
            context.write(Self.wrapOutboundOut(buffer), promise: nil)
        } else {
            self.slot.withUnsafeBytes { self.engine.send(UnsafeRawBufferPointer(rebasing: $0[range]), to: destination) }
        }
    }

    private static let idleLimit: TimeAmount = .seconds(15)
}

@available(*, unavailable)
extension StreamHandler: Sendable {}
