import ArgumentParser
import Foundation
import Glibc
import Handout
import Invitation
import Keystore
import Network
import Phrases

struct SessionQR: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qr",
        abstract: "Show the link as a QR code, or write it to a file.",
        discussion: """
            Without --png and --svg the code is drawn in the terminal. It is the key of the room, as the link is: the \
            files have mode 0600. Where a terminal has no block characters, --ascii draws with #.
            """)

    @Argument(help: ArgumentHelp("As `session new` printed it.", valueName: "session"), completion: .session)
    var session: SessionID

    @Option(help: ArgumentHelp("Write a picture; - is stdout.", valueName: "file"), completion: .file())
    var png: String?

    @Option(help: ArgumentHelp("Write a drawing; - is stdout.", valueName: "file"), completion: .file())
    var svg: String?

    @Flag(name: .customLong("terminal"), help: "Draw it in the terminal too.")
    var inTerminal = false

    @Flag(help: "Draw with # and blanks, dark on light.")
    var ascii = false

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let link = try self.options.unlock().rooms.load(self.session).link().text
        let code = try Self.code(of: link)
        if let png { try writePrivately(code.png(), to: png) }
        if let svg { try writePrivately([UInt8](code.svg().utf8), to: svg) }
        if self.options.json {
            try printJSON(Facts(session: self.session.text, png: self.png, svg: self.svg))
        } else if self.inTerminal || self.png == nil && self.svg == nil {
            try Self.draw(link, ascii: self.ascii)
        }
    }

    static func draw(_ link: String, ascii: Bool) throws {
        let isPlain = isatty(STDOUT_FILENO) == 0 || environment("NO_COLOR") != nil
        let drawing: QRCode.Drawing = ascii ? .ascii : isPlain ? .blocks : .coloured
        print(try self.code(of: link).text(drawing), terminator: "")
    }

    private static func code(of link: String) throws -> QRCode {
        guard let code = QRCode(link) else { throw CommandFailure(SessionTrouble.noCode) }
        return code
    }

    private struct Facts: Encodable {
        let session: String
        let png: String?
        let svg: String?
    }
}

struct SessionCard: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "card",
        abstract: "Write what the patient is given: link, hour, what to do.",
        discussion: """
            Plain text with a subject on its first line, ready to paste into a secure message (MSSanté, eHealthBox), \
            or with --html a page to print, with the QR code. Neither a name nor your label is in it.
            """)

    @Argument(help: ArgumentHelp("As `session new` printed it.", valueName: "session"), completion: .session)
    var session: SessionID

    @Option(help: "The patient's language: fr, en, nl or de (default: that of this terminal).")
    var language: CardLanguage?

    @Flag(name: .customLong("text"), help: "Print text; this is what it does without --html.")
    var asText = false

    @Option(help: ArgumentHelp("Write a page to print; - is stdout.", valueName: "file"), completion: .file())
    var html: String?

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let room = try self.options.unlock().rooms.load(self.session)
        let card = try room.card(in: self.language ?? .preferred)
        if let html {
            guard let page = card.html else { throw CommandFailure(SessionTrouble.noCode) }
            try writePrivately([UInt8](page.utf8), to: html)
        }
        if self.options.json {
            try printJSON(["subject": card.subject, "text": card.text])
        } else if self.html == nil || self.asText {
            print("\(card.subject)\n\n\(card.text)", terminator: "")
        }
    }
}

struct SessionICS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ics",
        abstract: "Write the appointment as a calendar file.",
        discussion: """
            For a session with an opening hour, or from now on. The entry holds the link and neither a name nor your \
            label; a calendar that is kept by somebody else then holds the link too.
            """)

    @Argument(help: ArgumentHelp("As `session new` printed it.", valueName: "session"), completion: .session)
    var session: SessionID

    @Argument(help: ArgumentHelp("Where to write it; - is stdout.", valueName: "file"), completion: .file())
    var file: String

    @Option(help: "The patient's language: fr, en, nl or de (default: that of this terminal).")
    var language: CardLanguage?

    @Option(help: ArgumentHelp("How long the appointment is.", valueName: "time"))
    var duration = TimeToLive(seconds: 1800)

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let room = try self.options.unlock().rooms.load(self.session)
        let card = try room.card(in: self.language ?? .preferred)
        let start = Int64(room.opens == 0 ? UnixClock.now : room.opens)
        let entry = CalendarEntry(
            identifier: "\(room.session)@colloque.invalid", created: CalendarTime(unixTime: Int64(UnixClock.now)),
            start: CalendarTime(unixTime: start), end: CalendarTime(unixTime: start + Int64(self.duration.seconds)),
            summary: card.subject, description: card.description, link: card.link)
        try writePrivately([UInt8](entry.text.utf8), to: self.file)
        if self.options.json { try printJSON(["session": room.session.text, "file": self.file]) }
    }
}

extension CardLanguage: ExpressibleByArgument {
    /// The doctor's own.
    static var preferred: CardLanguage { CardLanguage(rawValue: Speech.phrases.language.rawValue) ?? .english }
}

extension StoredRoom {
    fileprivate func card(in language: CardLanguage) throws -> InvitationCard {
        // The English of Europe: the day before the month.
        let locale = Locale(identifier: language == .english ? "en_GB" : language.rawValue)
        let style = Date.FormatStyle(date: .complete, time: .shortened, locale: locale)
        return InvitationCard(
            language: language, link: try self.link().text, begins: self.openingDate.map { $0.formatted(style) },
            ends: self.expiryDate.formatted(style))
    }
}

/// Replaces a file whole, with mode 0600; `-` is stdout.
private func writePrivately(_ octets: [UInt8], to path: String) throws {
    guard path != "-" else { return FileHandle.standardOutput.write(Data(octets)) }
    try Keystore.writePrivately(octets, to: path)
}
