/// What a patient is given: when, by which link, and what to do. No name, and nothing of why.
package struct InvitationCard: Sendable {
    package let words: CardWords
    package let link: String
    /// When the consultation begins, for people; `nil` for at once.
    package let begins: String?
    /// Until when the link lets somebody in, for people.
    package let ends: String

    package init(language: CardLanguage, link: String, begins: String?, ends: String) {
        self.words = CardWords.of(language)
        self.link = link
        self.begins = begins
        self.ends = ends
    }

    /// For the subject of a message, which travels readable: that there is an appointment, and no more.
    package var subject: String { self.words.subject }

    /// A message's whole text, ready to paste: lines of plain text, the link on one of its own.
    package var text: String {
        ([self.words.greeting, "", self.when, ""] + [self.words.open, "", self.link, ""]
            + self.words.steps.enumerated().map { "\($0.offset + 1). \($0.element)" }
            + ["", self.words.keep, self.words.emergency]).joined(separator: "\n") + "\n"
    }

    /// One page to print, with the code to scan; nothing is loaded from anywhere.
    /// - Returns: `nil` if the link fits into no code.
    package var html: String? {
        guard let code = QRCode(self.link) else { return nil }
        let steps = self.words.steps.map { "<li>\(markup($0))</li>" }.joined(separator: "\n")
        return """
            <!doctype html>
            <html lang="\(self.words.language.rawValue)">
            <meta charset="utf-8">
            <meta name="robots" content="noindex">
            <meta name="referrer" content="no-referrer">
            <meta name="viewport" content="width=device-width">
            <title>\(markup(self.words.subject))</title>
            <style>
            body { font: 14pt/1.45 system-ui, sans-serif; max-width: 34em; margin: 2em auto; padding: 0 1em; \
            color: #000; background: #fff }
            h1 { font-size: 20pt; line-height: 1.2 }
            svg { display: block; width: 62mm; height: 62mm; margin: 1em 0 }
            .when { font-weight: bold }
            .link { overflow-wrap: anywhere; font: 11pt/1.4 ui-monospace, monospace }
            @page { margin: 18mm }
            </style>
            <h1>\(markup(self.words.subject))</h1>
            <p>\(markup(self.words.greeting))</p>
            <p class="when">\(markup(self.when))</p>
            <p>\(markup(self.words.scan))</p>
            \(code.svg())
            <p class="link">\(markup(self.link))</p>
            <ol>
            \(steps)
            </ol>
            <p>\(markup(self.words.keep))</p>
            <p>\(markup(self.words.emergency))</p>
            </html>

            """
    }

    /// For the calendar.
    package var description: String {
        "\(self.words.open)\n\(self.link)\n\n\(self.words.keep)"
    }

    private var when: String {
        guard let begins else { return self.words.until(self.ends) }
        return "\(self.words.begins(begins)) \(self.words.until(self.ends))"
    }
}

private func markup(_ text: String) -> String {
    var result = ""
    for character in text {
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        default: result.append(character)
        }
    }
    return result
}
