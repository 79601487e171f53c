/// Why a link or a delegation is refused. The patient is told in plain words; the broker learns nothing of it.
package enum InvitationError: Error, Equatable, Sendable {
    /// The text is not a web address: scheme, host or path.
    case notALink
    /// The fragment is missing, cut short or has text stuck to its end: the link was damaged on its way.
    case incomplete(characters: Int)
    /// A character that base64url (RFC 4648 §5) does not know.
    case alphabet
    /// Right length, wrong checksum: a character was changed.
    case checksum
    /// A link of another version of the protocol: this end is too old or too new.
    case version(UInt8)
    /// A flag this version does not know: this end is too old for the link.
    case unknownFlags(UInt8)
}

/// Why the identity shown in the handshake does not hold for this room.
package enum DelegationError: Error, Equatable, Sendable {
    /// The identity key did not sign this session key, room and period.
    case signature
    /// The period starts more than ``Delegation/clockTolerance`` from now.
    case notYetValid
    /// The period ended more than ``Delegation/clockTolerance`` ago.
    case expired
}
