package import Consultation
internal import Invitation
package import Keystore
internal import SecureChannel

extension RoomSecrets {
    /// The secrets of a room that the keystore kept.
    package init(_ room: StoredRoom) {
        self.init(invitation: room.invitation, sessionKey: room.sessionKey, delegation: room.delegation)
    }
}

extension AdmissionRecord {
    /// What the keystore kept of an admission; `nil` for a room in another state.
    package init?(_ room: StoredRoom) {
        guard case .admitted(let admission) = room.state, let resumption = room.resumption,
            let authentication = ShortAuthenticationString(bytes: admission.authentication)
        else { return nil }
        self.init(
            resumption: resumption, lastEpoch: admission.lastEpoch, hasConsented: admission.hasConsented,
            comparison: admission.comparison, authentication: authentication, guestNumber: Int(admission.guestNumber))
    }
}

extension StoredRoom.Admission {
    package init(_ record: AdmissionRecord) {
        self.init(
            resumeSecret: record.resumption.secret, transcript: record.resumption.transcript,
            lastEpoch: record.lastEpoch, hasConsented: record.hasConsented, comparison: record.comparison,
            authentication: record.authentication.bytes, guestNumber: UInt32(clamping: record.guestNumber))
    }
}

extension StoredRoom {
    /// What the patient is sent; `nil` for an origin that cannot stand in a link.
    package var linkText: String? {
        (try? InvitationLink(origin: self.origin, invitation: self.invitation))?.text
    }
}
