import Compression
import NIOCore
import NIOHTTP1
import Page

/// The one document with its headers, made once: the same octets for everybody.
struct PageResponse: Sendable {
    let headers: HTTPHeaders
    let body: ByteBuffer
    /// The same, smaller, under the names of RFC 9110 §8.4.1, the smallest first.
    let encodings: [(name: String, body: ByteBuffer)]

    /// - Parameters:
    ///   - socketOrigins: Where the page's WebSocket may go, such as `wss://broker.example`.
    init(html: String, scriptHash: String, styleHash: String, socketOrigins: [String], isTLS: Bool) {
        let fields = PageHeaders(
            scriptHash: scriptHash, styleHash: styleHash, socketOrigins: socketOrigins, isTLS: isTLS)
        self.headers = HTTPHeaders(fields.fields.map { ($0.name, $0.value) })
        self.body = ByteBuffer(string: html)
        let octets = Array(html.utf8)
        self.encodings = [("br", Brotli.compress(octets)), ("gzip", Deflate.compress(octets, as: .gzip))].compactMap {
            name, body in
            body.map { (name, ByteBuffer(bytes: $0)) }
        }
    }
}

extension PageResponse {
    /// The page of this build.
    init(socketOrigins: [String], isTLS: Bool) {
        self.init(
            html: Page.html, scriptHash: Page.scriptHash, styleHash: Page.styleHash, socketOrigins: socketOrigins,
            isTLS: isTLS)
    }
}
