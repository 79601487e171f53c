package import Phrases
package import Terminal

/// A question before something that cannot be taken back.
package struct Confirm: Equatable, Sendable {
    package enum Answer: Equatable, Sendable { case yes, no, none }

    package var question: String
    package var detail: String
    /// Whether Enter says yes too; where a mistake is dear only the letter does.
    package var enterConfirms: Bool

    package init(question: String, detail: String, enterConfirms: Bool) {
        self.question = question
        self.detail = detail
        self.enterConfirms = enterConfirms
    }

    /// The first letter of yes in any of the four languages is a yes; n, Esc and Ctrl-C are a no.
    package func handle(_ key: Key) -> Answer {
        switch key {
        case .character("o"), .character("O"), .character("y"), .character("Y"), .character("j"), .character("J"): .yes
        case .enter where self.enterConfirms: .yes
        case .character("n"), .character("N"), .escape, .control("c"): .no
        default: .none
        }
    }

    package func hints(_ phrases: Phrases) -> [Hint] {
        let letter = String(phrases.yesLetter)
        return [
            Hint(self.enterConfirms ? "\(letter)/\(phrases.keyEnter)" : letter, phrases.keyYes),
            Hint("n/\(phrases.keyEscape)", phrases.keyNo),
        ]
    }

    /// Everything in one line, for screen readers.
    package func line(_ phrases: Phrases) -> String {
        let keys = self.hints(phrases).map { "\($0.key) \($0.label)" }.joined(separator: ", ")
        return "\(self.question) \(self.detail) \(keys)."
    }

    func lines(width: Int) -> [Line] {
        Line.wrapped(self.question, .bold, to: width) + [.empty] + Line.wrapped(self.detail, to: width)
    }
}

/// A short list of which one thing is chosen.
package struct Picker: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable { case chosen(Int), cancelled, none }

    package var title: String
    package var items: [String]
    package private(set) var selection: Int

    package init(title: String, items: [String], selection: Int = 0) {
        self.title = title
        self.items = items
        self.selection = min(max(selection, 0), max(0, items.count - 1))
    }

    /// Arrows, j and k move; a digit or Enter chooses; Esc, q and Ctrl-C leave.
    package mutating func handle(_ key: Key) -> Outcome {
        switch key {
        case .up, .character("k"): self.selection = max(0, self.selection - 1)
        case .down, .character("j"): self.selection = max(0, min(self.items.count - 1, self.selection + 1))
        case .home: self.selection = 0
        case .end: self.selection = max(0, self.items.count - 1)
        case .enter: return self.items.isEmpty ? .cancelled : .chosen(self.selection)
        case .escape, .character("q"), .control("c"): return .cancelled
        case .character(let character):
            guard let digit = character.wholeNumberValue, (1...self.items.count + 1).contains(digit) else { break }
            if digit <= self.items.count { return .chosen(digit - 1) }
        default: break
        }
        return .none
    }

    package func hints(_ phrases: Phrases) -> [Hint] {
        [
            Hint("↑↓", phrases.keySelect), Hint(phrases.keyEnter, phrases.keyConfirm),
            Hint(phrases.keyEscape, phrases.keyBack),
        ]
    }

    func lines(width: Int) -> [Line] {
        var lines = [Line(self.title, .bold), .empty]
        for (index, item) in self.items.enumerated() {
            lines.append(
                Line(
                    [Span("\(index + 1)  ", .dim), Span(item.fitted(to: width - 3))],
                    isSelected: index == self.selection))
        }
        return lines
    }

    /// The choice under the cursor, with its digit.
    package var line: String {
        self.items.indices.contains(self.selection)
            ? "\(self.selection + 1). \(self.items[self.selection])" : self.title
    }

    /// Title and all choices, for screen readers.
    package var spoken: [String] { [self.title] + self.items.enumerated().map { "\($0 + 1). \($1)" } }
}

/// A line to write, under a title.
package struct Prompt: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable { case entered(String), cancelled, none }

    package var title: String
    package private(set) var editor: LineEditor

    /// - Parameter limit: In octets of UTF-8.
    package init(title: String, limit: Int = 1000) {
        self.title = title
        self.editor = LineEditor(limit: limit)
    }

    package mutating func handle(_ key: Key) -> Outcome {
        switch key {
        case .enter:
            let text = self.editor.text
            return text.allSatisfy(\.isWhitespace) ? .cancelled : .entered(text)
        case .escape, .control("c"): return .cancelled
        default:
            _ = self.editor.handle(key)
            return .none
        }
    }

    package mutating func clear() { self.editor.clear() }

    package func hints(_ phrases: Phrases) -> [Hint] {
        [Hint(phrases.keyEnter, phrases.keySend), Hint(phrases.keyEscape, phrases.keyBack)]
    }

    /// Draws the line to write and puts the cursor into it.
    func draw(into frame: inout Frame, row: Int, margin: Int, phrases: Phrases) {
        let left = self.editor.room < 100 ? phrases.charactersLeft(self.editor.room) : ""
        let width = frame.size.columns - 2 * margin - 2 - (left.isEmpty ? 0 : CellWidth.of(left) + 2)
        let (text, cursor) = self.editor.window(cells: width)
        frame.put("›", row: row, column: margin, style: Style(.cyan, bold: true))
        frame.put(text, row: row, column: margin + 2)
        frame.put(left, row: row, column: frame.size.columns - margin - CellWidth.of(left), style: .dim)
        frame.cursor = Position(row: row, column: margin + 2 + cursor)
    }
}
