package import Invitation
package import Primitives
package import Wire

/// What makes a doctor the doctor of one room: the invitation's secret, the session key and its delegation.
package struct RoomSecrets: Sendable {
    package let invitation: Invitation
    package let sessionKey: X25519.KeyPair
    package let delegation: Delegation
    package let keys: RoomKeys

    package init(invitation: Invitation, sessionKey: X25519.KeyPair, delegation: Delegation) {
        self.invitation = invitation
        self.sessionKey = sessionKey
        self.delegation = delegation
        self.keys = RoomKeys(invitation)
    }

    /// A room of its own for one consultation.
    /// - Parameters:
    ///   - validity: Unix seconds in which the delegation holds.
    ///   - identity: the doctor's long-term key, which signs here and is not needed again during the call.
    package init(
        flags: Invitation.Flags = [], validity: ClosedRange<UInt64>, identity: Ed25519.KeyPair,
        random: inout RandomSource
    ) {
        let sessionKey = X25519.KeyPair()
        let invitation = Invitation(flags: flags, sessionPublicKey: sessionKey.publicKey, random: &random)
        let delegation = Delegation(
            identityKey: identity.publicKey, sessionPublicKey: sessionKey.publicKey,
            roomID: RoomKeys(invitation).roomID, notBefore: validity.lowerBound, notAfter: validity.upperBound,
            sign: identity.sign)
        self.init(invitation: invitation, sessionKey: sessionKey, delegation: delegation)
    }
}
