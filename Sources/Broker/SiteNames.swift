import Network
import Signalling

/// What this broker is called, from the configuration and the port it really got.
struct SiteNames: Equatable, Sendable {
    /// Accepted in an authentication.
    let authorities: [String]
    /// Whose page may open the WebSocket.
    let pageOrigins: Set<String>
    /// Where the page's WebSocket may go. A policy cannot name an IPv6 address (CSP Level 3 §2.3.1): `'self'` serves there.
    let socketOrigins: [String]
    /// Where the page is, such as `https://broker.example/`.
    let pageAddress: String

    init(configuration: BrokerConfiguration, port: UInt16) {
        var hosts = configuration.hosts
        if !configuration.isTLS || (hosts.isEmpty && configuration.listen.isLoopback) {
            hosts += ["localhost", "127.0.0.1", "[::1]"]
        } else if hosts.isEmpty {
            hosts = [configuration.listen.host]
        }
        let withPort = hosts.map { "\($0):\(port)" }
        let usual: UInt16 = configuration.isTLS ? 443 : 80
        self.pageAddress =
            "\(configuration.isTLS ? "https" : "http")://\((port == usual ? hosts : withPort).first ?? "localhost")/"
        if configuration.isTLS {
            // Without the port too: a forwarded port or socket activation hides the one the visitor used.
            let names = port == 443 ? hosts : hosts + withPort
            self.authorities = names
            self.pageOrigins = Set(names.map { "https://\($0)" } + configuration.pageOrigins)
            self.socketOrigins = (port == 443 ? hosts : withPort).filter(Self.isInPolicy).map { "wss://\($0)" }
        } else {
            self.authorities = port == 80 ? hosts + withPort : withPort
            self.pageOrigins = Set(self.authorities.map { "http://\($0)" } + configuration.pageOrigins)
            self.socketOrigins = (port == 80 ? hosts : withPort).filter(Self.isInPolicy).map { "ws://\($0)" }
        }
    }

    private static func isInPolicy(_ authority: String) -> Bool {
        !authority.hasPrefix("[")
    }
}
