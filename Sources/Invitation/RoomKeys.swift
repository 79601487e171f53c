internal import Primitives
package import Wire

/// What both ends derive from an invitation (HKDF with SHA-256, salt `colloque/1 invite`, input `S | D`).
package struct RoomKeys: Equatable, Sendable {
    package let roomID: RoomID
    /// Shown once to the broker, inside TLS: 32 octets.
    package let joinToken: Secret
    /// What the broker stores in place of the token: 32 octets.
    package let joinHash: [UInt8]
    /// The pre-shared key of the call's handshake: 32 octets.
    package let psk: Secret

    package init(_ invitation: Invitation) {
        let root = HKDF.extract(
            salt: [UInt8]("colloque/1 invite".utf8),
            inputKeyMaterial: invitation.secret.bytes + invitation.sessionPublicKey)
        let room = HKDF.expand(root, info: "colloque/1 room", count: RoomID.count)
        guard let roomID = RoomID(room) else {
            preconditionFailure("HKDF gives the octets it is asked for")
        }
        let joinToken = HKDF.expand(root, info: "colloque/1 join", count: 32)
        self.roomID = roomID
        self.joinToken = Secret(joinToken)
        self.joinHash = Self.joinHash(of: joinToken)
        self.psk = Secret(HKDF.expand(root, info: "colloque/1 psk", count: 32))
    }

    /// What the broker keeps of a token, fresh or rejoining, and compares a JOIN with: 32 octets.
    package static func joinHash(of token: [UInt8]) -> [UInt8] {
        SHA256.hash([UInt8]("colloque/1 join-hash".utf8), token)
    }
}
