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
        let door = BrokerDoor(broker: broker, identity: identity, options: self.options)
        try await door.ask(DeskRequest(.reopen, self.session, seconds: self.ttl.seconds)) {
            try await self.reopen(of: identity, at: door)
        }
        let reopened = try identity.rooms.load(self.session)
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

    /// Here, where no desk runs: what is on the disk is what holds, since a call may just have ended.
    private func reopen(of identity: UnlockedIdentity, at door: BrokerDoor) async throws {
        let room = try identity.rooms.load(self.session)
        guard let reopened = room.reopened(lasting: self.ttl.seconds, for: identity.keyPair, now: UnixClock.now) else {
            throw CommandFailure(SessionTrouble.reopenedAlready)
        }
        let opening = BrokerErrand.Opening(
            secrets: RoomSecrets(reopened), relayOnly: room.invitation.flags.contains(.relayOnly),
            timeToLive: .seconds(reopened.timeToLive), reopens: true)
        // Written last: a broker out of reach must not spend the one time.
        try await door.visit(BrokerErrand(opening: [opening]))
        try identity.rooms.save(reopened)
    }
}
