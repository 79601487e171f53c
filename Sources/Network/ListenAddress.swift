internal import Wire

/// Where a server accepts connections or datagrams.
package struct ListenAddress: Equatable, Sendable, CustomStringConvertible {
    /// An IP address without brackets, or `localhost`.
    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `localhost:8080`, `192.0.2.1:443`, `[::]:443`.
    package init?(_ text: String) {
        if text.lowercased().hasPrefix("localhost:"), let port = UInt16(text.dropFirst(10)) {
            self.init(host: "localhost", port: port)
        } else if let address = TransportAddress(text) {
            self.init(host: address.ip.description, port: address.port)
        } else {
            return nil
        }
    }

    package var isLoopback: Bool {
        self.host == "localhost" || IPAddress(self.host)?.unmapped.isLoopback == true
    }

    /// The addresses to bind, the second if the system has it.
    package var addresses: [String] {
        self.host == "localhost" ? ["127.0.0.1", "::1"] : [self.host]
    }

    package var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}
