package import Wire

/// The username fragment and password of one side in one ICE generation (RFC 8445 §5.3).
package struct ICECredentials: Hashable, Sendable {
    /// 4 ... 256 ice-chars; public, it travels in every check.
    package let usernameFragment: String
    /// 22 ... 256 ice-chars; known to the two ends alone.
    package let password: String
    /// The key of MESSAGE-INTEGRITY: the octets of the password.
    let key: [UInt8]

    /// Reads what signalling carried.
    package init(usernameFragment: String, password: String) throws(ICEError) {
        guard Self.isValid(usernameFragment, count: 4...256), Self.isValid(password, count: 22...256) else {
            throw .malformedCredentials
        }
        self.usernameFragment = usernameFragment
        self.password = password
        self.key = Array(password.utf8)
    }

    /// Fresh credentials of 48 and 144 random bits.
    package init(random: inout RandomSource) {
        func text(_ count: Int) -> String {
            String(
                decoding: random.bytes(count: count).map { Self.alphabet[Int($0 & 63)] }, as: UTF8.self)
        }
        self.usernameFragment = text(8)
        self.password = text(24)
        self.key = Array(self.password.utf8)
    }

    private static func isValid(_ text: String, count: ClosedRange<Int>) -> Bool {
        count.contains(text.utf8.count) && text.utf8.allSatisfy { Self.alphabet.contains($0) }
    }

    /// ice-char (RFC 8839 §5.4), 64 of them.
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
}

extension ICECredentials: CustomStringConvertible {
    package var description: String { "\(self.usernameFragment):<secret>" }
}
