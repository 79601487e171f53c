internal import Foundation
internal import Glibc
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
package import Wire

/// One answer over HTTP, whole.
package struct HTTPAnswer: Equatable, Sendable {
    package var status: Int
    /// As they came.
    package var fields: [(name: String, value: String)]
    package var body: [UInt8]
    /// Until when the server's certificate holds, in Unix seconds; `nil` without TLS.
    package var certificateExpiry: UInt64?

    package static func == (left: HTTPAnswer, right: HTTPAnswer) -> Bool {
        left.status == right.status && left.body == right.body && left.fields.elementsEqual(right.fields, by: ==)
    }
}

package enum HTTPFetchError: Error, Equatable, Sendable {
    case unreachable
    /// TLS failed: the certificate is not trusted, expired or for another name.
    case untrusted
    /// No HTTP, an answer cut short, or one longer than is read.
    case malformed
}

/// Fetches one document as a browser would ask for it.
package enum HTTPFetch {
    /// The addresses of a name, IPv4 first, each once. Blocks.
    package static func addresses(of host: String) -> [IPAddress] {
        if let address = IPAddress(host) { return [address] }
        var found: [IPAddress] = []
        for family in [AF_INET, AF_INET6] {
            var hints = addrinfo()
            hints.ai_family = family
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            guard getaddrinfo(host, nil, &hints, &list) == 0 else { continue }
            defer { freeaddrinfo(list) }
            var entry = list
            while let info = entry?.pointee {
                var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
                if getnameinfo(
                    info.ai_addr, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0,
                    let address = IPAddress(
                        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)),
                    !found.contains(address)
                {
                    found.append(address)
                }
                entry = info.ai_next
            }
        }
        return found
    }

    /// - Parameters:
    ///   - url: whose host stands in the request, and in the certificate.
    ///   - address: where to connect.
    ///   - timeout: from here to the last octet.
    package static func get(
        _ path: String, of url: WebSocketURL, at address: IPAddress, trust: ServerTrust = .system,
        timeout: TimeAmount = .seconds(8), group: any EventLoopGroup
    ) async throws(HTTPFetchError) -> HTTPAnswer {
        let eventLoop = group.next()
        let answer = eventLoop.makePromise(of: HTTPAnswer.self)
        let request = Request(path: path, url: url, answer: answer)
        let context: NIOSSLContext?
        do {
            context = url.isSecure ? try TLSClient.context(trust) : nil
        } catch {
            answer.fail(HTTPFetchError.untrusted)
            throw .untrusted
        }
        let alarm = eventLoop.scheduleTask(in: timeout) { answer.fail(HTTPFetchError.unreachable) }
        ClientBootstrap(group: eventLoop)
            .connectTimeout(min(timeout, .seconds(4)))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(TLSClient.handler(context, host: url.host)) }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(AnswerHandler(request))
                }
            }
            .connect(host: address.description, port: Int(url.port))
            .whenFailure { _ in answer.fail(HTTPFetchError.unreachable) }
        defer { alarm.cancel() }
        do {
            return try await answer.futureResult.get()
        } catch let error as HTTPFetchError {
            throw error
        } catch {
            throw .malformed
        }
    }

    fileprivate struct Request: Sendable {
        let path: String
        let url: WebSocketURL
        let answer: EventLoopPromise<HTTPAnswer>

        /// What a browser sends, so that whoever serves has little to tell a check by.
        var head: HTTPRequestHead {
            HTTPRequestHead(
                version: .http1_1, method: .GET, uri: self.path,
                headers: [
                    "Host": self.url.authority,
                    "Connection": "keep-alive",
                    "Upgrade-Insecure-Requests": "1",
                    "User-Agent":
                        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                        + "Chrome/141.0.0.0 Safari/537.36",
                    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
                    "Sec-Fetch-Site": "none",
                    "Sec-Fetch-Mode": "navigate",
                    "Sec-Fetch-User": "?1",
                    "Sec-Fetch-Dest": "document",
                    "Accept-Encoding": "gzip, deflate, br, zstd",
                    "Accept-Language": "fr-FR,fr;q=0.9,en;q=0.8",
                ])
        }
    }

    fileprivate static let maximumLength = 4 << 20
}

private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPFetch.Request
    private var answer = HTTPAnswer(status: 0, fields: [], body: [])

    init(_ request: HTTPFetch.Request) {
        self.request = request
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(Self.wrapOutboundOut(.head(self.request.head)), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            let tls = try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
            self.answer.certificateExpiry = (tls?.peerCertificate?.notValidAfter).map { UInt64(clamping: $0) }
            self.answer.status = Int(head.status.code)
            self.answer.fields = head.headers.map { ($0.name, $0.value) }
        case .body(let buffer):
            self.answer.body += buffer.readableBytesView
            if self.answer.body.count > HTTPFetch.maximumLength { self.fail(.malformed, context) }
        case .end:
            self.request.answer.succeed(self.answer)
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.request.answer.fail(HTTPFetchError.malformed)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.fail(TLSClient.isFailure(error) ? .untrusted : .malformed, context)
    }

    private func fail(_ error: HTTPFetchError, _ context: ChannelHandlerContext) {
        self.request.answer.fail(error)
        context.close(promise: nil)
    }
}
