import ArgumentParser
import Consultation
import Desk
import Endpoint
import Foundation
import Invitation
import Keystore
import Network
import Phrases
import Primitives
import Terminal

struct SessionReopen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reopen",
        abstract: "Let somebody in again by a link that was used, once.",
        discussion: """
            For a patient who closed the tab or changes to another device after having been admitted: hang up if the \
            call still waits for them, then the same link lets somebody knock again, and whoever was admitted before \
            cannot come back. Words are compared anew. A link is re-opened once (77 the second time), and never \
            after a goodbye of either side: make a new session then.
            """)

    @Argument(help: ArgumentHelp("As `session new` printed it.", valueName: "session"), completion: .session)
    var session: SessionID

    @Option(help: ArgumentHelp("How long the link lets somebody in from now on; at most 24h.", valueName: "time"))
    var ttl = TimeToLive(seconds: 7200)

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let identity = try self.options.unlock()
        let room = try identity.rooms.load(self.session)
        switch room.state {
        case .admitted, .brokenOff: break
        case .ended: throw CommandFailure(SessionTrouble.ended)
        case .open: throw CommandFailure(SessionTrouble.nobodyAdmitted)
        }
        guard !room.isReopened else { throw CommandFailure(SessionTrouble.reopenedAlready) }
        let broker = try GlobalOptions.brokerURL(room.origin)
        let reopened = self.reopened(room, by: identity)
        let door = BrokerDoor(broker: broker, identity: identity, options: self.options)
        // A desk reads the room from here, hence it is there first; a broker out of reach must not spend the one time.
        try identity.rooms.save(reopened)
        do {
            if try !door.askDesk(DeskRequest(.reopen, self.session)) {
                let opening = BrokerErrand.Opening(
                    secrets: RoomSecrets(reopened), relayOnly: room.invitation.flags.contains(.relayOnly),
                    timeToLive: .seconds(reopened.timeToLive), reopens: true)
                try await door.visit(BrokerErrand(opening: [opening]))
            }
        } catch {
            try identity.rooms.save(room)
            throw error
        }
        if self.options.json {
            var facts = SessionFacts(reopened)
            facts.link = try reopened.link().text
            try printJSON(facts)
        } else {
            let phrases = Speech.phrases
            let until = phrases.dateAndClock(WallTime(unix: reopened.expires))
            print(Speech.fitted(phrases.sessionIsReopened(reopened.session.text, until: until), apart: false))
        }
    }

    /// The room with nobody admitted, and its dates signed anew.
    private func reopened(_ room: StoredRoom, by identity: UnlockedIdentity) -> StoredRoom {
        let expires = UnixClock.now + UInt64(self.ttl.seconds)
        let delegation = Delegation(
            identityKey: identity.publicKey, sessionPublicKey: room.sessionKey.publicKey,
            roomID: RoomSecrets(room).keys.roomID, notBefore: room.delegation.notBefore,
            notAfter: max(expires, room.delegation.notAfter), sign: identity.sign)
        return StoredRoom(
            session: room.session, label: room.label, origin: room.origin, invitation: room.invitation,
            sessionKey: room.sessionKey, delegation: delegation, timeToLive: self.ttl.seconds, expires: expires,
            opens: room.opens, isReopened: true, state: .open)
    }
}
