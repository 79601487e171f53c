package import Phrases
package import Terminal

/// The texts of the first start, step by step; the prompts themselves are ``Phrases``.
package enum StartReport {
    package enum Step: Equatable, Sendable {
        case welcome
        case passphrase
        case judgement(PassphraseJudgement)
        /// Words drawn for this person now.
        case suggestion(String)
        /// With the code for the administrator.
        case enrolment(code: Neutralised)
        case sound
        case done(Outcome)

        package static let all: [Step] =
            [.welcome, .passphrase, .suggestion("one two three")] + PassphraseJudgement.allCases.map { .judgement($0) }
            + [
                .enrolment(code: Neutralised("7F3K-9QXM-2LBD-55WA")), .sound, .done(.ready(broker: Neutralised("b"))),
                .done(.unaware(broker: Neutralised("b"), code: Neutralised("7F3K-9QXM"))),
                .done(.later(code: Neutralised("7F3K-9QXM"))),
            ]
    }

    /// Where the first start ends.
    package enum Outcome: Equatable, Sendable {
        case ready(broker: Neutralised)
        /// The broker does not know the key yet.
        case unaware(broker: Neutralised, code: Neutralised)
        /// No broker answered yet.
        case later(code: Neutralised)
    }

    package static func lines(_ step: Step, _ phrases: Phrases, width: Int) -> [Line] {
        switch step {
        case .welcome:
            Line.wrapped(phrases.welcome, .bold, to: width) + [.empty] + Line.wrapped(phrases.welcomeText, to: width)
        case .passphrase: Self.titled(1, phrases.passphraseAsk, phrases.passphraseText, phrases, width: width)
        case .judgement(let judgement):
            Line.wrapped(phrases.judgement(judgement), Style(Self.colour(of: judgement)), to: width)
        case .suggestion(let words): Line.wrapped(phrases.passphraseSuggestion(words), to: width)
        case .enrolment(let code):
            Self.titled(2, phrases.enrolAsk, phrases.enrolText, phrases, width: width)
                + [.empty] + Self.quoted(code.text, to: width) + [.empty]
        case .sound: Self.titled(3, phrases.soundAsk, phrases.soundText, phrases, width: width)
        case .done(.ready(let broker)):
            [.empty] + Line.wrapped(phrases.startDone, .bold, to: width)
                + Line.wrapped(phrases.brokerIs(broker), to: width) + Line.wrapped(phrases.startNext, to: width)
                + Line.wrapped(phrases.startBackUp, .dim, to: width)
        case .done(.unaware(let broker, let code)):
            [.empty] + Line.wrapped(phrases.brokerUnaware(broker), .bold, to: width)
                + Line.wrapped(phrases.brokerUnawareNext, to: width) + [.empty] + Self.quoted(code.text, to: width)
        case .done(.later(let code)):
            [.empty] + Line.wrapped(phrases.enrolLater, .bold, to: width)
                + Line.wrapped(phrases.enrolLaterSend, to: width) + [.empty] + Self.quoted(code.text, to: width)
                + [.empty] + Line.wrapped(phrases.enrolLaterFinish, to: width) + [.empty]
                + Self.quoted("colloque init --confirmation CODE", to: width)
        }
    }

    /// What is to be copied: never broken, but where it is wider than the terminal.
    private static func quoted(_ text: String, to width: Int) -> [Line] {
        Line.wrapped(text, Style(.cyan, bold: true), mark: "   ", to: width)
    }

    private static func titled(
        _ number: Int, _ title: String, _ text: String, _ phrases: Phrases, width: Int
    ) -> [Line] {
        let heading = "\(phrases.step(number, of: 3))  ·  \(title)"
        return [.empty] + Line.wrapped(heading, .bold, to: width) + Line.wrapped(text, to: width)
    }

    private static func colour(of judgement: PassphraseJudgement) -> Colour {
        switch judgement {
        case .tooShort, .weak: .red
        case .fair: .yellow
        case .strong: .green
        }
    }
}
