import ArgumentParser
import Endpoint
import Foundation
import Keystore
import Network
import Phrases
import Primitives
import Screens
import Terminal

/// `colloque init`: the first start, in a minute.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Set up this machine: identity, broker, sound.",
        discussion: """
            Makes the doctor's key or takes it from a backup, shows the enrolment code for the broker's administrator, \
            takes the confirmation code that comes back, and tries the broker and the sound. Run it again whenever it \
            was interrupted or the confirmation comes later: what is done already stays. The sound test is passed over \
            with n.

            Without a terminal it asks nothing: the passphrase comes from --passphrase-file, the broker from \
            --broker or --confirmation.

            EXAMPLES
              colloque init
              colloque init --confirmation broker.example/ABCD-EFGH
              colloque init --import backup.colloque
              colloque init --passphrase-file FILE --broker https://broker.example --json
            """)

    @Option(
        name: .customLong("import"), help: ArgumentHelp("Take the identity from this backup.", valueName: "file"),
        completion: .file())
    var backup: String?

    @Option(help: ArgumentHelp("What the broker's administrator answered: HOST/ABCD-EFGH.", valueName: "code"))
    var confirmation: String?

    @OptionGroup var speech: SpeechOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let keystore = try self.options.keystore()
        let (identity, isNew) = try self.identity(in: keystore)
        let facts = IdentityFacts(key: try keystore.publicKey())
        let broker = try self.broker(in: keystore, code: facts.code)
        var isEnrolled: Bool?
        if let broker, let identity = try identity ?? self.unlockedIfEasy(keystore) {
            isEnrolled = try await self.tryBroker(broker, as: identity)
        }
        let sound = self.isInteractive && !self.options.json ? FirstSoundCheck.run(Speech.phrases) : nil
        if self.options.json {
            try printJSON(
                Outcome(
                    key: facts.key, code: facts.code, isNew: isNew, broker: broker, enrolled: isEnrolled, sound: sound))
        } else {
            let code = Neutralised(facts.code)
            let outcome: StartReport.Outcome =
                if let broker = broker.map({ Neutralised($0) }) {
                    isEnrolled == false ? .unaware(broker: broker, code: code) : .ready(broker: broker)
                } else {
                    .later(code: code)
                }
            Speech.show { phrases, width in StartReport.lines(.done(outcome), phrases, width: width) }
        }
    }

    /// Somebody sits there, who can answer.
    private var isInteractive: Bool { Passphrase.isTerminal && self.options.passphraseFile == nil }

    private func identity(in keystore: Keystore) throws -> (UnlockedIdentity?, isNew: Bool) {
        if (try? keystore.publicKey()) != nil {
            guard self.backup == nil else { throw CommandFailure(.identityExists) }
            say(Speech.phrases.identityIsHere)
            return (nil, false)
        }
        if let backup {
            guard FileManager.default.fileExists(atPath: backup) else { throw CommandFailure(.noFile(path: backup)) }
            let (identity, count) = try keystore.importIdentity(from: backup, passphrase: try self.options.passphrase())
            say(Speech.phrases.identityIsRestored(sessions: count))
            return (identity, true)
        }
        if self.isInteractive {
            self.tell(.welcome)
            self.tell(.passphrase)
            self.tell(.suggestion(Passphrase.suggestion()))
        }
        let passphrase = try Passphrase.new(file: self.options.passphraseFile)
        let identity = try keystore.createIdentity(passphrase: passphrase)
        say(Speech.phrases.identityIsMade)
        return (identity, true)
    }

    /// - Returns: the origin of the broker that the settings keep from now on; `nil` if that is for later.
    private func broker(in keystore: Keystore, code: String) throws -> String? {
        if let confirmation { return try IdentityEnrolled.accept(confirmation, in: keystore) }
        if let named = self.options.broker ?? environment("COLLOQUE_BROKER") {
            let origin = try GlobalOptions.brokerURL(named).origin
            try keystore.changeSettings { $0.broker = origin }
            return origin
        }
        if let kept = try keystore.settings().broker { return kept }
        guard self.isInteractive else { return nil }
        self.tell(.enrolment(code: Neutralised(code)))
        while true {
            FileHandle.standardError.write(Data(Speech.phrases.enrolPrompt.utf8))
            guard let line = readLine(), line.contains(where: { !$0.isWhitespace }) else { return nil }
            do {
                return try IdentityEnrolled.accept(line, in: keystore)
            } catch let failure as CommandFailure where failure.code == 65 {
                say(failure.message)
            }
        }
    }

    /// The identity of an earlier start, where that asks nobody anything.
    private func unlockedIfEasy(_ keystore: Keystore) throws -> UnlockedIdentity? {
        guard self.options.passphraseFile != nil || self.isInteractive else { return nil }
        return try keystore.unlock(passphrase: try self.options.passphrase())
    }

    private func tryBroker(_ origin: String, as identity: UnlockedIdentity) async throws -> Bool? {
        let url = try GlobalOptions.brokerURL(origin)
        do {
            let door = BrokerDoor(broker: url, identity: identity, options: self.options)
            if !door.hasDesk { try await door.visit(BrokerErrand()) }
            return true
        } catch BrokerErrandError.notEnrolled {
            return false
        } catch let error as BrokerErrandError {
            say("\(origin): \(CommandFailure(error).message)")
            return nil
        }
    }

    private struct Outcome: Encodable {
        let key: IdentityKeyText
        let code: String
        let isNew: Bool
        let broker: String?
        /// Whether the broker admits the key; absent where that could not be tried.
        let enrolled: Bool?
        let sound: Bool?

        enum CodingKeys: String, CodingKey {
            case key, code, broker, enrolled, sound
            case isNew = "new"
        }
    }

    private func tell(_ step: StartReport.Step) {
        Speech.show(apart: true) { phrases, width in StartReport.lines(step, phrases, width: width) }
    }
}
