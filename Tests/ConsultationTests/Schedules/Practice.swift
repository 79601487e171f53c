import Consultation
import Invitation
import Primitives
import SecureChannel
import Simulation
import Wire

/// What a doctor's machines hold: the identity, the rooms, and what was decided in each.
final class Practice {
    struct Room {
        let name: String
        let secrets: RoomSecrets
        /// Whom the doctor let in, by the words of that guest, at any desk.
        var admissions: [ShortAuthenticationString] = []
        /// Who found the door open, by the words on the patient's screen, since the room was last over.
        var letIn: Set<ShortAuthenticationString> = []
        /// The broker knows it: only now is the link given away.
        var wasOpened = false
        /// The link was made to work again after somebody was let in by it.
        var wasReopened = false
        /// The doctor hung up at some desk, or heard that the room is over.
        var isOver = false
        /// The guests whom the doctor chose to send away.
        var refused: Set<ShortAuthenticationString> = []

        var id: RoomID { self.secrets.keys.roomID }
    }

    let identity: Ed25519.KeyPair
    var rooms: [Room] = []

    init(roomCount: Int, random: inout RandomSource) throws {
        let identity = try Ed25519.KeyPair(seed: SecretBytes(copying: random.bytes(count: 32)))
        self.identity = identity
        let start = World.unixTimeAtZero
        for index in 0..<roomCount {
            let key = try X25519.KeyPair(privateKey: SecretBytes(copying: random.bytes(count: 32)))
            let invitation = Invitation(sessionPublicKey: key.publicKey, random: &random)
            let delegation = Delegation(
                identityKey: identity.publicKey, sessionPublicKey: key.publicKey,
                roomID: RoomKeys(invitation).roomID, notBefore: start, notAfter: start + 7200, sign: identity.sign)
            self.rooms.append(
                Room(
                    name: "room \(index + 1)",
                    secrets: RoomSecrets(invitation: invitation, sessionKey: key, delegation: delegation)))
        }
    }

    func index(of id: RoomID) -> Int? { self.rooms.firstIndex { $0.id == id } }
}
