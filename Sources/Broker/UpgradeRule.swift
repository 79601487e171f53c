import NIOCore
import NIOHTTP1
import NIOWebSocket
import Network
import Signalling

/// Who may turn a request into a WebSocket.
struct UpgradeRule: Sendable {
    let pageOrigins: Set<String>

    /// - Returns: `nil` if the request may be upgraded, else the status that refuses it.
    func refusal(of head: HTTPRequestHead) -> HTTPResponseStatus? {
        let headers = head.headers
        guard head.method == .GET, !hasBody(head) else { return .badRequest }
        guard headers["Sec-WebSocket-Version"] == ["13"] else { return .upgradeRequired }
        guard headers["Sec-WebSocket-Key"].count == 1, headers["Sec-WebSocket-Key"][0].utf8.count == 24,
            headers[canonicalForm: "Sec-WebSocket-Protocol"].contains(where: { $0 == Envelope.subprotocol })
        else { return .badRequest }
        // A browser always says where its page is from; only a native end says nothing, and it must authenticate.
        let origins = headers["Origin"]
        guard origins.isEmpty || origins.count == 1 && self.pageOrigins.contains(origins[0].lowercased()) else {
            return .forbidden
        }
        return nil
    }
}

/// No request to this broker has one.
func hasBody(_ head: HTTPRequestHead) -> Bool {
    head.headers.contains(name: "Transfer-Encoding") || head.headers["Content-Length"].contains { $0 != "0" }
}

/// NIOWebSocket's handshake under our rule, with our frames behind it.
struct ServerUpgrader: HTTPServerProtocolUpgrader, Sendable {
    let supportedProtocol = "websocket"
    let requiredUpgradeHeaders: [String] = []

    private let handshake: NIOWebSocketServerUpgrader
    private let limits: WebSocketLimits
    private let addLast: @Sendable (any Channel) throws -> Void

    init(rule: UpgradeRule, limits: WebSocketLimits, addLast: @escaping @Sendable (any Channel) throws -> Void) {
        self.limits = limits
        self.addLast = addLast
        self.handshake = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, head in
                let isAllowed = head.uri == Envelope.path && rule.refusal(of: head) == nil
                return channel.eventLoop.makeSucceededFuture(
                    isAllowed ? ["Sec-WebSocket-Protocol": Envelope.subprotocol] : nil)
            },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
    }

    func buildUpgradeResponse(
        channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
    ) -> EventLoopFuture<HTTPHeaders> {
        self.handshake.buildUpgradeResponse(
            channel: channel, upgradeRequest: upgradeRequest, initialResponseHeaders: initialResponseHeaders)
    }

    func upgrade(context: ChannelHandlerContext, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Void> {
        let channel = context.channel
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addWebSocketHandlers(role: .server, limits: self.limits)
            try self.addLast(channel)
        }
    }
}
