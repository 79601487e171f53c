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
        let policy = Self.contentSecurityPolicy(script: scriptHash, style: styleHash, socketOrigins: socketOrigins)
        var headers: HTTPHeaders = ["Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy]
        headers.add(contentsOf: Self.fixedHeaders)
        if isTLS {
            headers.add(name: "Strict-Transport-Security", value: "max-age=63072000; includeSubDomains; preload")
        }
        self.headers = headers
        self.body = ByteBuffer(string: html)
        let octets = Array(html.utf8)
        self.encodings = [("br", brotli(octets)), ("gzip", gzip(octets))].compactMap { name, body in
            body.map { (name, ByteBuffer(bytes: $0)) }
        }
    }

    /// Everything is forbidden but what the page does: its own script and style, one worker, one socket.
    private static func contentSecurityPolicy(script: String, style: String, socketOrigins: [String]) -> String {
        [
            "default-src 'none'", "script-src \(script)", "worker-src blob:", "style-src \(style)",
            "img-src data:", (["connect-src 'self'"] + socketOrigins).joined(separator: " "), "base-uri 'none'",
            "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
            "trusted-types colloque-worker",
        ].joined(separator: "; ")
    }

    private static let permissions = [
        "microphone=(self)", "autoplay=(self)", "speaker-selection=(self)", "screen-wake-lock=(self)",
        "local-network=(self)", "local-network-access=(self)", "loopback-network=()", "camera=()",
        "display-capture=()", "geolocation=()", "usb=()", "serial=()", "hid=()", "bluetooth=()", "midi=()",
        "payment=()", "accelerometer=()", "gyroscope=()", "magnetometer=()", "publickey-credentials-get=()",
        "browsing-topics=()", "clipboard-read=()", "fullscreen=()", "xr-spatial-tracking=()", "idle-detection=()",
    ]

    private static let fixedHeaders: HTTPHeaders = [
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Origin-Agent-Cluster": "?1",
        "Integrity-Policy": "blocked-destinations=(script)",
        "Permissions-Policy": permissions.joined(separator: ", "),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
        "X-DNS-Prefetch-Control": "off",
        "Cache-Control": "no-store",
    ]
}

extension PageResponse {
    /// The page of this build.
    init(socketOrigins: [String], isTLS: Bool) {
        self.init(
            html: Page.html, scriptHash: Page.scriptHash, styleHash: Page.styleHash, socketOrigins: socketOrigins,
            isTLS: isTLS)
    }
}
