internal import Phrases
internal import Terminal

/// A key and what it does, for the last row.
package struct Hint: Equatable, Sendable {
    package var key: String
    package var label: String

    package init(_ key: String, _ label: String) {
        self.key = key
        self.label = label
    }
}

/// What every screen has around its body: a title, a state, and the keys that are obvious now.
struct Chrome {
    var title: [Span]
    var status: [Span]
    /// The most useful first; the last one stays however narrow the screen is.
    var hints: [Hint]

    /// - Returns: The rows that are left for the body.
    func draw(into frame: inout Frame) -> Range<Int> {
        let (columns, rows) = (frame.size.columns, frame.size.rows)
        let margin = Self.margin(frame.size)
        frame.draw(Line(self.title, right: self.status), row: 0, margin: margin)
        frame.fill(row: 1, columns: margin..<columns - margin, with: "─", style: .dim)
        frame.fill(row: rows - 2, columns: margin..<columns - margin, with: "─", style: .dim)
        self.drawHints(into: &frame, row: rows - 1, margin: margin)
        return 2..<max(2, rows - 2)
    }

    private func drawHints(into frame: inout Frame, row: Int, margin: Int) {
        let room = frame.size.columns - 2 * margin
        for gap in [3, 2] {
            if Self.width(self.hints, gap: gap) <= room {
                return Self.put(self.hints, gap: gap, into: &frame, row: row, margin: margin)
            }
        }
        guard let last = self.hints.last else { return }
        var kept = self.hints.dropLast()
        while !kept.isEmpty, Self.width(Array(kept) + [last], gap: 2) > room { kept.removeLast() }
        Self.put(Array(kept) + [last], gap: 2, into: &frame, row: row, margin: margin)
    }

    private static func width(_ hints: [Hint], gap: Int) -> Int {
        hints.reduce(0) { $0 + CellWidth.of($1.key) + 1 + CellWidth.of($1.label) } + gap * max(0, hints.count - 1)
    }

    private static func put(_ hints: [Hint], gap: Int, into frame: inout Frame, row: Int, margin: Int) {
        var column = margin
        for hint in hints {
            column = frame.put(hint.key, row: row, column: column, style: Style(.cyan, bold: true))
            column = frame.put(hint.label, row: row, column: column + 1) + gap
        }
    }

    static func margin(_ size: Size) -> Int { size.columns >= 60 ? 2 : 1 }

    /// Whether a screen can be shown at all; otherwise only a request to enlarge it is.
    static func fits(_ size: Size) -> Bool { size.columns >= 40 && size.rows >= 12 }

    static func drawTooSmall(into frame: inout Frame, phrases: Phrases) {
        for (row, line) in phrases.terminalTooSmall.wrapped(to: frame.size.columns).enumerated() {
            frame.put(line, row: row, column: 0)
        }
    }
}
