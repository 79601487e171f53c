import ArgumentParser
import Consultation
import Desk
import Endpoint
import Foundation
import Invitation
import Keystore
import Network
import Phrases
import Terminal

/// `colloque session`: one link for one patient, from its making to its end.
struct SessionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "Make, list, show, hand out and end consultations.",
        discussion: """
            A session is one link for one patient. It is kept sealed in the home directory, hence each of these \
            commands asks for the passphrase. Links survive a restart of this machine and of the broker's.

            The broker keeps one connection of a key. `new`, `reopen` and `end` connect, so do not run them while a \
            bridge of the same key runs: they would take its place.
            """,
        subcommands: [
            SessionNew.self, SessionList.self, SessionShow.self, SessionQR.self, SessionCard.self, SessionICS.self,
            SessionReopen.self, SessionEnd.self,
        ])
}

struct SessionList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the sessions of this machine.",
        discussion: """
            One line each: session, state (open, expired, admitted, ended), the hours of its link, label. For scripts \
            there is --json, which stays the same in every language. A file that cannot be read is named at the end \
            (65).
            """)

    @Flag(help: "List those that were ended too.")
    var all = false

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let rooms = try self.options.unlock().rooms
        var sessions: [SessionFacts] = []
        var trouble: KeystoreError?
        for session in try rooms.sessions() {
            do {
                let room = try rooms.load(session)
                if self.all || room.state != .ended { sessions.append(SessionFacts(room)) }
            } catch .unknownSession {
                continue  // Removed in between.
            } catch {
                // One file that cannot be read hides no other session.
                trouble = error
            }
        }
        if self.options.json {
            try printJSON(["sessions": sessions])
        } else {
            if sessions.isEmpty, trouble == nil { say(Speech.phrases.noSessions) }
            for session in sessions { print(session.line) }
        }
        if let trouble { throw trouble }
    }
}

struct SessionShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print one session with its link.",
        discussion: "The link is the key of the room: show it to the patient and to nobody else.")

    @Argument(help: ArgumentHelp("As `session new` printed it.", valueName: "session"), completion: .session)
    var session: SessionID

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let room = try self.options.unlock().rooms.load(self.session)
        var facts = SessionFacts(room)
        facts.link = try room.link().text
        if self.options.json {
            try printJSON(facts)
        } else {
            print(facts.line)
            print(facts.link ?? "")
        }
    }
}

struct SessionEnd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end",
        abstract: "End a session: its link opens nothing any more.",
        discussion: """
            Marks it ended here and has the broker forget the room. If the broker cannot be reached (69), the \
            session is ended here all the same; run it again later, or let the room expire.

            Do not run this while a bridge of the same key runs: it would lose its connection.
            """)

    @Argument(help: ArgumentHelp("As `session new` printed it.", valueName: "session"), completion: .session)
    var session: SessionID

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let identity = try self.options.unlock()
        var room = try identity.rooms.load(self.session)
        let broker = try GlobalOptions.brokerURL(room.origin)
        let door = BrokerDoor(broker: broker, identity: identity, options: self.options)
        try await door.ask(DeskRequest(.close, self.session)) {
            room = try identity.rooms.load(self.session)
            room.state = .ended
            try identity.rooms.save(room)
            try identity.journal.append(.ended, session: room.session, text: "reason=closed", time: UnixClock.now)
            try identity.journal.sign(time: UnixClock.now)
            try await door.visit(BrokerErrand(closing: [RoomSecrets(room).keys.roomID]))
        }
        room.state = .ended
        if self.options.json {
            try printJSON(SessionFacts(room))
        } else {
            print(Speech.fitted(Speech.phrases.sessionIsEnded(room.session.text), apart: false))
        }
    }
}

extension SessionID: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(argument)
    }
}

struct SessionFacts: Encodable {
    let session: String
    let label: String
    /// From when the doctor is there; absent for at once.
    let opens: Date?
    let expires: Date
    let state: String
    let reopened: Bool
    var link: String?
    /// What the page at the broker was when the link was made.
    var page: String?

    init(_ room: StoredRoom) {
        self.session = room.session.text
        self.label = room.label
        self.opens = room.openingDate
        self.expires = room.expiryDate
        self.reopened = room.isReopened
        let state: SessionState =
            switch room.state {
            case .open: room.expires > UnixClock.now ? .open : .expired
            case .admitted: .admitted
            case .ended: .ended
            case .brokenOff: .brokenOff
            }
        self.state = state.rawValue
    }

    /// For the person's eyes.
    var line: String {
        let phrases = Speech.phrases
        let names = SessionState.allCases.map { phrases.name($0) }
        let name = SessionState(rawValue: self.state).map { phrases.name($0) } ?? self.state
        let width = names.reduce(0) { max($0, CellWidth.of($1)) }
        let state = name + String(repeating: " ", count: width - CellWidth.of(name))
        let hours = (self.opens.map { "\(Self.hour($0)) – " } ?? "") + Self.hour(self.expires)
        return "\(self.session)  \(state)  \(hours)  \(Neutralised(self.label))"
    }

    /// By this machine's clock: 2026-11-26 15:30, which sorts and reads alike in all languages.
    private static func hour(_ date: Date) -> String {
        date.formatted(
            Date.VerbatimFormatStyle(
                format:
                    "\(year: .padded(4))-\(month: .twoDigits)-\(day: .twoDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits)",
                timeZone: .current, calendar: Calendar(identifier: .gregorian)))
    }
}

extension StoredRoom {
    var expiryDate: Date { Date(timeIntervalSince1970: TimeInterval(self.expires)) }

    var openingDate: Date? { self.opens == 0 ? nil : Date(timeIntervalSince1970: TimeInterval(self.opens)) }

    func link() throws -> InvitationLink {
        do {
            return try InvitationLink(origin: self.origin, invitation: self.invitation)
        } catch {
            throw CommandFailure(SessionTrouble.originUnfit(Neutralised(self.origin)))
        }
    }
}

extension CompletionKind {
    /// The sessions of the home that the words of the line name; needs no passphrase.
    static let session = CompletionKind.custom { words, _, _ in
        var named: [String] = []
        for (index, word) in words.enumerated() {
            if word == "--home", index + 1 < words.count { named = [word, words[index + 1]] }
            if word.hasPrefix("--home=") { named = [word] }
        }
        // Nothing is made where somebody only looks.
        guard let options = try? GlobalOptions.parse(named),
            FileManager.default.fileExists(atPath: options.homePath), let keystore = try? options.keystore()
        else { return [] }
        return (try? keystore.sessions().map(\.text)) ?? []
    }
}
