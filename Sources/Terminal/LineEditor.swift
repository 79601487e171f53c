/// One line of text under a cursor, bounded in octets of UTF-8.
package struct LineEditor: Equatable, Sendable {
    /// In octets of UTF-8.
    package let limit: Int
    private var before: [Character] = []
    private var after: [Character] = []

    package init(limit: Int) { self.limit = limit }

    package var text: String { String(self.before) + String(self.after) }
    package var isEmpty: Bool { self.before.isEmpty && self.after.isEmpty }
    /// Octets that still fit.
    package var room: Int { self.limit - self.text.utf8.count }

    package mutating func clear() { (self.before, self.after) = ([], []) }

    /// - Returns: Whether the key meant something here.
    package mutating func handle(_ key: Key) -> Bool {
        switch key {
        case .character(let character): self.insert(String(character))
        case .paste(let text): self.insert(Neutralised(text.trimmedOfLineEnds, limit: self.limit).text)
        case .left: if let character = self.before.popLast() { self.after.insert(character, at: 0) }
        case .right: if !self.after.isEmpty { self.before.append(self.after.removeFirst()) }
        case .home, .control("a"): (self.before, self.after) = ([], self.before + self.after)
        case .end, .control("e"): (self.before, self.after) = (self.before + self.after, [])
        case .backspace: _ = self.before.popLast()
        case .delete: if !self.after.isEmpty { self.after.removeFirst() }
        case .control("u"): self.before = []
        case .control("k"): self.after = []
        case .control("w"):
            while self.before.last == " " { self.before.removeLast() }
            while let last = self.before.last, last != " " { _ = (last, self.before.removeLast()) }
        default: return false
        }
        return true
    }

    /// What fits into so many cells, the cursor in sight.
    /// - Returns: The text and the column of the cursor in it.
    package func window(cells: Int) -> (text: String, cursor: Int) {
        let room = max(cells, 2)
        var shown: [Character] = []
        var width = 0
        for character in self.before.reversed() {
            let next = CellWidth.of(character)
            if width + next > room - 1 { break }
            shown.insert(character, at: 0)
            width += next
        }
        let cursor = width
        for character in self.after {
            let next = CellWidth.of(character)
            if width + next > room { break }
            shown.append(character)
            width += next
        }
        return (String(shown), cursor)
    }

    /// A combining mark joins the character before it; whatever does not fit is left out, from its end.
    private mutating func insert(_ text: String) {
        for scalar in text.unicodeScalars {
            let clean = Neutralised(String(scalar)).text
            let isMark = clean.unicodeScalars.first == "◌" && scalar != "◌"
            let piece = isMark ? String(scalar) : clean
            guard !piece.isEmpty, piece.utf8.count <= self.room else { continue }
            let joined = String(self.before) + piece
            self.before = Array(joined)
        }
    }
}

extension String {
    fileprivate var trimmedOfLineEnds: String {
        var text = self[...]
        while text.last == "\n" { text.removeLast() }
        return String(text.map { $0 == "\n" ? " " : $0 })
    }
}
