internal import Wire

/// Where a broker's WebSocket is: `ws://`, `wss://`, or the address of its page, which means the same host.
package struct WebSocketURL: Hashable, Sendable {
    package let isSecure: Bool
    /// Lower case; an IPv6 address without brackets.
    package let host: String
    package let port: UInt16
    /// Starts with a slash.
    package let path: String

    /// Reads `wss://broker.example`, `https://broker.example:8443/`, `http://localhost:8080`, `ws://[::1]:80/ws`.
    /// - Parameter path: Used if the text names none, or only `/`.
    /// - Returns: `nil` for another scheme, an empty or odd host, a bad port, a fragment, a query or a user.
    package init?(_ text: String, path defaultPath: String = "/ws") {
        let schemes = [("wss://", true), ("https://", true), ("ws://", false), ("http://", false)]
        guard let (scheme, isSecure) = schemes.first(where: { text.lowercased().hasPrefix($0.0) }) else { return nil }
        let rest = text.dropFirst(scheme.utf8.count)
        let authority = rest.prefix { $0 != "/" }
        let path = String(rest.dropFirst(authority.count))
        guard !text.contains(where: { "#?@ \\".contains($0) || !$0.isASCII || $0.asciiValue.map { $0 < 33 } == true })
        else { return nil }
        var host = authority
        var portText: Substring?
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<end]
            let tail = authority[authority.index(after: end)...]
            guard tail.isEmpty || tail.hasPrefix(":"), host.contains(":") else { return nil }
            portText = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, host.utf8.count <= 253 else { return nil }
        if let portText {
            guard let port = UInt16(portText), port > 0, portText.first != "+" else { return nil }
            self.port = port
        } else {
            self.port = isSecure ? 443 : 80
        }
        self.isSecure = isSecure
        self.host = host.lowercased()
        self.path = path.isEmpty || path == "/" ? defaultPath : path
    }

    /// What the Host header says and what an authentication signs: with the port unless it is 443 over TLS, or 80 bare.
    package var authority: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return self.port == (self.isSecure ? 443 : 80) ? host : "\(host):\(self.port)"
    }
}

extension WebSocketURL {
    /// On this machine: media may stay on its loopback too.
    package var isLoopback: Bool {
        self.host == "localhost" || IPAddress(self.host)?.isLoopback == true
    }

    /// Where the broker's page is: `https://HOST[:PORT]`.
    package var origin: String {
        "\(self.isSecure ? "https" : "http")://\(self.authority)"
    }
}
