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

    /// How far the patient's clock may be behind ours without a word about it, in seconds.
    private static let clockSkew: UInt64 = 300
}
