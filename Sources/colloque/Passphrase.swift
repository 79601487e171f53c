import Foundation
import Glibc
import Keystore
import Phrases
import Primitives
import Screens
import SecureChannel
import Wire

/// Where a passphrase comes from: a file, or a person at the terminal. Never arguments, never the environment.
///
/// From here on it lives in guarded memory, and the process leaves no core dump.
enum Passphrase {
    /// The first line, without its end.
    static func read(file: String) throws -> SecretBytes {
        ProcessGuard.forbidDumps()
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure(CommandTrouble.unreadable(path: file))
        }
        defer { close(descriptor) }
        var line = TypedLine()
        defer { line.wipe() }
        while true {
            var octet: UInt8 = 0
            let count = Glibc.read(descriptor, &octet, 1)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw CommandFailure(CommandTrouble.unreadable(path: file))
            }
            guard count == 1, octet != UInt8(ascii: "\n") else { break }
            line.append(octet)
        }
        if line.octets.last == UInt8(ascii: "\r") { line.octets.removeLast() }
        guard !line.octets.isEmpty else {
            throw CommandFailure(CommandTrouble.passphraseFileEmpty(path: file))
        }
        return SecretBytes(copying: line.octets)
    }

    static var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

    /// A line that does not show on the screen.
    static func typed(prompt: String) throws -> SecretBytes {
        ProcessGuard.forbidDumps()
        var settings = termios()
        guard self.isTerminal, tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw CommandFailure(CommandTrouble.noPassphrase)
        }
        var silent = settings
        // Interrupts are read as characters too, so that the terminal never stays silent behind us.
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            say("\n")
        }
        say(prompt)
        var line = TypedLine()
        defer { line.wipe() }
        while true {
            var octet: UInt8 = 0
            let count = Glibc.read(STDIN_FILENO, &octet, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, octet != Key.interrupt, octet != Key.endOfFile else {
                throw CommandFailure(CommandTrouble.noPassphrase)
            }
            switch octet {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                guard !line.octets.isEmpty else {
                    throw CommandFailure(CommandTrouble.noPassphrase)
                }
                return SecretBytes(copying: line.octets)
            case Key.delete, Key.backspace:
                while let last = line.octets.popLast(), last & 0xC0 == 0x80 {}  // A whole UTF-8 character.
            case Key.eraseLine: line.octets.removeAll(keepingCapacity: true)
            default: line.append(octet)
            }
        }
    }

    /// A new passphrase: from the file, or typed twice and judged.
    static func new(file: String?, prompt: String = Speech.phrases.newPassphrasePrompt) throws -> SecretBytes {
        if let file {
            let passphrase = try self.read(file: file)
            if self.strength(of: passphrase) == .tooEasy { self.judge(.weak) }
            return passphrase
        }
        var passphrase = try self.typed(prompt: prompt)
        while true {
            let strength = self.strength(of: passphrase)
            if passphrase.count < Keystore.minimumPassphraseLength {
                self.judge(.tooShort, suggests: true)
                passphrase = try self.typed(prompt: prompt)
                continue
            }
            switch strength {
            case .tooEasy:
                self.judge(.weak, suggests: true)
                let again = try self.typed(prompt: Speech.phrases.otherPassphrasePrompt)
                if again == passphrase { return passphrase }
                passphrase = again
            case .fair, .strong:
                self.judge(strength == .fair ? .fair : .strong)
                guard try self.typed(prompt: Speech.phrases.passphraseAgain) == passphrase else {
                    throw CommandFailure(CommandTrouble.passphrasesDiffer)
                }
                return passphrase
            }
        }
    }

    static func strength(of passphrase: SecretBytes) -> PassphraseStrength {
        PassphraseStrength(of: passphrase, listed: self.isListed)
    }

    private static func isListed(_ word: String) -> Bool {
        self.languages.contains { $0.words?.contains { $0.lowercased() == word } == true }
    }

    /// Six words of the person's language, near 48 bits, which this program itself calls strong when they are typed.
    static func suggestion() -> String {
        var random = RandomSource.system
        let language = LanguageCode(Speech.phrases.language.rawValue) ?? .english
        return PassphraseStrength.firstStrong(listed: self.isListed) {
            language.suggestedPassphrase(wordCount: 6, random: &random)
                ?? LanguageCode.english.suggestedPassphrase(wordCount: 6, random: &random)
        } ?? ""
    }

    private static let languages: [LanguageCode] = [.french, .english, .dutch, .german]

    private static func judge(_ judgement: PassphraseJudgement, suggests: Bool = false) {
        Speech.show(apart: true) { phrases, width in
            StartReport.lines(.judgement(judgement), phrases, width: width)
                + (suggests ? StartReport.lines(.suggestion(self.suggestion()), phrases, width: width) : [])
        }
    }

    private static func say(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }

    /// Octets that never move while they come in, so that wiping them wipes the only copy.
    private struct TypedLine {
        var octets: [UInt8] = {
            var octets: [UInt8] = []
            octets.reserveCapacity(TypedLine.maximumLength)
            return octets
        }()

        mutating func append(_ octet: UInt8) {
            if self.octets.count < TypedLine.maximumLength { self.octets.append(octet) }
        }

        mutating func wipe() {
            self.octets.append(contentsOf: repeatElement(0, count: TypedLine.maximumLength - self.octets.count))
            SecretBytes.wipe(&self.octets)
        }

        private static let maximumLength = 1024
    }

    private enum Key {
        static let interrupt: UInt8 = 0x03
        static let endOfFile: UInt8 = 0x04
        static let backspace: UInt8 = 0x08
        static let eraseLine: UInt8 = 0x15
        static let delete: UInt8 = 0x7F
    }
}
