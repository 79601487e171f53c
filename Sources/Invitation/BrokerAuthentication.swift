internal import Wire

/// What a doctor signs so that the broker knows the enrolled key is here, now, at this broker.
package enum BrokerAuthentication {
    /// The octets under the signature of AUTH.
    /// - Parameters:
    ///   - host: the authority the doctor connected to, lower case, with the port when it is not 443; a
    ///     hostile broker can therefore not pass on another broker's challenge.
    ///   - identityKey: Ed25519, 32 octets.
    ///   - challenge: the broker's 32 octets.
    ///   - unixTime: seconds.
    package static func toBeSigned(
        host: String, identityKey: [UInt8], challenge: [UInt8], unixTime: UInt64
    ) -> [UInt8] {
        var time = ByteWriter(capacity: 8)
        time.write(unixTime)
        return lengthPrefixed(
            [UInt8]("colloque/1 broker-auth".utf8), [UInt8](host.utf8), identityKey, challenge, time.bytes)
    }
}
