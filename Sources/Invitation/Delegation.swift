internal import Primitives
package import Wire

/// The doctor's identity key saying: this session key speaks for me, in this room, in this period.
///
/// Signed once, when the room is made, so that the identity key stays locked during the call.
package struct Delegation: Equatable, Sendable {
    /// Ed25519, 32 octets.
    package let identityKey: [UInt8]
    /// Unix seconds.
    package let notBefore: UInt64
    /// Unix seconds.
    package let notAfter: UInt64
    /// Ed25519, 64 octets.
    package let signature: [UInt8]

    package init(identityKey: [UInt8], notBefore: UInt64, notAfter: UInt64, signature: [UInt8]) {
        self.identityKey = identityKey
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.signature = signature
    }

    /// - Parameter sign: the identity key's signature over the octets it is given.
    package init(
        identityKey: [UInt8], sessionPublicKey: [UInt8], roomID: RoomID, notBefore: UInt64, notAfter: UInt64,
        sign: ([UInt8]) -> [UInt8]
    ) {
        let message = Self.toBeSigned(
            identityKey: identityKey, sessionPublicKey: sessionPublicKey, roomID: roomID, notBefore: notBefore,
            notAfter: notAfter)
        self.init(identityKey: identityKey, notBefore: notBefore, notAfter: notAfter, signature: sign(message))
    }

    /// Checks that the identity key signed this session key for this room.
    package func verify(sessionPublicKey: [UInt8], roomID: RoomID) throws(DelegationError) {
        let message = Self.toBeSigned(
            identityKey: self.identityKey, sessionPublicKey: sessionPublicKey, roomID: roomID,
            notBefore: self.notBefore, notAfter: self.notAfter)
        guard Ed25519.verify(signature: self.signature, message: message, publicKey: self.identityKey) else {
            throw .signature
        }
    }

    package enum Validity: Equatable, Sendable {
        case valid
        /// Outside the period, but by no more than a wrong clock explains: say so and go on.
        case doubtful
    }

    /// Compares the period with this end's wall clock, which no step of the protocol trusts further.
    /// - Parameter unixTime: seconds.
    package func validity(at unixTime: UInt64) throws(DelegationError) -> Validity {
        if unixTime < self.notBefore {
            guard self.notBefore - unixTime <= Self.clockTolerance else { throw .notYetValid }
            return .doubtful
        }
        if unixTime > self.notAfter {
            guard unixTime - self.notAfter <= Self.clockTolerance else { throw .expired }
            return .doubtful
        }
        return .valid
    }

    static func toBeSigned(
        identityKey: [UInt8], sessionPublicKey: [UInt8], roomID: RoomID, notBefore: UInt64, notAfter: UInt64
    ) -> [UInt8] {
        var period = ByteWriter(capacity: 16)
        period.write(notBefore)
        period.write(notAfter)
        return lengthPrefixed(
            [UInt8]("colloque/1 delegation".utf8), identityKey, sessionPublicKey, roomID.bytes, period.bytes)
    }

    /// How wrong a clock may be, in seconds: a day.
    package static let clockTolerance: UInt64 = 86_400
}
