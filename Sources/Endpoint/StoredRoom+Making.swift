internal import Consultation
internal import Invitation
package import Keystore
package import Primitives
internal import Wire

extension StoredRoom {
    /// A room for one patient, not yet kept or opened.
    /// - Parameters:
    ///   - origin: where the page is: `https://HOST[:PORT]`.
    ///   - seconds: how long the link lets somebody in, from `opens` on.
    ///   - opens: Unix seconds; 0 for now.
    ///   - now: Unix seconds.
    package static func made(
        label: String, origin: String, isRelayOnly: Bool, lasting seconds: UInt32, opens: UInt64 = 0,
        for identity: Ed25519.KeyPair, now: UInt64
    ) -> StoredRoom {
        var random = RandomSource.system
        let begins = opens == 0 ? now : opens
        let expires = begins + UInt64(seconds)
        // Who comes early waits: the delegation holds from now on.
        let secrets = RoomSecrets(
            flags: isRelayOnly ? .relayOnly : [], validity: (now - min(now, Self.clockSkew))...expires,
            identity: identity,
            random: &random)
        return StoredRoom(
            session: SessionID(random: &random), label: label, origin: origin, invitation: secrets.invitation,
            sessionKey: secrets.sessionKey, delegation: secrets.delegation,
            timeToLive: UInt32(clamping: expires - min(now, expires)), expires: expires, opens: opens)
    }

    /// The room with nobody admitted and its dates signed anew: its link works again, once.
    /// - Parameter seconds: how long the link lets somebody in from `now`, in Unix seconds, on.
    /// - Returns: `nil` where nobody was admitted, somebody said goodbye, or it was done before.
    package func reopened(lasting seconds: UInt32, for identity: Ed25519.KeyPair, now: UInt64) -> StoredRoom? {
        switch self.state {
        case .admitted, .brokenOff: break
        case .open, .ended: return nil
        }
        guard !self.isReopened else { return nil }
        let expires = now + UInt64(seconds)
        let delegation = Delegation(
            identityKey: identity.publicKey, sessionPublicKey: self.sessionKey.publicKey,
            roomID: RoomSecrets(self).keys.roomID, notBefore: self.delegation.notBefore,
            notAfter: max(expires, self.delegation.notAfter), sign: identity.sign)
        return StoredRoom(
            session: self.session, label: self.label, origin: self.origin, invitation: self.invitation,
            sessionKey: self.sessionKey, delegation: delegation, timeToLive: seconds, expires: expires,
            opens: self.opens, isReopened: true, state: .open)
    }

    /// How far the patient's clock may be behind ours without a word about it, in seconds.
    private static let clockSkew: UInt64 = 300
}
