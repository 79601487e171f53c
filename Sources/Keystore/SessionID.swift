package import Wire

/// The name by which a doctor calls one consultation on this machine: 10 letters and digits.
package struct SessionID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package var description: String { self.text }

    /// - Returns: `nil` for anything but 10 characters of the alphabet, so that it is safe as a file's name.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == Self.length, text.utf8.allSatisfy({ Self.alphabet.contains($0) }) else { return nil }
        self.text = String(text)
    }

    /// A new name, 50 bits.
    package init(random: inout RandomSource) {
        let characters = random.bytes(count: Self.length).map { Self.alphabet[Int($0 & 31)] }
        self.text = String(decoding: characters, as: UTF8.self)
    }

    private static let length = 10
    /// Without the four that are taken for others: i, l, o, u (as in Crockford's base32).
    private static let alphabet = [UInt8]("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}
