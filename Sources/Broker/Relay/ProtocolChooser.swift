import NIOCore

/// Tells TURN from HTTP by the first octet of a connection, TLS taken off: a request line begins with a letter, a
/// STUN request with 0. Browsers name no protocol in TLS for TURN, so there is nothing else to go by.
final class ProtocolChooser: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    enum Choice { case http, turn }

    private let choose: (Choice, ChannelHandlerContext) throws -> Void
    private var isChosen = false

    /// - Parameter choose: Adds the handlers that take it from here, behind this one.
    init(_ choose: @escaping (Choice, ChannelHandlerContext) throws -> Void) {
        self.choose = choose
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isChosen, let first = Self.unwrapInboundIn(data).readableBytesView.first else {
            return context.fireChannelRead(data)
        }
        self.isChosen = true
        do {
            try self.choose(first < Self.firstLetter ? .turn : .http, context)
            context.fireChannelRead(data)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    /// Below every octet that may begin an HTTP request, above every type of STUN request.
    private static let firstLetter: UInt8 = 4
}

@available(*, unavailable)
extension ProtocolChooser: Sendable {}
