package import Wire

/// The stateless STUN service: tells a client the address it is seen at (RFC 8489 §§6.3.1, 12).
///
/// Answers requests alone, never responses, indications or errors, so two servers cannot be set
/// to answer each other; adds nothing that was not asked for, so a forged source receives at most
/// 2.5 times what the forger sent.
package enum BindingResponder {
    /// - Parameter source: Where the datagram came from; an IPv4-mapped address is reported as IPv4.
    /// - Returns: What to send back to `source`, or `nil` for silence.
    package static func response(to datagram: ArraySlice<UInt8>, from source: TransportAddress) -> [UInt8]? {
        guard let request = try? STUNMessage(decoding: datagram), request.messageClass == .request,
            request.method == .binding
        else { return nil }
        let unknown = request.unknownRequired(besides: Self.understood)
        var builder = STUNMessageBuilder(
            unknown.isEmpty ? .success : .error, .binding, transactionID: request.transactionID)
        if unknown.isEmpty {
            builder.add(.xorMappedAddress, xor: TransportAddress(source.ip.unmapped, port: source.port))
        } else {
            builder.add(.unknownAttribute)
            builder.add(unknown: unknown)
        }
        if request[.fingerprint] != nil { builder.addFingerprint() }
        return builder.bytes
    }

    /// Credentials are read over: the service is open to all. The ICE attributes are what a
    /// client sends that uses one request for checks and for gathering.
    private static let understood: Set<STUNAttributeType> = [
        .username, .messageIntegrity, .messageIntegritySHA256, .realm, .nonce, .userhash, .passwordAlgorithm,
        .priority, .useCandidate,
    ]
}
