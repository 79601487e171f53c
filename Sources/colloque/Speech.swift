import ArgumentParser
import Console
import Foundation
import Phrases
import Screens
import Terminal

/// In which language, and how, this command speaks to whoever typed it.
///
/// What only a server's administrator, a script or a first look reads is English: `broker`, `relay`, `bridge`, `demo`,
/// `bench`.
enum Speech {
    static let phrases = Phrases(
        Self.language(
            of: Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment))

    /// The arguments are looked at before they are parsed: what is wrong with them is said in the language too.
    private static func language(of arguments: [String], environment: [String: String]) -> Language {
        let words = GlobalOptions.behindCommand(arguments)
        if let first = words.first, Self.english.contains(first) { return .english }
        // There it is the patient's.
        let isOfCard = words.starts(with: ["session", "card"]) || words.starts(with: ["session", "ics"])
        return Language.chosen(option: isOfCard ? nil : Self.option(in: words), environment: environment)
    }

    private static func option(in arguments: [String]) -> String? {
        var option: String?
        for (index, argument) in arguments.enumerated() {
            if argument == "--" { break }
            if argument == "--language", index + 1 < arguments.count { option = arguments[index + 1] }
            if argument.hasPrefix("--language=") { option = String(argument.dropFirst("--language=".count)) }
        }
        return option
    }

    private static let english: Set<String> = ["broker", "relay", "bridge", "demo", "bench"]

    /// Prints what was laid out by `lines`, to standard output or apart from it, with colours where they show.
    static func show(apart: Bool = false, _ lines: (_ phrases: Phrases, _ width: Int) -> [Screens.Line]) {
        let hasColours = Self.isTerminal(apart) && Self.capabilities.hasColours
        let text = lines(self.phrases, self.width(apart: apart)).map { "\($0.printed(hasColours: hasColours))\n" }
        let output = apart ? FileHandle.standardError : FileHandle.standardOutput
        try? output.write(contentsOf: Data(text.joined().utf8))
    }

    /// Breaks a sentence between words where a terminal shows it.
    static func fitted(_ sentence: String, apart: Bool = true) -> String {
        let width = self.width(apart: apart)
        return width < Self.unbroken ? sentence.wrapped(to: width).joined(separator: "\n") : sentence
    }

    /// In cells; more than any sentence has where it is no terminal that shows it.
    private static func width(apart: Bool) -> Int {
        guard let columns = columnsOfOutput(apart: apart), columns >= 20 else { return Self.unbroken }
        return min(columns, 100)
    }

    private static let unbroken = 100_000

    private static func isTerminal(_ apart: Bool) -> Bool { isatty(apart ? STDERR_FILENO : STDOUT_FILENO) == 1 }

    private static let capabilities = Capabilities.ofThisProcess(
        environment: ProcessInfo.processInfo.environment, wantsLines: false)
}

/// The language, for commands in which it is nobody else's.
struct SpeechOptions: ParsableArguments {
    @Option(help: ArgumentHelp("fr, en, nl or de; else by the locale.", valueName: "language"))
    var language: String?

    func validate() throws {
        if let language = self.language, Language(locale: language) == nil {
            throw ValidationError(Speech.phrases.command(.unknownLanguage(Neutralised(language))).line)
        }
    }
}
