import ArgumentParser
import Consultation
import Endpoint
import Foundation
import Invitation
import Keystore
import Network
import Wire

/// `colloque session`: one link for one patient, from its making to its end.
struct SessionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "Make, list, show and end consultations.",
        discussion: """
            A session is one link for one patient. It is kept sealed in the home directory, hence each of these \
            commands asks for the passphrase.

            The broker keeps one connection of a key. `new` and `end` connect, so do not run them while a bridge \
            or a call of the same key runs: they would take its place.
            """,
        subcommands: [SessionNew.self, SessionList.self, SessionShow.self, SessionEnd.self])
}

struct SessionNew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make a session and print its link.",
        discussion: """
            The link is the key of the room: whoever holds it may knock, so send it to the patient and to nobody \
            else. It works as soon as it is printed. If the broker cannot be reached (69) or refuses (77), no \
            session is kept.

            Do not run this while a bridge or a call of the same key runs: it would lose its connection.

            EXAMPLES
              colloque session new --broker https://broker.example --label "Monday, 10:15"
              colloque session new --ttl 30m --relay-only --json
            """)

    @Option(help: ArgumentHelp("How long the link lets somebody in: 90s, 30m, 2h, 1d; at most 24h.", valueName: "time"))
    var ttl = TimeToLive(seconds: 7200)

    @Option(help: ArgumentHelp("A note for yourself; it stays on this machine.", valueName: "text"))
    var label = ""

    @Flag(help: "Send sound through the relay only, so that neither end learns the other's address.")
    var relayOnly = false

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        guard self.label.utf8.count <= 200,
            !self.label.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw ValidationError("a label is one line of at most 200 octets")
        }
    }

    func run() async throws {
        let broker = try self.options.brokerURL()
        let identity = try self.options.unlock()
        let room = try self.makeRoom(at: broker, for: identity)
        let link = try room.link()
        try identity.rooms.save(room)
        do {
            let opening = BrokerErrand.Opening(
                secrets: RoomSecrets(room), relayOnly: self.relayOnly, timeToLive: .seconds(room.timeToLive))
            try await BrokerErrand(opening: [opening]).run(at: broker, as: identity.keyPair)
        } catch {
            try? identity.rooms.remove(room.session)
            throw error
        }
        if self.options.json {
            try printJSON(Made(session: room.session.text, link: link.text, expires: room.expiryDate))
        } else {
            print(link.text)
            let expiry = room.expiryDate.formatted(.iso8601)
            FileHandle.standardError.write(
                Data(
                    "session \(room.session), until \(expiry); end it with `colloque session end \(room.session)`\n"
                        .utf8))
        }
    }

    private func makeRoom(at broker: WebSocketURL, for identity: UnlockedIdentity) throws -> StoredRoom {
        var random = RandomSource.system
        let now = unixTime()
        let expires = now + UInt64(self.ttl.seconds)
        let secrets = RoomSecrets(
            flags: self.relayOnly ? .relayOnly : [], validity: (now - Self.clockSkew)...expires,
            identity: identity.keyPair, random: &random)
        return StoredRoom(
            session: SessionID(random: &random), label: self.label, origin: broker.origin,
            invitation: secrets.invitation, sessionKey: secrets.sessionKey, delegation: secrets.delegation,
            timeToLive: self.ttl.seconds, expires: expires)
    }

    private struct Made: Encodable {
        let session: String
        let link: String
        let expires: Date
    }

    /// How far the patient's clock may be behind ours without a word about it, in seconds.
    private static let clockSkew: UInt64 = 300
}

struct SessionList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the sessions of this machine.",
        discussion: "One line each: session, state (open, expired, admitted, ended), end of its link, label.")

    @Flag(help: "List those that were ended too.")
    var all = false

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let rooms = try self.options.unlock().rooms
        let sessions = try rooms.sessions().map { try rooms.load($0) }
            .filter { self.all || $0.state != .ended }
            .map { SessionFacts($0) }
        if self.options.json {
            try printJSON(["sessions": sessions])
        } else {
            for session in sessions { print(session.line) }
        }
    }
}

struct SessionShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print one session with its link.",
        discussion: "The link is the key of the room: show it to the patient and to nobody else.")

    @Argument(help: ArgumentHelp("As `session new` printed it.", valueName: "session"))
    var session: SessionID

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

            Do not run this while a bridge or a call of the same key runs: it would lose its connection.
            """)

    @Argument(help: ArgumentHelp("As `session new` printed it.", valueName: "session"))
    var session: SessionID

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let identity = try self.options.unlock()
        var room = try identity.rooms.load(self.session)
        room.state = .ended
        try identity.rooms.save(room)
        guard let broker = WebSocketURL(room.origin) else {
            throw CommandFailure(code: 65, "`\(room.origin)` is no broker's address; the session is ended here only")
        }
        try await BrokerErrand(closing: [RoomSecrets(room).keys.roomID]).run(at: broker, as: identity.keyPair)
        if self.options.json {
            try printJSON(SessionFacts(room))
        } else {
            print("ended \(room.session)")
        }
    }
}

/// A length of time as people write it: 90s, 30m, 2h, 1d.
struct TimeToLive: ExpressibleByArgument {
    let seconds: UInt32

    init(seconds: UInt32) {
        self.seconds = seconds
    }

    init?(argument: String) {
        let units: [Character: UInt32] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        let digits = argument.dropLast()
        guard let unit = argument.last.flatMap({ units[$0] }), digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            let count = UInt32(digits), case let (seconds, overflow) = count.multipliedReportingOverflow(by: unit),
            !overflow, (1...Self.maximum).contains(seconds)
        else { return nil }
        self.seconds = seconds
    }

    var defaultValueDescription: String { "2h" }

    private static let maximum: UInt32 = 86_400
}

extension SessionID: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(argument)
    }
}

private struct SessionFacts: Encodable {
    let session: String
    let label: String
    let expires: Date
    let state: String
    var link: String?

    init(_ room: StoredRoom) {
        self.session = room.session.text
        self.label = room.label
        self.expires = room.expiryDate
        self.state =
            switch room.state {
            case .open: room.expires > unixTime() ? "open" : "expired"
            case .admitted: "admitted"
            case .ended: "ended"
            }
    }

    var line: String {
        let state = self.state.padding(toLength: 8, withPad: " ", startingAt: 0)
        return "\(self.session)  \(state)  \(self.expires.formatted(.iso8601))  \(self.label)"
    }
}

extension StoredRoom {
    fileprivate var expiryDate: Date { Date(timeIntervalSince1970: TimeInterval(self.expires)) }

    fileprivate func link() throws -> InvitationLink {
        do {
            return try InvitationLink(origin: self.origin, invitation: self.invitation)
        } catch {
            throw CommandFailure(
                code: 64, "`\(self.origin)` cannot stand in a link; name the broker by another address")
        }
    }
}

private func unixTime() -> UInt64 {
    UInt64(max(0, Date().timeIntervalSince1970))
}
