import ArgumentParser
import Consultation
import Desk
import Endpoint
import Foundation
import Glibc
import Handout
import Invitation
import Keystore
import Network
import Phrases
import Release
import Screens
import Terminal
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

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func validate() throws {
        guard self.label.utf8.count <= 200,
            !self.label.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw Self.invalid(.labelUnfit)
        }
        guard (1...Self.most).contains(self.count) else { throw Self.invalid(.countUnfit(most: Self.most)) }
        if let opens = self.opens?.unixTime {
            guard opens > UnixClock.now else { throw Self.invalid(.opensInPast) }
            guard opens - UnixClock.now <= UInt64(Self.furthest) * 86_400 else {
                throw Self.invalid(.opensTooLate(days: Self.furthest))
            }
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
            for room in rooms { try identity.journal.append(.made, session: room.session, time: UnixClock.now) }
        } catch {
            // A broker that took some of them and not all would keep them until they expire.
            if let error = error as? BrokerErrandError, error == .tooManyRooms {
                try? await self.close(rooms, at: door)
            }
            for room in rooms { try? identity.rooms.remove(room.session) }
            throw error
        }
        let verification = await page
        if let verification, verification.outcome == .differs { Self.warn(verification.differences) }
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
        // What is no terminal takes the links and nothing else.
        let isForPerson = isatty(STDOUT_FILENO) == 1
        for (room, link) in zip(rooms, links) {
            if isForPerson {
                let report = self.report(on: room, link)
                Speech.show { phrases, width in report.lines(phrases, width: width) }
            } else {
                print(link)
                if self.drawsCode { try SessionQR.draw(link, ascii: false) }
                let phrases = Speech.phrases
                say(
                    phrases.linkMade(
                        session: room.session.text,
                        from: room.opens == 0 ? nil : phrases.dateAndClock(WallTime(unix: room.opens)),
                        until: phrases.dateAndClock(WallTime(unix: room.expires))))
            }
        }
        if page?.outcome == .unreachable { say(Speech.phrases.page(.unreachable).line) }
    }

    private func report(on room: StoredRoom, _ link: String) -> SessionReport {
        let code = self.drawsCode ? QRCode(link).flatMap { QRPattern(side: $0.side, modules: $0.modules) } : nil
        return SessionReport(
            session: room.session.text, link: Neutralised(link), expires: WallTime(unix: room.expires),
            opens: room.opens == 0 ? nil : WallTime(unix: room.opens), isRelayOnly: self.relayOnly, qr: code)
    }

    private static func warn(_ differences: [String]) {
        let phrases = Speech.phrases
        say("\(phrases.warning): \(phrases.page(.differs).line)")
        for difference in differences.prefix(12) { say("  \(printable(difference))") }
    }

    private static func invalid(_ trouble: SessionTrouble) -> ValidationError {
        ValidationError(Speech.phrases.session(trouble).line)
    }

    private func makeRoom(
        number: Int, at broker: WebSocketURL, for identity: UnlockedIdentity
    ) throws -> StoredRoom {
        let label = self.count == 1 || self.label.isEmpty ? self.label : "\(self.label) (\(number))"
        return StoredRoom.made(
            label: label, origin: broker.origin, isRelayOnly: self.relayOnly, lasting: self.ttl.seconds,
            opens: self.opens?.unixTime ?? 0, for: identity.keyPair, now: UnixClock.now)
    }

    private func open(_ rooms: [StoredRoom], at door: BrokerDoor) async throws {
        var isDone = false
        for (number, room) in rooms.enumerated() where !isDone {
            try await door.ask(DeskRequest(.open, room.session)) {
                try await door.visit(BrokerErrand(opening: rooms[number...].map { self.opening(of: $0) }))
                isDone = true
            }
        }
    }

    private func close(_ rooms: [StoredRoom], at door: BrokerDoor) async throws {
        guard rooms.count > 1 else { return }
        var isDone = false
        for (number, room) in rooms.enumerated() where !isDone {
            try await door.ask(DeskRequest(.close, room.session)) {
                try await door.visit(BrokerErrand(closing: rooms[number...].map { RoomSecrets($0).keys.roomID }))
                isDone = true
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

    /// In days; the broker holds a room for 31 at most.
    private static let furthest = 30
    /// At once.
    private static let most = 50
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
