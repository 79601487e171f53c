import NIOSSL

/// Whom a client believes over TLS.
package enum ServerTrust: Sendable {
    case system
    /// The system's authorities and those of one PEM file.
    case systemAnd(file: String)
}

/// The client's side of TLS, the same for every kind of connection: 1.2 or later, the certificate checked up to an
/// authority, and its name against the host.
enum TLSClient {
    static func context(_ trust: ServerTrust) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if case .systemAnd(let file) = trust {
            configuration.additionalTrustRoots = [.file(file)]
        }
        return try NIOSSLContext(configuration: configuration)
    }

    /// The first handler of a connection to `host`; for an IP address the certificate has to name that.
    static func handler(_ context: NIOSSLContext, host: String) throws -> NIOSSLClientHandler {
        let isAddress = host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }

    /// Whether an error is of TLS: a certificate that is not trusted, expired or for another name, or no TLS at all.
    static func isFailure(_ error: any Error) -> Bool {
        error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError
    }
}
