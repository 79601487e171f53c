package import Primitives
internal import Wire

/// What the broker and its relays share, 32 octets: with it the one grants and the others recognise credentials.
package struct RelaySecret: Sendable {
    private let key: SecretBytes

    /// - Precondition: 32 octets.
    package init(_ key: SecretBytes) {
        precondition(key.count == Self.count, "a relay secret has 32 octets")
        self.key = key
    }

    package static func random() -> RelaySecret {
        RelaySecret(SecretBytes(randomCount: Self.count))
    }

    /// Reads 64 hexadecimal digits, white space around them allowed, as a file holds them.
    package init?(hex text: some StringProtocol) {
        let digits = String(text.unicodeScalars.filter { !$0.properties.isWhitespace }.map(Character.init))
        guard var octets = [UInt8](hex: digits), octets.count == Self.count else { return nil }
        self.init(SecretBytes(copying: octets))
        SecretBytes.wipe(&octets)
    }

    /// For the file that the broker and its relays read; the only way out.
    package var hex: String {
        var octets = self.key.copy()
        defer { SecretBytes.wipe(&octets) }
        return octets.hex
    }

    /// HMAC-SHA-256 of `message`: 32 octets.
    package func authenticate(_ message: [UInt8]) -> [UInt8] {
        var octets = self.key.copy()
        defer { SecretBytes.wipe(&octets) }
        return HMACSHA256.authenticate(message, key: octets)
    }

    private static let count = 32
}
