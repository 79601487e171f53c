import Consultation
import Foundation
import Invitation
import Network
import Phrases
import SecureChannel
import Session
import Wire

/// One end of a call and the broker it is at.
struct PatientPlace {
    let session: PeerSession
    let broker: WebSocketURL

    /// The patient who holds the link in `text`.
    /// - Parameters:
    ///   - language: of the text that was agreed to.
    ///   - consent: SHA-256 of that text.
    static func make(
        _ text: String, _ configuration: PeerSession.Configuration, language: LanguageCode, consent: [UInt8],
        options: GlobalOptions
    ) throws -> PatientPlace {
        let now = monotonicNow()
        let link: InvitationLink
        do {
            link = try InvitationLink(text)
        } catch {
            throw CommandFailure(CommandTrouble(error))
        }
        guard !link.invitation.flags.contains(.postQuantumRequired) else {
            throw CommandFailure(CommandTrouble.linkBeyondUs)
        }
        let origin = "\(link.scheme.rawValue)://\(link.authority)"
        guard let broker = WebSocketURL(options.broker ?? origin) else {
            throw CommandFailure(CommandTrouble.linkWithoutBroker)
        }
        let seat = PatientSeat(
            invitation: link.invitation,
            configuration: PatientSeat.Configuration(
                displayName: "", language: language, consentTextHash: consent),
            unixTimeAtZero: UnixClock.timeAtZero(now: now), random: .system)
        var configuration = configuration
        configuration.relayOnly = configuration.relayOnly || link.invitation.flags.contains(.relayOnly)
        return PatientPlace(
            session: PeerSession(patient: seat, configuration: configuration, random: .system, now: now),
            broker: broker)
    }
}

extension CommandTrouble {
    /// What a link that cannot be used tells its holder.
    fileprivate init(_ error: InvitationError) {
        switch error {
        case .incomplete, .checksum, .alphabet: self = .linkIncomplete
        case .version, .unknownFlags: self = .linkOfLaterVersion
        case .notALink: self = .notALink
        }
    }
}
