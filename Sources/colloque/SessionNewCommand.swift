import ArgumentParser
import Consultation
import Desk
import Endpoint
import Foundation
import Handout
import Invitation
import Keystore
import Network
import Release
import Wire

struct SessionNew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make a session and print its link.",
        discussion: """
            The link is the key of the room: whoever holds it may knock, so send it to the patient and to nobody \
            else. It works as soon as it is printed. If the broker cannot be reached (69) or refuses (77), no \
            session is kept.

            With --opens the consultation is for later, up to 30 days ahead: the broker holds the room from now on, so \
            that who comes early waits rather than being told of a wrong link; --ttl counts from that hour. What the \
            doctor's key signs for the room holds from a quarter of an hour before.

            The page that the broker serves is compared with this release's, as `colloque verify-page` does it; \
            `page` in the JSON document says verified, differs or unreachable. A link is made all the same: a page \
            that differs is a warning on stderr, and the link should then not be handed out.

            EXAMPLES
              colloque session new --label "Monday, 10:15" --opens 2026-12-07T10:15
              colloque session new --ttl 30m --relay-only --json
              colloque session new --count 5
            """)

    @Option(help: ArgumentHelp("How long the link lets somebody in: 90s, 30m, 2h, 1d; at most 24h.", valueName: "time"))
    var ttl = TimeToLive(seconds: 7200)

    @Option(
        help: ArgumentHelp(
            "When the consultation begins, such as 2026-12-07T10:15 or 2026-12-07T09:15Z (default: now).",
            valueName: "time"))
    var opens: OpeningHour?

    @Option(help: ArgumentHelp("A note for yourself; it stays on this machine.", valueName: "text"))
    var label = ""

    @Flag(help: "Send sound through the relay only, so that neither end learns the other's address.")
    var relayOnly = false

    @Option(help: ArgumentHelp("Make several at once, one for each patient.", valueName: "number"))
    var count = 1

    @Flag(name: .customLong("qr"), help: "Draw the link as a QR code too.")
    var drawsCode = false

    @Flag(name: .customLong("no-verify"), help: "Do not look at the page that the broker serves.")
    var skipsVerification = false

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        guard self.label.utf8.count <= 200,
            !self.label.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw ValidationError("a label is one line of at most 200 octets")
        }
        guard (1...50).contains(self.count) else { throw ValidationError("--count is a number from 1 to 50") }
        if let opens = self.opens?.unixTime {
            guard opens > unixTime() else { throw ValidationError("--opens lies in the past") }
            guard opens - unixTime() <= Self.furthest else { throw ValidationError("--opens is at most 30 days ahead") }
        }
    }

    func run() async throws {
        let broker = try self.options.brokerURL()
        let identity = try self.options.unlock()
        let rooms = try (1...self.count).map { try self.makeRoom(number: $0, at: broker, for: identity) }
        let links = try rooms.map { try $0.link().text }
        let settings = try self.options.keystore().settings()
        async let page = self.lookAtPage(of: broker, settings)
        let door = BrokerDoor(broker: broker, identity: identity, options: self.options)
        do {
            for room in rooms { try identity.rooms.save(room) }
            try await self.open(rooms, at: door)
        } catch {
            for room in rooms { try? identity.rooms.remove(room.session) }
            // A broker that took some of them and not all would keep them until they expire.
            if let error = error as? BrokerErrandError, error == .tooManyRooms, self.count > 1 {
                try? await door.visit(BrokerErrand(closing: rooms.map { RoomSecrets($0).keys.roomID }))
            }
            throw error
        }
        let verification = await page
        if let verification, verification.outcome == .differs { say(Sentence.differs(verification.differences)) }
        try self.tell(rooms, links, verification)
    }

    private func tell(_ rooms: [StoredRoom], _ links: [String], _ page: PageVerification?) throws {
        if self.options.json {
            let facts = zip(rooms, links).map { room, link in
                var facts = SessionFacts(room)
                facts.link = link
                facts.page = page?.outcome.rawValue
                return facts
            }
            if self.count == 1 {
                try printJSON(facts[0])
            } else {
                try printJSON(["sessions": facts])
            }
            return
        }
        for (room, link) in zip(rooms, links) {
            print(link)
            if self.drawsCode { try SessionQR.draw(link, ascii: false) }
            say(Sentence.made(room))
        }
        if page?.outcome == .unreachable { say(Sentence.pageUnreachable) }
    }

    private func makeRoom(
        number: Int, at broker: WebSocketURL, for identity: UnlockedIdentity
    ) throws -> StoredRoom {
        let label = self.count == 1 || self.label.isEmpty ? self.label : "\(self.label) (\(number))"
        return StoredRoom.made(
            label: label, origin: broker.origin, isRelayOnly: self.relayOnly, lasting: self.ttl.seconds,
            opens: self.opens?.unixTime ?? 0, for: identity.keyPair, now: unixTime())
    }

    private func open(_ rooms: [StoredRoom], at door: BrokerDoor) async throws {
        for (number, room) in rooms.enumerated() {
            if try !door.askDesk(DeskRequest(.open, room.session)) {
                return try await door.visit(BrokerErrand(opening: rooms[number...].map { self.opening(of: $0) }))
            }
        }
    }

    private func opening(of room: StoredRoom) -> BrokerErrand.Opening {
        BrokerErrand.Opening(
            secrets: RoomSecrets(room), relayOnly: self.relayOnly, timeToLive: .seconds(room.timeToLive))
    }

    /// Against this release's page, and where that is another against the manifest that the broker serves, if the
    /// settings name a key to believe.
    private func lookAtPage(of broker: WebSocketURL, _ settings: Settings) async -> PageVerification? {
        guard !self.skipsVerification else { return nil }
        func look(_ release: PageReference.Release) async -> PageVerification {
            await PageVerification.run(
                at: broker, reference: PageReference(release: release, at: broker, hosts: settings.brokerNames))
        }
        let own = await look(.own)
        guard own.outcome == .differs, let key = settings.releaseKey.flatMap({ IdentityKeyText(argument: $0) }),
            let text = try? await PageVerification.manifest(at: broker),
            let manifest = try? ReleaseManifest(verifying: text, key: key.bytes)
        else { return own }
        return await look(.manifest(manifest))
    }

    /// What is said of a link.
    private enum Sentence {
        static let pageUnreachable =
            "the page could not be looked at; try `colloque verify-page` before you hand out the link"

        static func made(_ room: StoredRoom) -> String {
            let hours =
                (room.openingDate.map { "from \($0.formatted(.iso8601)) " } ?? "")
                + "until \(room.expiryDate.formatted(.iso8601))"
            return "session \(room.session), \(hours); end it with `colloque session end \(room.session)`"
        }

        static func differs(_ differences: [String]) -> String {
            """
            WARNING: the broker serves another page than this release. Do not hand out the link before you know why:
            somebody may have changed the page, or the broker runs another version.
            \(differences.prefix(12).map { "  \(printable($0))" }.joined(separator: "\n"))
            """
        }
    }

    /// In seconds; the broker holds a room for 31 days at most.
    private static let furthest: UInt64 = 30 * 86_400
}

/// What came from elsewhere, cut short and without anything that a terminal would obey.
func printable(_ text: String) -> String {
    let scalars = text.unicodeScalars.prefix(200).map { scalar -> Unicode.Scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: "\u{FFFD}"
        default: scalar
        }
    }
    return String(String.UnicodeScalarView(scalars))
}
