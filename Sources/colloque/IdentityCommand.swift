import ArgumentParser
import Foundation
import Keystore
import Phrases
import Terminal
import Wire

/// `colloque identity`: the doctor's long-term key.
struct IdentityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity",
        abstract: "Make, show, back up and protect the doctor's long-term key.",
        subcommands: [
            IdentityNew.self, IdentityShow.self, IdentityEnrolled.self, IdentityExport.self, IdentityImport.self,
            IdentityPassphrase.self,
        ])
}

struct IdentityNew: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make the doctor's key under a passphrase.",
        discussion: """
            Asks for a passphrase of at least 12 octets, twice, and says how strong it is; or takes it from \
            --passphrase-file. The key is sealed in the home directory; there is no other copy until `identity export` \
            makes one, and without the passphrase nobody opens it. An identity that is there is never overwritten \
            (exit status 73).

            Prints the enrolment code: the one thing the broker's administrator needs.
            """)

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let keystore = try self.options.keystore()
        if (try? keystore.publicKey()) != nil { throw CommandFailure(.identityExists) }
        let identity = try keystore.createIdentity(
            passphrase: try Passphrase.new(file: self.options.passphraseFile))
        let facts = IdentityFacts(key: identity.publicKey)
        if self.options.json {
            try printJSON(facts)
        } else {
            print(facts.code)
            say(Speech.phrases.enrolNext)
        }
    }
}

struct IdentityShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the enrolment code of the doctor's key.",
        discussion: """
            56 letters and digits in groups of four, made to be read aloud or written down: case, blanks and dashes do \
            not matter, and mistakes are noticed where it is typed in (`colloque broker enroll`). It is the public \
            key and no secret. Needs no passphrase. With --json the key stands beside it in its short form.
            """)

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let facts = IdentityFacts(key: try self.options.keystore().publicKey())
        if self.options.json {
            try printJSON(facts)
        } else {
            print(facts.code)
        }
    }
}

struct IdentityEnrolled: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enrolled",
        abstract: "Take the administrator's answer, and keep the broker as the default.",
        discussion: """
            Checks that the confirmation code, HOST/ABCD-EFGH as `colloque broker enroll` printed it, is about this \
            very key and this very address (65 if not). The broker is then used wherever neither --broker nor \
            COLLOQUE_BROKER names another.
            """)

    @Argument(help: ArgumentHelp("The confirmation code.", valueName: "code"))
    var code: [String]

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let keystore = try self.options.keystore()
        let origin = try Self.accept(self.code.joined(), in: keystore)
        if self.options.json {
            try printJSON(["broker": origin])
        } else {
            print(Speech.phrases.brokerIs(Neutralised(origin)))
        }
    }

    /// - Returns: the broker's origin, which the settings now keep.
    static func accept(_ code: String, in keystore: Keystore) throws -> String {
        guard let confirmation = EnrolmentConfirmation(reading: code, for: try keystore.publicKey()) else {
            throw CommandFailure(CommandTrouble.confirmationWrong)
        }
        try keystore.changeSettings { $0.broker = confirmation.origin }
        return confirmation.origin
    }
}

struct IdentityExport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a backup of the identity with all its sessions.",
        discussion: """
            One sealed file of mode 0600, from which `colloque identity import` makes everything again on another \
            machine. It is sealed under the identity's passphrase, or under one of its own: typed when asked, or in \
            the first line of --backup-passphrase-file. A file that is there is never overwritten (73).
            """)

    @Argument(help: ArgumentHelp("Where to write the backup.", valueName: "file"), completion: .file())
    var file: String

    @Option(
        help: ArgumentHelp("File whose first line is the backup's own passphrase.", valueName: "file"),
        completion: .file())
    var backupPassphraseFile: String?

    @Flag(help: "Seal the backup under a passphrase of its own, and ask for it.")
    var otherPassphrase = false

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let keystore = try self.options.keystore()
        let key = try keystore.publicKey()
        guard !FileManager.default.fileExists(atPath: self.file) else {
            throw CommandFailure(.fileExists(path: self.file))
        }
        let passphrase = try self.options.passphrase()
        var backupPassphrase = passphrase
        if self.otherPassphrase || self.backupPassphraseFile != nil {
            backupPassphrase = try Passphrase.new(
                file: self.backupPassphraseFile, prompt: Speech.phrases.backupPassphrasePrompt)
        }
        let count = try keystore.exportIdentity(
            to: self.file, passphrase: passphrase, backupPassphrase: backupPassphrase)
        if self.options.json {
            try printJSON(BackupFacts(key: IdentityKeyText(key), sessions: count, file: self.file))
        } else {
            print(Speech.fitted(Speech.phrases.identityIsExported(file: self.file, sessions: count), apart: false))
        }
    }
}

struct IdentityImport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take an identity with its sessions out of a backup.",
        discussion: """
            Reads and checks the whole backup before it writes anything. The passphrase is the backup's, and becomes \
            the identity's; change it with `colloque identity passphrase`. An identity that is there is never \
            overwritten (73). If it is interrupted, run it again.

            Use one machine at a time: the broker keeps one connection of a key.
            """)

    @Argument(help: ArgumentHelp("As `colloque identity export` wrote it.", valueName: "file"), completion: .file())
    var file: String

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let keystore = try self.options.keystore()
        if (try? keystore.publicKey()) != nil { throw CommandFailure(.identityExists) }
        guard FileManager.default.fileExists(atPath: self.file) else { throw CommandFailure(.noFile(path: self.file)) }
        let (identity, count) = try keystore.importIdentity(from: self.file, passphrase: try self.options.passphrase())
        if self.options.json {
            try printJSON(BackupFacts(key: IdentityKeyText(identity.publicKey), sessions: count, file: self.file))
        } else {
            print(IdentityFacts(key: identity.publicKey).code)
            say(Speech.phrases.identityIsRestored(sessions: count))
        }
    }
}

struct IdentityPassphrase: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passphrase",
        abstract: "Change the passphrase.",
        discussion: """
            Asks for the old passphrase, then for a new one, twice. The key stays, and with it links and enrolment. \
            Whatever interrupts it, either the old passphrase opens the identity or the new one. Backups keep the \
            passphrase they were made with. Say nothing of it to anybody: nobody can bring a lost passphrase back.
            """)

    @Option(
        help: ArgumentHelp("File whose first line is the new passphrase.", valueName: "file"), completion: .file())
    var newPassphraseFile: String?

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let keystore = try self.options.keystore()
        let key = try keystore.publicKey()
        let old = try self.options.passphrase()
        _ = try keystore.unlock(passphrase: old)  // Nobody invents a new one for nothing.
        try keystore.changePassphrase(from: old, to: try Passphrase.new(file: self.newPassphraseFile))
        if self.options.json {
            try printJSON(IdentityFacts(key: key))
        } else {
            print(Speech.phrases.passphraseIsChanged)
        }
    }
}

struct IdentityFacts: Encodable {
    let key: IdentityKeyText
    let code: String

    init(key: [UInt8]) {
        self.key = IdentityKeyText(key)
        self.code = EnrolmentCode(key: key).description
    }
}

private struct BackupFacts: Encodable {
    let key: IdentityKeyText
    let sessions: Int
    let file: String
}

/// A line for the person, apart from what a script reads.
func say(_ text: String) {
    FileHandle.standardError.write(Data("\(Speech.fitted(text))\n".utf8))
}
