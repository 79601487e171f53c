internal import Foundation
package import Network
package import Wire

/// Everything an administrator decides.
package struct BrokerConfiguration: Equatable, Sendable {
    /// Where to accept connections. `localhost` means both loopback addresses.
    package var listen: ListenAddress = ListenAddress(host: "localhost", port: 8080)
    /// Where to send those who come without TLS to the page; `nil` for nowhere.
    package var redirectListen: ListenAddress?
    /// Names this broker answers for, without port; the first is the one the page connects to.
    package var hosts: [String] = []
    /// Further origins whose page may open the WebSocket, such as `https://cabinet.example`.
    package var pageOrigins: [String] = []
    /// PEM files; both or neither.
    package var tlsCertificate: String?
    package var tlsKey: String?
    /// What the broker knows of its relay.
    package var relay = RelaySettings()
    /// The directory of the database.
    package var state: String = "/var/lib/colloque"
    /// What `security.txt` gives as contact, such as `mailto:security@broker.example`.
    package var securityContact: String?
    /// The release's signed manifest, served for whoever checks the page; PATH of a file.
    package var manifest: String?
    /// Connections at once; a tenth of them is kept for doctors.
    package var connections = 5000
    package var connectionsPerIPv4 = 16
    package var connectionsPerIPv6Network = 32
    /// Networks that get the limits of one source this many times: a whole hospital behind one address.
    package var hospitals: [HospitalNetwork] = []

    package init() {}

    package var isTLS: Bool { self.tlsCertificate != nil }
}

/// The relay's part of a configuration.
package struct RelaySettings: Equatable, Sendable {
    /// Where a relay of this broker's own serves STUN and TURN over UDP and TCP; `nil` for no such relay.
    package var listen: ListenAddress?
    /// The name in the addresses handed out; the first of `hosts` if not given.
    package var host: String?
    /// Behind which addresses clients see the relay; found out if empty.
    package var publicAddresses: [IPAddress] = []
    /// Threads that serve UDP.
    package var threads = 1
    /// The control socket of a relay that something else starts, such as a service manager.
    package var control: String?
    /// `turn:` and `turns:` addresses of relays elsewhere that share the secret; in place of one here.
    package var urls: [String] = []
    /// What the broker and its relays share; `relay.secret` in the state directory if not given.
    package var secretFile: String?
    /// The program that is started as `EXECUTABLE relay …`: this one, by the name that an administrator knows.
    package var executable: String = {
        let link = "/proc/self/exe"
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: link)
        return path.flatMap { FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil } ?? link
    }()

    package init() {}
}

/// What is wrong with a configuration, in words for the administrator.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension BrokerConfiguration {
    /// Reads lines of `key = value`; `#` starts a comment line; `host`, `page-origin`,
    /// `hospital`, `relay` and `relay-public-address` may come again.
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
        if !self.isTLS, self.redirectListen != nil {
            throw ConfigurationError("redirect-listen sends people to the page over TLS: there is no certificate")
        }
        if self.isTLS, self.hosts.isEmpty, ["0.0.0.0", "::", "[::]"].contains(self.listen.host) {
            throw ConfigurationError(
                "with TLS on every address, `host = NAME` in the configuration says which name this broker answers for")
        }
        for host in self.hosts where !Self.isHostName(host) {
            throw ConfigurationError("`\(host)` is no host name")
        }
        for url in self.relay.urls where !["turn:", "turns:", "stun:"].contains(where: { url.hasPrefix($0) }) {
            throw ConfigurationError("`\(url)` is no relay: turn:HOST:PORT?transport=udp and its like")
        }
        if self.relay.listen != nil, self.relay.control != nil {
            throw ConfigurationError(
                "relay-listen starts a relay, relay-control uses one that is there: give one of them")
        }
        for origin in self.pageOrigins where !Self.isOrigin(origin) {
            throw ConfigurationError("`\(origin)` is no origin: https:// and a host, nothing after")
        }
    }

    /// Where the broker and its relays find what they share.
    package var relaySecretFile: String { self.relay.secretFile ?? "\(self.state)/relay.secret" }

    private mutating func set(_ key: String, to value: String) throws(ConfigurationError) -> Bool {
        switch key {
        case "listen":
            guard let address = ListenAddress(value) else { return false }
            self.listen = address
        case "redirect-listen":
            guard let address = ListenAddress(value) else { return false }
            self.redirectListen = address
        case "host": self.hosts.append(value.lowercased())
        case "page-origin": self.pageOrigins.append(value.lowercased())
        case "tls-certificate": self.tlsCertificate = value
        case "tls-key": self.tlsKey = value
        case "relay-listen":
            guard let address = ListenAddress(value) else { return false }
            self.relay.listen = address
        case "relay-host": self.relay.host = value.lowercased()
        case "relay-public-address":
            guard let address = IPAddress(value) else { return false }
            self.relay.publicAddresses.append(address)
        case "relay-threads": return Self.read(value, 1...64, into: &self.relay.threads)
        case "relay-control": self.relay.control = value
        case "relay-secret-file": self.relay.secretFile = value
        case "relay": self.relay.urls.append(value)
        case "state": self.state = value
        case "security-contact": self.securityContact = value
        case "manifest": self.manifest = value
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
