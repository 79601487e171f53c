import Foundation
import NIOCore
import NIOHTTP1
import NIOWebSocket
import Signalling
import Wire

/// Answers the one request of a connection, then closes it.
final class RequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let site: Site
    private let deadline: ConnectionDeadline
    /// Only the places kept for doctors are left: no page is served.
    private let isReserved: Bool
    private var head: HTTPRequestHead?
    private var isAnswered = false

    init(site: Site, deadline: ConnectionDeadline, isReserved: Bool) {
        self.site = site
        self.deadline = deadline
        self.isReserved = isReserved
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isAnswered else { return }
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            if hasBody(head) { self.refuse(.badRequest, context: context) }
        case .body: self.refuse(.badRequest, context: context)
        case .end:
            if let head = self.head { self.route(head, context: context) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow: self.refuse(.requestHeaderFieldsTooLarge, context: context)
        case is HTTPParserError: self.refuse(.badRequest, context: context)
        // The request comes on as an ordinary one and is refused by status.
        case is HTTPServerUpgradeErrors, is NIOWebSocketUpgradeError: break
        default: context.close(promise: nil)
        }
    }

    private func route(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard head.headers["Host"].count == 1, head.uri.utf8.count <= Self.maximumTargetCount else {
            self.refuse(.badRequest, context: context)
            return
        }
        guard head.method == .GET || head.method == .HEAD else {
            self.refuse(.methodNotAllowed, ["Allow": "GET, HEAD"], context: context)
            return
        }
        switch head.uri.prefix(while: { $0 != "?" }) {
        case "/": self.answerPage(head, context: context)
        case Envelope.path[...]:
            let status = self.site.rule.refusal(of: head) ?? .badRequest
            self.refuse(
                status, status == .upgradeRequired ? ["Upgrade": "websocket", "Sec-WebSocket-Version": "13"] : [:],
                context: context)
        case "/healthz" where self.isLoopback(context.channel):
            self.answer(
                .ok, ["Content-Type": "application/json", "Cache-Control": "no-store"],
                ByteBuffer(string: "{\"status\":\"ok\"}\n"), context: context)
        case "/.well-known/security.txt":
            guard let text = self.site.securityText() else {
                self.refuse(.notFound, context: context)
                return
            }
            self.answer(
                .ok, ["Content-Type": "text/plain; charset=utf-8"], ByteBuffer(string: text), context: context)
        case "/.well-known/colloque-manifest":
            guard let manifest = self.site.manifest() else {
                self.refuse(.notFound, context: context)
                return
            }
            self.answer(
                .ok, ["Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"], manifest,
                context: context)
        default: self.refuse(.notFound, context: context)
        }
    }

    private func answerPage(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard !self.isReserved else {
            self.refuse(.serviceUnavailable, ["Retry-After": "60"], context: context)
            return
        }
        var headers = self.site.page.headers
        var body = self.site.page.body
        let accepted = PageResponse.Form.allCases.first { Self.accepts($0.rawValue, head.headers) }
        if let accepted, let smaller = accepted.body {
            headers.add(name: "Content-Encoding", value: accepted.rawValue)
            body = smaller
        }
        self.answer(.ok, headers, body, context: context)
    }

    private func refuse(_ status: HTTPResponseStatus, _ headers: HTTPHeaders = [:], context: ChannelHandlerContext) {
        self.answer(status, headers, ByteBuffer(), context: context)
    }

    private func answer(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: ByteBuffer, context: ChannelHandlerContext
    ) {
        guard !self.isAnswered else { return }
        self.isAnswered = true
        self.deadline.enter(.response, channel: context.channel)
        var head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        head.headers.add(name: "Content-Length", value: String(body.readableBytes))
        head.headers.add(name: "Date", value: httpDate(Date()))
        head.headers.add(name: "Connection", value: "close")
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        if self.head?.method != .HEAD, body.readableBytes > 0 {
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        let channel = context.channel
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    private func isLoopback(_ channel: any Channel) -> Bool {
        ipAddress(of: channel.remoteAddress)?.unmapped.isLoopback == true
    }

    private static func accepts(_ encoding: String, _ headers: HTTPHeaders) -> Bool {
        headers[canonicalForm: "Accept-Encoding"].contains { item in
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            guard parts.first == encoding else { return false }
            return !parts.dropFirst().contains { $0.hasPrefix("q=0") && Double($0.dropFirst(2)) == 0 }
        }
    }

    private static let maximumTargetCount = 2048
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
func httpDate(_ date: Date) -> String {
    var time = time_t(date.timeIntervalSince1970)
    var parts = tm()
    gmtime_r(&time, &parts)
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let two = { (number: Int32) in number < 10 ? "0\(number)" : "\(number)" }
    return "\(days[Int(parts.tm_wday) % 7]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon) % 12]) "
        + "\(parts.tm_year + 1900) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
}
