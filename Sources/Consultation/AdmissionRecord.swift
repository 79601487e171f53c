package import Invitation
package import SecureChannel
internal import Wire

/// What a doctor keeps of an admission, to come back into the room after a crash without a new verification.
///
/// Whoever holds it is the doctor of the admitted patient: it belongs into the sealed keystore.
package struct AdmissionRecord: Equatable, Sendable {
    package let resumption: Resumption
    /// The greatest epoch whose CONFIRM verified.
    package var lastEpoch: UInt32
    /// The patient agreed to the consultation.
    package var hasConsented: Bool
    /// What this doctor said of the words; `nil` for nothing yet.
    package var comparison: Bool?
    /// What both people read to each other.
    package let authentication: ShortAuthenticationString
    /// ``Guest/number`` of the one who was admitted.
    package let guestNumber: Int

    package init(
        resumption: Resumption, lastEpoch: UInt32, hasConsented: Bool, comparison: Bool?,
        authentication: ShortAuthenticationString, guestNumber: Int
    ) {
        self.resumption = resumption
        self.lastEpoch = lastEpoch
        self.hasConsented = hasConsented
        self.comparison = comparison
        self.authentication = authentication
        self.guestNumber = guestNumber
    }
}
