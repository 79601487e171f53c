internal import Wire

/// The address of a STUN service or of a relay: `stun:HOST[:PORT]` (RFC 7064), `turn:HOST[:PORT][?transport=udp|tcp]`
/// or `turns:HOST[:PORT][?transport=tcp]` (RFC 7065).
package struct RelayURI: Hashable, Sendable {
    package enum Service: Hashable, Sendable {
        case stun
        case relay(TURNClient.Transport)
    }

    package let service: Service
    /// Lower case; an IPv6 address without brackets.
    package let host: String
    package let port: UInt16

    /// - Returns: `nil` for another scheme or transport, STUN over TLS and relays over DTLS among them, for a host
    ///   that is none, a port of 0, anything behind the end, or more than 255 octets.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.maximumCount, let colon = text.firstIndex(of: ":") else { return nil }
        let scheme = text[..<colon].lowercased()
        let parts = text[text.index(after: colon)...].split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.count == 2 ? parts[1].lowercased() : nil
        let defaultPort: UInt16
        switch (scheme, query) {
        case ("stun", nil): (self.service, defaultPort) = (.stun, 3478)
        case ("turn", nil), ("turn", "transport=udp"): (self.service, defaultPort) = (.relay(.udp), 3478)
        case ("turn", "transport=tcp"): (self.service, defaultPort) = (.relay(.tcp), 3478)
        case ("turns", nil), ("turns", "transport=tcp"): (self.service, defaultPort) = (.relay(.tls), 5349)
        default: return nil
        }
        guard let (host, port) = Self.split(parts[0]) else { return nil }
        self.host = host
        guard let port else {
            self.port = defaultPort
            return
        }
        guard let number = UInt16(port), number > 0, port.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        self.port = number
    }

    /// Host and port, if there is one.
    private static func split(_ authority: Substring) -> (host: String, port: Substring?)? {
        var host = authority
        var rest: Substring = ""
        let isBracketed = authority.hasPrefix("[")
        if isBracketed {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
            guard IPAddress(host)?.isIPv6 == true else { return nil }
        } else {
            if let colon = authority.firstIndex(of: ":") {
                host = authority[..<colon]
                rest = authority[colon...]
            }
            guard !host.isEmpty, host.utf8.allSatisfy(Self.isOfName) else { return nil }
        }
        guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
        return (host.lowercased(), rest.isEmpty ? nil : rest.dropFirst())
    }

    private static func isOfName(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// As long as the broker's envelope carries.
    private static let maximumCount = 255
}
