import ArgumentParser
import Foundation
import Keystore
import Phrases
import Wire

/// `colloque journal`: what happened, and whether that is still what was written.
struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "List and verify the journal of consultations.",
        discussion: """
            Each line names the one before by its hash, and the end of each consultation is signed with the doctor's \
            key. Times are kept to the minute; sessions stand by their names, labels and patients do not. Sealed in \
            the home like everything else.

            The chain shows changes and gaps. That the last lines were cut off it cannot show: keep the hash that \
            `verify` prints somewhere else.
            """,
        subcommands: [JournalList.self, JournalVerify.self])
}

struct JournalList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Print the journal, the oldest line first.")

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let (entries, fault) = try self.options.unlock().journal.read()
        if self.options.json {
            try printJSON(["entries": entries.map { JournalLine($0) }])
        } else {
            for entry in entries { print(JournalLine(entry).text(Speech.phrases)) }
        }
        if fault != nil { throw JournalFailure.make(after: entries.count) }
    }
}

struct JournalVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check the chain and the signatures.",
        discussion: "Ends with 65 and the number of the last good line when something was changed or is missing.")

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let (entries, fault) = try self.options.unlock().journal.read()
        let signed = entries.lastIndex { $0.kind == .signed } ?? 0
        if self.options.json {
            try printJSON(
                Verdict(
                    entries: entries.count, signedTo: signed, hash: entries.last?.hash.hex ?? "", isWhole: fault == nil)
            )
        } else if fault == nil {
            print(Speech.fitted(Speech.phrases.journalIsWhole(entries: entries.count, signed: signed), apart: false))
            if let last = entries.last { print(last.hash.hex) }
        }
        if fault != nil { throw JournalFailure.make(after: entries.count) }
    }

    private struct Verdict: Encodable {
        let entries: Int
        let signedTo: Int
        let hash: String
        let isWhole: Bool

        enum CodingKeys: String, CodingKey {
            case entries, hash
            case signedTo = "signed_to"
            case isWhole = "whole"
        }
    }
}

private enum JournalFailure {
    static func make(after count: Int) -> CommandFailure {
        CommandFailure(code: 65, Speech.phrases.journalIsBroken(after: count).line)
    }
}

private struct JournalLine: Encodable {
    let sequence: UInt64
    let time: Date
    let kind: String
    let session: String?
    let text: String
    let hash: String

    private let mark: JournalMark

    init(_ entry: JournalEntry) {
        self.sequence = entry.sequence
        self.time = Date(timeIntervalSince1970: TimeInterval(entry.time))
        self.kind = "\(entry.kind)"
        self.session = entry.session?.text
        self.text = entry.text
        self.hash = entry.hash.hex
        self.mark =
            switch entry.kind {
            case .made: .made
            case .admitted: .admitted
            case .refused: .refused
            case .resumed: .resumed
            case .ended: .ended
            case .signed: .signed
            }
    }

    func text(_ phrases: Phrases) -> String {
        let facts = self.mark == .signed ? String(self.text.prefix(16)) : self.text
        return [
            "\(self.sequence)", self.time.formatted(.iso8601), self.session ?? "          ", phrases.journal(self.mark),
            facts,
        ].joined(separator: "  ")
    }

    enum CodingKeys: String, CodingKey {
        case sequence, time, kind, session, text, hash
    }
}
