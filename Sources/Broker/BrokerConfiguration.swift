package import Wire

/// Everything an administrator decides.
package struct BrokerConfiguration: Equatable, Sendable {
    /// Where to accept connections. `localhost` means both loopback addresses.
    package var listen: ListenAddress = ListenAddress(host: "localhost", port: 8080)
    /// Names this broker answers for, without port; the first is the one the page connects to.
    package var hosts: [String] = []
    /// Further origins whose page may open the WebSocket, such as `https://cabinet.example`.
    package var pageOrigins: [String] = []
    /// PEM files; both or neither.
    package var tlsCertificate: String?
    package var tlsKey: String?
    /// Where STUN answers, over UDP; `nil` for nowhere.
    package var relayListen: ListenAddress?
    /// The name in `stun:` addresses; the first of `hosts` if not given.
    package var relayHost: String?
    /// The directory of the database.
    package var state: String = "/var/lib/colloque"
    /// What `security.txt` gives as contact, such as `mailto:security@broker.example`.
    package var securityContact: String?
    /// Connections at once; a tenth of them is kept for doctors.
    package var connections = 5000
    package var connectionsPerIPv4 = 16
    package var connectionsPerIPv6Network = 32
    /// Networks that get the limits of one source this many times: a whole hospital behind one address.
    package var hospitals: [HospitalNetwork] = []

    package init() {}

    package var isTLS: Bool { self.tlsCertificate != nil }
}

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
    var addresses: [String] {
        self.host == "localhost" ? ["127.0.0.1", "::1"] : [self.host]
    }

    package var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}

package struct HospitalNetwork: Equatable, Sendable {
    package let prefix: IPAddress
    /// Bits of `prefix` that count.
    package let length: Int
    /// How many times the usual limits.
    package let allowance: Int

    /// Reads `192.0.2.0/24 8`.
    package init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, let allowance = Int(parts[1]), (1...1000).contains(allowance) else { return nil }
        let network = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard network.count == 2, let prefix = IPAddress(network[0]), let length = Int(network[1]),
            (0...prefix.bytes.count * 8).contains(length)
        else { return nil }
        self.prefix = prefix
        self.length = length
        self.allowance = allowance
    }

    package func contains(_ address: IPAddress) -> Bool {
        guard address.isIPv6 == self.prefix.isIPv6 else { return false }
        var bits = self.length
        for (left, right) in zip(address.bytes, self.prefix.bytes) where bits > 0 {
            let shift = UInt8(max(0, 8 - bits))
            guard left >> shift == right >> shift else { return false }
            bits -= 8
        }
        return true
    }
}

/// What is wrong with a configuration, in words for the administrator.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension BrokerConfiguration {
    /// Reads lines of `key = value`; `#` starts a comment line; `host`, `page-origin` and `hospital` may come again.
    package init(parsing text: String) throws(ConfigurationError) {
        self.init()
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingSpaces()
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            guard let equals = line.firstIndex(of: "=") else {
                throw ConfigurationError("line \(index + 1): expected `key = value`")
            }
            let key = String(line[..<equals].trimmingSpaces())
            let value = String(line[line.index(after: equals)...].trimmingSpaces())
            guard try self.set(key, to: value) else {
                throw ConfigurationError("line \(index + 1): `\(value)` is no value for `\(key)`")
            }
        }
    }

    /// What must hold before a socket is opened.
    package func validate() throws(ConfigurationError) {
        if (self.tlsCertificate == nil) != (self.tlsKey == nil) {
            throw ConfigurationError("tls-certificate and tls-key come together")
        }
        if !self.isTLS, !self.listen.isLoopback {
            throw ConfigurationError(
                "without a TLS certificate the broker listens on loopback only, not on \(self.listen)")
        }
        if self.isTLS, self.hosts.isEmpty, ["0.0.0.0", "::", "[::]"].contains(self.listen.host) {
            throw ConfigurationError(
                "with TLS on every address, `host = NAME` in the configuration says which name this broker answers for")
        }
        for host in self.hosts where !Self.isHostName(host) {
            throw ConfigurationError("`\(host)` is no host name")
        }
        for origin in self.pageOrigins where !Self.isOrigin(origin) {
            throw ConfigurationError("`\(origin)` is no origin: https:// and a host, nothing after")
        }
    }

    private mutating func set(_ key: String, to value: String) throws(ConfigurationError) -> Bool {
        switch key {
        case "listen":
            guard let address = ListenAddress(value) else { return false }
            self.listen = address
        case "host": self.hosts.append(value.lowercased())
        case "page-origin": self.pageOrigins.append(value.lowercased())
        case "tls-certificate": self.tlsCertificate = value
        case "tls-key": self.tlsKey = value
        case "relay-listen":
            guard let address = ListenAddress(value) else { return false }
            self.relayListen = address
        case "relay-host": self.relayHost = value.lowercased()
        case "state": self.state = value
        case "security-contact": self.securityContact = value
        case "connections": return Self.read(value, 16...1_000_000, into: &self.connections)
        case "connections-per-ipv4": return Self.read(value, 1...1_000_000, into: &self.connectionsPerIPv4)
        case "connections-per-ipv6-network":
            return Self.read(value, 1...1_000_000, into: &self.connectionsPerIPv6Network)
        case "hospital":
            guard let network = HospitalNetwork(value) else { return false }
            self.hospitals.append(network)
        default: throw ConfigurationError("`\(key)` is no setting")
        }
        return !value.isEmpty
    }

    private static func read(_ text: String, _ range: ClosedRange<Int>, into value: inout Int) -> Bool {
        guard let number = Int(text), range.contains(number) else { return false }
        value = number
        return true
    }

    private static func isHostName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 253
            && text.utf8.allSatisfy { octet in
                switch octet {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    private static func isOrigin(_ text: String) -> Bool {
        guard text.hasPrefix("https://") else { return false }
        let authority = text.dropFirst(8).split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(authority.count), Self.isHostName(String(authority[0])) else { return false }
        return authority.count == 1 || UInt16(authority[1]) != nil
    }
}

extension StringProtocol {
    fileprivate func trimmingSpaces() -> SubSequence {
        let isSpace = { (character: Character) in character == " " || character == "\t" || character == "\r" }
        let start = self.drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return start[start.endIndex...] }
        return start[...last]
    }
}
