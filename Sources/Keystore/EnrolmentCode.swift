internal import Primitives
internal import Wire

/// A doctor's public key as people read it to each other: 56 characters in 14 groups of four.
///
///     base32( key 32 | checksum 3 )        checksum = SHA-256("colloque/1 enrolment" | key), first 24 bits
///
/// The alphabet is Crockford's: no I, L, O or U; case, blanks and dashes do not matter, and O, I and L are read as the
/// digits they look like. One code in 17 million with mistakes passes for right.
package struct EnrolmentCode: Equatable, Sendable, CustomStringConvertible {
    /// Ed25519, 32 octets.
    package let key: [UInt8]

    /// - Precondition: 32 octets.
    package init(key: [UInt8]) {
        precondition(key.count == Ed25519.publicKeyLength)
        self.key = key
    }

    package enum Mistake: Error, Equatable, Sendable {
        /// Characters that count, and how many there should be.
        case length(have: Int, need: Int)
        /// In no code.
        case character(Character)
        /// Some character is another than was meant.
        case checksum
    }

    package init(reading text: some StringProtocol) throws(Mistake) {
        let bytes = try Base32.read(text, count: Ed25519.publicKeyLength + Self.checksumLength)
        let key = [UInt8](bytes.prefix(Ed25519.publicKeyLength))
        guard Self.checksum(of: key) == [UInt8](bytes.dropFirst(Ed25519.publicKeyLength)) else { throw .checksum }
        self.init(key: key)
    }

    /// Groups joined by dashes: 69 characters, one line and one word of a shell.
    package var description: String {
        Base32.write(self.key + Self.checksum(of: self.key))
    }

    private static func checksum(of key: [UInt8]) -> [UInt8] {
        [UInt8](SHA256.hash([UInt8]("colloque/1 enrolment".utf8), key).prefix(self.checksumLength))
    }

    private static let checksumLength = 3
}

/// What the broker's administrator answers an enrolment with: the broker's address, and that this key is enrolled there.
///
///     HOST[:PORT]/ABCD-EFGH       SHA-256(lp("colloque/1 enrolled", key, origin)), first 40 bits
///
/// It is no secret and no proof: it catches a key or an address that was read, typed or pasted wrong.
package struct EnrolmentConfirmation: Equatable, Sendable, CustomStringConvertible {
    /// `https://HOST[:PORT]`; `http` for names of this machine only.
    package let origin: String
    private let tag: [UInt8]

    /// - Parameters:
    ///   - key: Ed25519, 32 octets.
    ///   - authority: `HOST[:PORT]`, in lower case.
    package init(key: [UInt8], authority: String, isPlain: Bool) {
        self.origin = "\(isPlain ? "http" : "https")://\(authority)"
        self.tag = Self.tag(key: key, origin: self.origin)
    }

    /// Reads a confirmation that is about `key`.
    /// - Returns: `nil` for one about another key or another broker, and for anything else.
    package init?(reading text: some StringProtocol, for key: [UInt8]) {
        let compact = String(text.filter { !$0.isWhitespace })
        guard let slash = compact.lastIndex(of: "/") else { return nil }
        var authority = compact[..<slash].lowercased()
        for scheme in ["https://", "http://"] where authority.hasPrefix(scheme) {
            authority = String(authority.dropFirst(scheme.count))
        }
        guard !authority.isEmpty, !authority.contains("/"),
            let tag = try? Base32.read(compact[compact.index(after: slash)...], count: Self.tagLength)
        else { return nil }
        for isPlain in [false, true] {
            let candidate = EnrolmentConfirmation(key: key, authority: authority, isPlain: isPlain)
            if candidate.tag == tag {
                self = candidate
                return
            }
        }
        return nil
    }

    package var description: String {
        let authority = self.origin.drop { $0 != "/" }.dropFirst(2)
        return "\(authority)/\(Base32.write(self.tag))"
    }

    private static func tag(key: [UInt8], origin: String) -> [UInt8] {
        let message = lengthPrefixed([UInt8]("colloque/1 enrolled".utf8), key, [UInt8](origin.utf8))
        return [UInt8](SHA256.hash(message).prefix(self.tagLength))
    }

    private static let tagLength = 5
}

/// Five bits a character, in groups of four.
private enum Base32 {
    static func write(_ bytes: [UInt8]) -> String {
        var characters: [UInt8] = []
        var accumulator: UInt32 = 0
        var bits = 0
        for byte in bytes {
            accumulator = accumulator << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                if characters.count % 5 == 4 { characters.append(UInt8(ascii: "-")) }
                characters.append(self.alphabet[Int(accumulator >> UInt32(bits) & 31)])
            }
        }
        precondition(bits == 0, "whole characters only")
        return String(decoding: characters, as: UTF8.self)
    }

    /// - Parameter count: octets, a multiple of five.
    static func read(_ text: some StringProtocol, count: Int) throws(EnrolmentCode.Mistake) -> [UInt8] {
        var values: [UInt8] = []
        for character in text.uppercased() where !character.isWhitespace && !"-‐‑–—.".contains(character) {
            guard let value = self.value(of: character) else { throw .character(character) }
            values.append(value)
        }
        guard values.count == count * 8 / 5 else { throw .length(have: values.count, need: count * 8 / 5) }
        var bytes: [UInt8] = []
        var accumulator: UInt32 = 0
        var bits = 0
        for value in values {
            accumulator = accumulator << 5 | UInt32(value)
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits)))
            }
        }
        return bytes
    }

    private static func value(of character: Character) -> UInt8? {
        switch character {
        case "O": 0
        case "I", "L": 1
        default:
            character.asciiValue.flatMap { self.alphabet.firstIndex(of: $0) }.map { UInt8($0) }
        }
    }

    private static let alphabet = [UInt8]("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
}
