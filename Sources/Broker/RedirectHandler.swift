import Foundation
import NIOCore
import NIOHTTP1

/// Sends whoever comes without TLS to the page, from its one path and from no other, then closes.
///
/// The address is the broker's own name, never what the request says of itself. The fragment with the secret was not
/// sent, and the browser carries it over by itself (RFC 9110 §10.2.2).
final class RedirectHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let target: String
    private let deadline: ConnectionDeadline
    private var isAnswered = false

    /// - Parameter target: where the page is, such as `https://broker.example/`.
    init(target: String, deadline: ConnectionDeadline) {
        self.target = target
        self.deadline = deadline
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = Self.unwrapInboundIn(data) else { return }
        self.answer(head, context: context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ request: HTTPRequestHead, context: ChannelHandlerContext) {
        guard !self.isAnswered else { return }
        self.isAnswered = true
        self.deadline.enter(.response, channel: context.channel)
        var head = HTTPResponseHead(version: .http1_1, status: Self.status(for: request))
        if head.status == .permanentRedirect { head.headers.add(name: "Location", value: self.target) }
        if head.status == .methodNotAllowed { head.headers.add(name: "Allow", value: "GET, HEAD") }
        head.headers.add(name: "Content-Length", value: "0")
        head.headers.add(name: "Date", value: httpDate(Date()))
        head.headers.add(name: "Connection", value: "close")
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        let channel = context.channel
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    /// The socket is never redirected: who came to it without TLS has already said too much.
    private static func status(for request: HTTPRequestHead) -> HTTPResponseStatus {
        guard request.method == .GET || request.method == .HEAD else { return .methodNotAllowed }
        return request.uri.prefix(while: { $0 != "?" }) == "/" ? .permanentRedirect : .notFound
    }
}
