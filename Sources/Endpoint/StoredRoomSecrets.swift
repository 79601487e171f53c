package import Consultation
internal import Invitation
package import Keystore

extension RoomSecrets {
    /// The secrets of a room that the keystore kept.
    package init(_ room: StoredRoom) {
        self.init(invitation: room.invitation, sessionKey: room.sessionKey, delegation: room.delegation)
    }
}
