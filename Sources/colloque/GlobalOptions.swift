import ArgumentParser
import Foundation
import Keystore
import Network
import Phrases
import Primitives
import Terminal

/// What every command of the doctor takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The doctor's directory (default: $COLLOQUE_HOME, else ~/.local/share/colloque).", valueName: "dir"),
        completion: .directory)
    var home: String?

    @Option(
        help: ArgumentHelp(
            "Where the broker is, such as https://broker.example (default: $COLLOQUE_BROKER, else the settings').",
            valueName: "url"))
    var broker: String?

    @Option(
        help: ArgumentHelp(
            "File whose first line is the passphrase, where no person can type.", valueName: "file"),
        completion: .file())
    var passphraseFile: String?

    @Flag(help: "Print one JSON document on stdout and nothing else.")
    var json = false

    /// The keystore in the home directory, which is made where it is missing.
    func keystore() throws -> Keystore {
        try Keystore(home: self.homePath)
    }

    /// The identity and its rooms; reads the passphrase.
    func unlock() throws -> UnlockedIdentity {
        let keystore = try self.keystore()
        _ = try keystore.publicKey()  // Nobody types a passphrase for nothing.
        return try keystore.unlock(passphrase: try self.passphrase())
    }

    func passphrase() throws -> SecretBytes {
        guard let file = self.passphraseFile else {
            return try Passphrase.typed(prompt: Speech.phrases.passphrasePrompt)
        }
        return try Passphrase.read(file: file)
    }

    /// The broker that is named, or the one that the settings keep.
    func brokerURL() throws -> WebSocketURL {
        let settings = try self.keystore().settings()
        guard let text = self.broker ?? environment("COLLOQUE_BROKER") ?? settings.broker else {
            throw CommandFailure(CommandTrouble.noBrokerNamed)
        }
        return try Self.brokerURL(text)
    }

    /// - Parameter origin: of the session at hand, which stands behind what was typed and before what is kept.
    func brokerURL(or origin: String?) throws -> WebSocketURL {
        guard let text = self.broker ?? environment("COLLOQUE_BROKER") ?? origin else { return try self.brokerURL() }
        return try Self.brokerURL(text)
    }

    static func brokerURL(_ text: String) throws -> WebSocketURL {
        guard let url = WebSocketURL(text) else {
            throw CommandFailure(CommandTrouble.brokerMalformed(Neutralised(text)))
        }
        return url
    }

    /// Options may stand before the command, as in `colloque --home DIR identity show`; the parser wants them behind it.
    static func behindCommand(_ arguments: [String]) -> [String] {
        // The shell's completion asks in words of its own.
        guard arguments.first != "---completion" else { return arguments }
        var leading: [String] = []
        var rest = arguments[...]
        while let first = rest.first {
            let name = first.split(separator: "=", maxSplits: 1).first.map(String.init) ?? first
            if first == "--json" || (Self.withValue.contains(name) && first.contains("=")) {
                leading.append(rest.removeFirst())
            } else if Self.withValue.contains(first), rest.count > 1 {
                leading.append(rest.removeFirst())
                leading.append(rest.removeFirst())
            } else {
                break
            }
        }
        return rest + leading
    }

    /// A key may begin with a dash, and `-HU8i…` would be read as options, the h among them as a wish for help, also
    /// behind an option that wants a key. Such a key is said as its enrolment code, which begins with a letter or digit.
    static func dashedKeysAsCodes(_ arguments: [String]) -> [String] {
        arguments.map { argument in
            guard argument.hasPrefix("-"), let key = IdentityKeyText(argument: argument) else { return argument }
            return EnrolmentCode(key: key.bytes).description
        }
    }

    private static let withValue: Set<String> = ["--home", "--broker", "--passphrase-file", "--language"]

    var homePath: String {
        let path =
            self.home ?? environment("COLLOQUE_HOME")
            ?? "\(FileManager.default.homeDirectoryForCurrentUser.path)/.local/share/colloque"
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}

/// - Returns: `nil` for a variable that is not set, or empty.
func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
}
