/// Every sentence a doctor reads, in one language.
///
/// A phrase stands once, in four languages side by side; a missing one does not compile. Text of others goes into
/// a phrase only as ``Terminal/Neutralised``. The extensions hold one part of the product each.
package struct Phrases: Equatable, Sendable {
    package let language: Language

    package init(_ language: Language) { self.language = language }

    /// One phrase. French punctuation gets its no-break spaces here and can lose them nowhere.
    func pick(
        fr: @autoclosure () -> String, en: @autoclosure () -> String, nl: @autoclosure () -> String,
        de: @autoclosure () -> String
    ) -> String {
        switch self.language {
        case .french: French.spaced(fr())
        case .english: en()
        case .dutch: nl()
        case .german: de()
        }
    }
}

/// What happened and what to do about it: two sentences.
package struct Explanation: Equatable, Sendable {
    package let what: String
    package let next: String

    /// Both in one line.
    package var line: String { self.next.isEmpty ? self.what : "\(self.what) \(self.next)" }
}

enum French {
    /// A no-break space before `: ; ? ! » %`, after `«`, and between a number and its unit.
    static func spaced(_ text: String) -> String {
        var result: [Character] = []
        result.reserveCapacity(text.count)
        var previous: Character = " "
        for character in text {
            if previous == " ", !result.isEmpty, ":;?!»%".contains(character) {
                result[result.count - 1] = "\u{A0}"
            }
            if previous == "«", character == " " { result.append("\u{A0}") } else { result.append(character) }
            previous = character
        }
        return String(result)
    }
}
