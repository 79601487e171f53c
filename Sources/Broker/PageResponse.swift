import Compression
import NIOCore
import NIOHTTP1
import Page

/// The one document with its headers, made once: the same octets for everybody.
struct PageResponse: Sendable {
    let headers: HTTPHeaders
    let body = ByteBuffer(string: Page.html)

    /// - Parameters:
    ///   - socketOrigins: Where the page's WebSocket may go, such as `wss://broker.example`.
    init(socketOrigins: [String], isTLS: Bool) {
        let fields = PageHeaders(socketOrigins: socketOrigins, isTLS: isTLS)
        self.headers = HTTPHeaders(fields.fields.map { ($0.name, $0.value) })
        // Whoever comes first shall not wait for it.
        _ = Form.br.body
    }

    /// The same, smaller, under the names of RFC 9110 §8.4.1, the smallest first.
    enum Form: String, CaseIterable {
        case br, gzip

        /// Made once in the life of the process. `nil` if the library refuses.
        var body: ByteBuffer? {
            switch self {
            case .br: Self.brotli
            case .gzip: Self.deflated
            }
        }

        private static let brotli = Brotli.compress(Array(Page.html.utf8)).map { ByteBuffer(bytes: $0) }
        /// Few ask for it, for browsers take brotli over TLS: it is made when somebody does.
        private static let deflated = ByteBuffer(bytes: Zopfli.compress(Array(Page.html.utf8)))
    }
}
