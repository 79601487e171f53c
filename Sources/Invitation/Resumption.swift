internal import Primitives
package import Wire

/// What both ends keep of the first epoch so as to meet again: constant until the room dies.
///
/// It is not ratcheted. A ratchet would lock the honest patient out as soon as one end completed an
/// epoch that the other did not see; forward secrecy comes from each epoch's own Diffie–Hellman.
package struct Resumption: Equatable, Sendable {
    package let roomID: RoomID
    /// R: 32 octets.
    package let secret: Secret
    /// T_0, the transcript of the first epoch: 32 octets.
    package let transcript: [UInt8]
    private let firstPSK: Secret

    /// - Precondition: 32 octets each.
    package init(roomKeys: RoomKeys, secret: Secret, transcript: [UInt8]) {
        precondition(secret.count == 32 && transcript.count == 32)
        self.roomID = roomKeys.roomID
        self.secret = secret
        self.transcript = transcript
        self.firstPSK = roomKeys.psk
    }

    /// Shown to the broker in a JOIN of mode 1: 32 octets.
    package var rejoinToken: Secret {
        Secret(HKDF.expand(self.secret.bytes, info: "colloque/1 rejoin", count: 32))
    }

    /// What the broker stores from admission on: 32 octets.
    package var rejoinHash: [UInt8] { RoomKeys.joinHash(of: self.rejoinToken.bytes) }

    /// The pre-shared key of epoch `epoch`, from 1 on: 32 octets.
    package func psk(epoch: UInt32) -> Secret {
        var info = ByteWriter()
        info.write("colloque/1 psk-resume".utf8)
        info.write(epoch)
        let root = HKDF.extract(salt: self.firstPSK.bytes, inputKeyMaterial: self.secret.bytes)
        return Secret(HKDF.expand(root, info: info.bytes, count: 32))
    }
}

/// The chain over the handshake hashes of a room's epochs.
package enum Transcript {
    /// - Parameter previous: the transcript of the epoch before, `nil` for the first.
    /// - Returns: 32 octets.
    package static func value(after previous: [UInt8]? = nil, handshakeHash: [UInt8]) -> [UInt8] {
        let start = previous ?? [UInt8](repeating: 0, count: 32)
        return SHA256.hash(lengthPrefixed([UInt8]("colloque/1 transcript".utf8), start, handshakeHash))
    }
}
