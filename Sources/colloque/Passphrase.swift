import Foundation
import Glibc

/// Where a passphrase comes from: a file, or a person at the terminal. Never arguments, never the environment.
enum Passphrase {
    /// The first line, without its end.
    static func read(file: String) throws -> [UInt8] {
        guard let content = FileManager.default.contents(atPath: file) else {
            throw CommandFailure(code: 65, "\(file): cannot be read; --passphrase-file takes a readable file")
        }
        var line = [UInt8](content.prefix { $0 != UInt8(ascii: "\n") })
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard !line.isEmpty else {
            throw CommandFailure(code: 65, "\(file): its first line is empty; the passphrase stands there")
        }
        return line
    }

    /// A line that does not show on the screen.
    static func typed(prompt: String) throws -> [UInt8] {
        var settings = termios()
        guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw CommandFailure(
                code: 64, "the passphrase is typed at a terminal, and there is none; use --passphrase-file FILE")
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
        var line: [UInt8] = []
        while true {
            var octet: UInt8 = 0
            let count = Glibc.read(STDIN_FILENO, &octet, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, octet != Key.interrupt, octet != Key.endOfFile else {
                throw CommandFailure(code: 64, "no passphrase was typed; nothing was done")
            }
            switch octet {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                guard !line.isEmpty else {
                    throw CommandFailure(code: 64, "no passphrase was typed; nothing was done")
                }
                return line
            case Key.delete, Key.backspace:
                while let last = line.popLast(), last & 0xC0 == 0x80 {}  // A whole UTF-8 character.
            case Key.eraseLine: line.removeAll()
            default: line.append(octet)
            }
        }
    }

    private static func say(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }

    private enum Key {
        static let interrupt: UInt8 = 0x03
        static let endOfFile: UInt8 = 0x04
        static let backspace: UInt8 = 0x08
        static let eraseLine: UInt8 = 0x15
        static let delete: UInt8 = 0x7F
    }
}

/// What the system calls an error number.
func errorText(_ number: Int32) -> String {
    String(cString: strerror(number))
}
