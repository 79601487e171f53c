package import Phrases
package import Terminal

/// The texts of the first start, step by step; the prompts themselves are ``Phrases``.
package enum StartReport {
    package enum Step: Equatable, Sendable {
        case welcome
        case passphrase
        case strength(PassphraseStrength)
        case broker
        /// With the code for the administrator.
        case enrolment(code: Neutralised)
        case sound
        /// Whether the broker knows the key by now.
        case done(isEnrolled: Bool)

        package static let all: [Step] =
            [.welcome, .passphrase] + PassphraseStrength.allCases.map { .strength($0) }
            + [
                .broker, .enrolment(code: Neutralised("COLLOQUE-ENROL-7F3K-9QXM-2LBD-55WA")), .sound,
                .done(isEnrolled: true), .done(isEnrolled: false),
            ]
    }

    package static func lines(_ step: Step, _ phrases: Phrases, width: Int) -> [Line] {
        switch step {
        case .welcome:
            Line.wrapped(phrases.welcome, .bold, to: width) + [.empty] + Line.wrapped(phrases.welcomeText, to: width)
        case .passphrase: Self.titled(1, phrases.passphraseAsk, phrases.passphraseText, phrases, width: width)
        case .strength(let strength):
            Line.wrapped(phrases.strength(strength), Style(Self.colour(of: strength)), to: width)
        case .broker: Self.titled(2, phrases.brokerAsk, phrases.brokerText, phrases, width: width)
        case .enrolment(let code):
            Self.titled(3, phrases.enrolAsk, phrases.enrolText, phrases, width: width)
                + [.empty, Line([Span("   "), Span(code.text, Style(.cyan, bold: true))]), .empty]
        case .sound: Self.titled(4, phrases.soundAsk, phrases.soundText, phrases, width: width)
        case .done(let isEnrolled):
            [.empty] + Line.wrapped(isEnrolled ? phrases.startDone : phrases.enrolLater, .bold, to: width)
                + Line.wrapped(phrases.startNext, to: width) + Line.wrapped(phrases.startBackUp, .dim, to: width)
        }
    }

    private static func titled(
        _ number: Int, _ title: String, _ text: String, _ phrases: Phrases, width: Int
    ) -> [Line] {
        let heading = "\(phrases.step(number, of: 4))  ·  \(title)"
        return [.empty] + Line.wrapped(heading, .bold, to: width) + Line.wrapped(text, to: width)
    }

    private static func colour(of strength: PassphraseStrength) -> Colour {
        switch strength {
        case .tooShort, .weak: .red
        case .fair: .yellow
        case .good, .excellent: .green
        }
    }
}
