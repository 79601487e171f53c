package import Network
package import TURN
package import Wire

/// Everything that a relay is told when it starts.
package struct RelayConfiguration: Sendable {
    /// Where STUN and TURN are served over UDP and TCP. A wildcard means each address that the machine has then:
    /// answers have to leave from the address that was asked.
    package var listen = ListenAddress(host: "localhost", port: 3478)
    /// Where TURN is served over TLS; `nil` for nowhere.
    package var tlsListen: ListenAddress?
    /// PEM files; both with `tlsListen`.
    package var tlsCertificate: String?
    package var tlsKey: String?
    package var secret: RelaySecret
    /// The address behind which clients see this machine; found out if absent.
    package var publicAddresses: [IPAddress] = []
    package var policy = RelayPolicy()
    /// Threads for UDP, each with a socket of its own on the same port.
    package var shards = 1
    /// A path in a directory that only the broker enters, where the broker hands over streams and closes rooms.
    package var controlPath: String?
    /// Ends by itself when nobody holds the control socket and nothing is allocated for a minute.
    package var isSupervised = false

    package init(secret: RelaySecret) {
        self.secret = secret
    }
}

/// Why a relay does not start.
package enum RelayError: Error, Equatable, Sendable {
    /// The certificate or its key cannot be read or do not belong together.
    case certificate(String)
    case cannotListen(String)
    /// No address is configured and none of the machine's will do.
    case noPublicAddress
    /// Longer than the system allows for a socket: 107 octets.
    case controlPathTooLong(String)
}

/// The ports a relay really got, in case it was asked for port 0.
package struct RelayPorts: Equatable, Sendable {
    /// Of UDP and TCP alike.
    package var port: UInt16
    package var tlsPort: UInt16?

    package init(port: UInt16, tlsPort: UInt16? = nil) {
        self.port = port
        self.tlsPort = tlsPort
    }
}
