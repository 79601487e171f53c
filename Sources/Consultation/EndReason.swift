package import SecureChannel
package import Signalling

/// Why a consultation is over, or could not be. Terminal: nothing is tried again after it.
package enum EndReason: Error, Equatable, Sendable {
    /// This end hung up.
    case hungUp
    /// The other end hung up.
    case peerHungUp
    /// The doctor did not admit this patient.
    case refused(RefusalReason)
    /// The patient does not agree to the consultation.
    case consentRefused
    /// The words were not the same: somebody may stand in between.
    case wordsDiffer
    /// The certificate of the media path is not the one that the sealed channel names.
    case bindingFailed
    /// The other end reported a failure of its own and left.
    case peerFailed
    /// The room's time is over.
    case expired
    /// The broker, or the doctor through it, turned this patient away before admission.
    case turnedAway(ErrorCode)
    /// The doctor's key is not enrolled at this broker, or its signature did not hold.
    case notEnrolled
    /// The broker holds this room for another key or another link, or another desk of this doctor admitted somebody.
    case roomTaken
    case tooManyRooms
    /// A newer socket of the same doctor took over.
    case superseded
    /// What the other end sent does not verify; no second try is made with the same keys.
    case cryptographicFailure(ChannelError)
    /// The other end broke the protocol.
    case protocolViolation(ProtocolViolation)
    /// Several attempts in a row came to nothing.
    case retriesExhausted
    /// Relay only was asked for, and the broker offers no relay.
    case noRelay
    /// No media path came about, or the one there was died; the text is for a report.
    case mediaFailed(String)

    /// What a peer can do that no honest one does.
    package enum ProtocolViolation: Equatable, Sendable {
        case frameOfWrongParty
        case offerWithoutConsent
        case unreadableDescription(String)
    }

    init(bye: ByeReason) {
        self =
            switch bye {
            case .hungUp: .peerHungUp
            case .wordsDiffer: .wordsDiffer
            case .bindingFailed: .bindingFailed
            case .expired: .expired
            default: .peerFailed
            }
    }

    /// What the other end is told.
    var bye: ByeReason {
        switch self {
        case .hungUp, .peerHungUp, .consentRefused, .refused: .hungUp
        case .wordsDiffer: .wordsDiffer
        case .bindingFailed: .bindingFailed
        case .expired: .expired
        default: .error
        }
    }
}

extension EndReason: CustomStringConvertible {
    /// A stable name in kebab case, for reports.
    package var description: String {
        switch self {
        case .hungUp: "hung-up"
        case .peerHungUp: "peer-hung-up"
        case .refused(let reason): "refused-\(reason.rawValue)"
        case .consentRefused: "consent-refused"
        case .wordsDiffer: "words-differ"
        case .bindingFailed: "binding-failed"
        case .peerFailed: "peer-failed"
        case .expired: "expired"
        case .turnedAway(.unknownOrExpired): "room-unknown-or-expired"
        case .turnedAway(.used): "link-used"
        case .turnedAway(.full): "waiting-room-full"
        case .turnedAway(.rate): "too-many-attempts"
        case .turnedAway(.malformed): "not-verified"
        case .turnedAway(.closed): "room-closed"
        case .turnedAway(let code): "turned-away-\(code.rawValue)"
        case .notEnrolled: "not-enrolled"
        case .roomTaken: "room-of-another-key"
        case .tooManyRooms: "too-many-rooms"
        case .superseded: "superseded"
        case .cryptographicFailure(let error): "cryptographic-failure: \(error)"
        case .protocolViolation(let violation): "protocol-violation: \(violation)"
        case .retriesExhausted: "retries-exhausted"
        case .noRelay: "no-relay"
        case .mediaFailed(let what): "media-failed: \(what)"
        }
    }
}
