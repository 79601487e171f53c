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
        let seat = try PatientChair.make(text, language: language, consent: consent, options: options, now: now)
        var configuration = configuration
        configuration.relayOnly = configuration.relayOnly || seat.isRelayOnly
        return PatientPlace(
            session: PeerSession(patient: seat.seat, configuration: configuration, random: .system, now: now),
            broker: seat.broker)
    }
}

/// A patient's seat, before there is a session around it.
struct PatientChair {
    let seat: PatientSeat
    let broker: WebSocketURL
    /// The link asks for it.
    let isRelayOnly: Bool

    static func make(
        _ text: String, language: LanguageCode, consent: [UInt8], options: GlobalOptions, now: Instant
    ) throws -> PatientChair {
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
        return PatientChair(
            seat: seat, broker: broker, isRelayOnly: link.invitation.flags.contains(.relayOnly))
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
