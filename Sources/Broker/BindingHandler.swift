import NIOCore
import Wire

/// STUN Binding on one UDP socket.
final class BindingHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let lobby: NIOLoopBoundBox<Site?>
    private var responder = BindingResponder(now: .zero)

    /// - Parameter lobby: Empty until everything stands; datagrams that come earlier are lost.
    init(lobby: NIOLoopBoundBox<Site?>) {
        self.lobby = lobby
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let site = self.lobby.value else { return }
        let datagram = Self.unwrapInboundIn(data)
        let peer = datagram.remoteAddress
        guard let ip = ipAddress(of: peer), let port = peer.port.flatMap({ UInt16(exactly: $0) }), port > 0 else {
            return
        }
        let answer = self.responder.answer(
            to: Array(datagram.data.readableBytesView), from: TransportAddress(ip, port: port),
            source: site.source(of: ip), now: site.clock.now())
        if let answer {
            context.writeAndFlush(
                Self.wrapOutboundOut(AddressedEnvelope(remoteAddress: peer, data: ByteBuffer(bytes: answer))),
                promise: nil)
        }
    }

    /// ICMP errors of some past answer must not end the socket.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
