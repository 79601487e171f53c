import Consultation
import Foundation
import Invitation
import Network
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
            throw CommandFailure(code: 65, LinkTrouble.sentence(for: error))
        }
        guard !link.invitation.flags.contains(.postQuantumRequired) else {
            throw CommandFailure(
                code: 65,
                "the link asks for post-quantum keys, which this version has not; update it or ask for another")
        }
        let origin = "\(link.scheme.rawValue)://\(link.authority)"
        guard let broker = WebSocketURL(options.broker ?? origin) else {
            throw CommandFailure(code: 65, "the link names no broker that could be reached; ask for it again")
        }
        let seat = PatientSeat(
            invitation: link.invitation,
            configuration: PatientSeat.Configuration(
                displayName: "", language: language, consentTextHash: consent),
            unixTimeAtZero: unixTimeAtZero(now: now), random: .system)
        var configuration = configuration
        configuration.relayOnly = configuration.relayOnly || link.invitation.flags.contains(.relayOnly)
        return PatientPlace(
            session: PeerSession(patient: seat, configuration: configuration, random: .system, now: now),
            broker: broker)
    }
}
