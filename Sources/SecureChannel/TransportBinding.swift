package import Invitation
internal import Primitives
internal import Wire

/// Which of the two ends.
package enum Party: Hashable, Sendable {
    case patient
    case doctor

    package var other: Party { self == .patient ? .doctor : .patient }
}

/// Ties the DTLS connection to the epoch: each end says inside Noise which two certificates it saw.
package enum TransportBinding {
    /// - Parameters:
    ///   - party: who makes the tag.
    ///   - key: the epoch's binding key.
    ///   - patientFingerprint: SHA-256 of the patient's certificate, 32 octets, as `party` saw it.
    ///   - doctorFingerprint: likewise of the doctor's.
    /// - Returns: 32 octets.
    package static func tag(
        by party: Party, key: Secret, handshakeHash: [UInt8], patientFingerprint: [UInt8], doctorFingerprint: [UInt8]
    ) -> [UInt8] {
        let label = party == .patient ? "colloque/1 bind P" : "colloque/1 bind D"
        let message = lengthPrefixed(
            [UInt8](label.utf8), handshakeHash, patientFingerprint, doctorFingerprint)
        return HMACSHA256.authenticate(message, key: key.bytes)
    }
}
