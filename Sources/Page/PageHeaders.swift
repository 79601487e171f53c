/// The header fields that go with the page: what the browser is told to forbid.
///
/// The broker sends them, and whoever checks a broker compares with them.
package struct PageHeaders: Equatable, Sendable {
    package struct Field: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// In the order in which they are sent.
    package let fields: [Field]

    /// - Parameters:
    ///   - socketOrigins: Where the page's WebSocket may go, such as `wss://broker.example`.
    package init(scriptHash: String, styleHash: String, socketOrigins: [String], isTLS: Bool) {
        let policy = Self.contentSecurityPolicy(script: scriptHash, style: styleHash, socketOrigins: socketOrigins)
        var fields = [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy)]
        fields += Self.fixed
        if isTLS { fields.append(("Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload")) }
        self.fields = fields.map { Field(name: $0.0, value: $0.1) }
    }

    /// Those of this build's page.
    package init(socketOrigins: [String], isTLS: Bool) {
        self.init(
            scriptHash: Page.scriptHash, styleHash: Page.styleHash, socketOrigins: socketOrigins, isTLS: isTLS)
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
        "display-capture=()", "geolocation=()", "usb=()", "serial=()", "hid=()", "midi=()",
        "payment=()", "accelerometer=()", "gyroscope=()", "magnetometer=()", "publickey-credentials-get=()",
        "browsing-topics=()", "clipboard-read=()", "fullscreen=()", "xr-spatial-tracking=()", "idle-detection=()",
    ]

    private static let fixed = [
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Embedder-Policy", "require-corp"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Origin-Agent-Cluster", "?1"),
        ("Integrity-Policy", "blocked-destinations=(script)"),
        ("Permissions-Policy", permissions.joined(separator: ", ")),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("X-Robots-Tag", "noindex, nofollow, noarchive"),
        ("X-DNS-Prefetch-Control", "off"),
        ("Cache-Control", "no-store"),
    ]
}
