package import Consultation
package import Phrases
internal import SecureChannel
internal import Signalling

extension Ending {
    /// What a person needs to know of an end.
    package init(_ reason: EndReason) {
        switch reason {
        case .hungUp: self = .hungUp
        case .peerHungUp: self = .peerHungUp
        case .refused(.otherDeviceAdmitted): self = .otherDeviceAdmitted
        case .refused(.notNow): self = .notNow
        case .refused(.wrongPerson): self = .wrongPerson
        case .refused: self = .refused
        case .consentRefused: self = .consentRefused
        case .wordsDiffer: self = .wordsDiffer
        case .bindingFailed: self = .bindingFailed
        case .peerFailed: self = .peerFailed
        case .expired: self = .expired
        case .turnedAway(.unknownOrExpired): self = .linkUnknown
        case .turnedAway(.used): self = .linkUsed
        case .turnedAway(.full): self = .waitingRoomFull
        case .turnedAway(.rate): self = .tooManyAttempts
        case .turnedAway(.malformed): self = .notVerified
        case .turnedAway(.closed): self = .roomClosed
        case .turnedAway(let code): self = .turnedAway(code: Int(code.rawValue))
        case .notEnrolled: self = .notEnrolled
        case .roomTaken: self = .roomTaken
        case .tooManyRooms: self = .tooManyRooms
        case .superseded: self = .superseded
        case .cryptographicFailure: self = .cryptographicFailure
        case .protocolViolation: self = .protocolViolation
        case .retriesExhausted: self = .retriesExhausted
        case .noRelay: self = .noRelay
        case .mediaFailed: self = .mediaFailed
        }
    }
}
