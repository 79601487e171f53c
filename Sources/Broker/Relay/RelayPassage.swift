import NIOCore
import NIOPosix
import Relay
import Wire

/// A TURN stream that came in on the broker's own port, passed on to the relay's process unread.
///
/// Octets wait on neither side: when one does not take any more, the other is not read. The relay drops voice for a
/// stream that is full.
final class RelayPassage: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let controlPath: String
    private let source: TransportAddress
    private var early: [ByteBuffer] = []
    private var relay: (any Channel)?
    private var isClosed = false

    init(controlPath: String, source: TransportAddress) {
        self.controlPath = controlPath
        self.source = source
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let client = context.channel
        let passage = NIOLoopBound(self, eventLoop: client.eventLoop)
        let preamble = ControlLine.stream(self.source).text
        ClientBootstrap(group: client.eventLoop)
            .channelOption(.writeBufferWaterMark, value: Self.waterMark)
            .channelInitializer { relay in
                relay.eventLoop.makeCompletedFuture {
                    try relay.pipeline.syncOperations.addHandler(Outlet(client: client))
                }
            }
            .connect(unixDomainSocketPath: self.controlPath)
            .whenComplete { result in
                guard case .success(let relay) = result else { return client.close(promise: nil) }
                passage.value.connected(relay, preamble: preamble)
            }
        context.channel.setOption(.writeBufferWaterMark, value: Self.waterMark).whenFailure { _ in }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let octets = Self.unwrapInboundIn(data)
        if let relay = self.relay {
            relay.writeAndFlush(octets, promise: nil)
        } else if self.early.count < Self.maximumEarly {
            self.early.append(octets)
        } else {
            context.close(promise: nil)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.relay?.setOption(.autoRead, value: context.channel.isWritable).whenFailure { _ in }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosed = true
        self.relay?.close(promise: nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func connected(_ relay: any Channel, preamble: String) {
        guard !self.isClosed else { return relay.close(promise: nil) }
        self.relay = relay
        relay.write(ByteBuffer(string: preamble), promise: nil)
        for octets in self.early { relay.write(octets, promise: nil) }
        self.early = []
        relay.flush()
    }

    private static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 16 * 1024, high: 64 * 1024)
    private static let maximumEarly = 16
}

/// The other direction: from the relay's process to the client.
private final class Outlet: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let client: any Channel

    init(client: any Channel) {
        self.client = client
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.client.writeAndFlush(Self.unwrapInboundIn(data), promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.client.setOption(.autoRead, value: context.channel.isWritable).whenFailure { _ in }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.client.close(promise: nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension RelayPassage: Sendable {}
