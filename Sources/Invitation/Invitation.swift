internal import Primitives
package import Wire

/// What the fragment of a link carries, and all that a room is derived from.
///
///     F   = base64url( 01 | flags | S 16 | D 32 | checksum 4 )      54 octets, 72 characters
///
/// `S` is the shared secret of the invitation, `D` the doctor's X25519 key of this consultation.
package struct Invitation: Equatable, Sendable {
    package struct Flags: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// Both ends must agree on ML-KEM-768 before anything is said.
        package static let postQuantumRequired = Flags(rawValue: 1)
        /// Media goes through the relay only: neither end learns the other's address.
        package static let relayOnly = Flags(rawValue: 2)

        static let known: Flags = [.postQuantumRequired, .relayOnly]
    }

    package let flags: Flags
    /// S: 16 octets.
    package let secret: Secret
    /// D: 32 octets.
    package let sessionPublicKey: [UInt8]

    /// - Precondition: 16 octets of secret, 32 of key, no unknown flag.
    package init(flags: Flags, secret: Secret, sessionPublicKey: [UInt8]) {
        precondition(secret.count == Self.secretLength && sessionPublicKey.count == X25519.keyLength)
        precondition(flags.isSubset(of: .known))
        self.flags = flags
        self.secret = secret
        self.sessionPublicKey = sessionPublicKey
    }

    /// A fresh invitation to the consultation whose session key is `sessionPublicKey`.
    package init(flags: Flags = [], sessionPublicKey: [UInt8], random: inout RandomSource) {
        let secret = Secret(random.bytes(count: Self.secretLength))
        self.init(flags: flags, secret: secret, sessionPublicKey: sessionPublicKey)
    }

    /// Reads the part of a link behind `#`.
    package init(fragment: some StringProtocol) throws(InvitationError) {
        let characters = fragment.utf8
        guard characters.allSatisfy(isBase64URL) else { throw .alphabet }
        guard characters.count == Self.fragmentLength, let bytes = [UInt8](base64URL: String(fragment)) else {
            throw .incomplete(characters: characters.count)
        }
        let body = [UInt8](bytes[..<Self.bodyLength])
        guard Self.checksum(of: body) == [UInt8](bytes[Self.bodyLength...]) else { throw .checksum }
        guard body[0] == Self.version else { throw .version(body[0]) }
        let flags = Flags(rawValue: body[1])
        guard flags.isSubset(of: .known) else { throw .unknownFlags(flags.subtracting(.known).rawValue) }
        self.init(flags: flags, secret: Secret([UInt8](body[2..<18])), sessionPublicKey: [UInt8](body[18..<50]))
    }

    /// 72 characters. It is the room's key: show it to the person who asked for a link, and to nothing else.
    package var fragment: String {
        let body = [Self.version, self.flags.rawValue] + self.secret.bytes + self.sessionPublicKey
        return (body + Self.checksum(of: body)).base64URL
    }

    private static func checksum(of body: [UInt8]) -> [UInt8] {
        [UInt8](SHA256.hash([UInt8]("colloque/1 link".utf8), body).prefix(4))
    }

    package static let secretLength = 16
    package static let fragmentLength = 72
    private static let bodyLength = 50
    private static let version: UInt8 = 1
}

private func isBase64URL(_ character: UInt8) -> Bool {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        true
    default: false
    }
}
