/// Turns frames into the octets that bring a terminal from the last one to the next.
///
/// Call ``enter()`` once, ``render(_:)`` for each frame, ``leave()`` at the end, and write what they return in this
/// order. Only what every terminal since the VT220 has is used, and what the others ignore: the alternate screen,
/// cursor addressing, SGR, bracketed paste, synchronised updates (mode 2026). Nothing depends on autowrap: the last
/// column of the last row is written too, with autowrap off.
package struct Renderer: Sendable {
    private let hasColours: Bool
    private var shown: Frame?

    package init(hasColours: Bool) {
        self.hasColours = hasColours
    }

    /// Takes the screen over; the next frame is drawn whole.
    package mutating func enter() -> [UInt8] {
        self.shown = nil
        return Array("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[?2004h\u{1B}[0m\u{1B}[2J".utf8)
    }

    /// Gives the screen back as it was. Also what a signal handler writes: harmless at any time.
    package static let leave: [UInt8] = Array(
        "\u{1B}[?2026l\u{1B}[0m\u{1B}[?2004l\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l".utf8)

    package mutating func leave() -> [UInt8] {
        self.shown = nil
        return Self.leave
    }

    /// The screen may have changed behind us: the next frame is drawn whole.
    package mutating func invalidate() { self.shown = nil }

    /// - Returns: Nothing when nothing changed.
    package mutating func render(_ frame: Frame) -> [UInt8] {
        let old = self.shown.flatMap { $0.size == frame.size ? $0 : nil }
        if old == frame { return [] }
        var pen = Pen(hasColours: self.hasColours)
        if old == nil { pen.clear() }
        for row in 0..<frame.size.rows { Self.draw(row, of: frame, over: old, with: &pen) }
        pen.finish(cursor: frame.cursor)
        self.shown = frame
        return pen.octets
    }

    /// A row with characters of uncertain width is drawn whole and every cell behind one is named.
    private static func draw(_ row: Int, of frame: Frame, over old: Frame?, with pen: inout Pen) {
        let columns = frame.size.columns
        let start = row * columns
        let cells = frame.cells[start..<start + columns]
        let before = old.map { $0.cells[start..<start + columns] } ?? ArraySlice(repeating: .blank, count: columns)
        if old != nil ? cells == before : cells.allSatisfy({ $0 == .blank }) { return }
        let isCertain =
            cells.allSatisfy { $0.character.map(CellWidth.isCertain) ?? false }
            && before.allSatisfy { $0.character.map(CellWidth.isCertain) ?? false }
        if !isCertain, old != nil { pen.clearRow(row) }
        for column in 0..<columns {
            let cell = cells[cells.startIndex + column]
            guard let character = cell.character else { continue }
            let previous = isCertain || old == nil ? before[before.startIndex + column] : .blank
            if cell == previous { continue }
            pen.draw(character, style: cell.style, row: row, column: column)
        }
    }
}

/// Where the terminal's cursor stands, and in which style it writes.
private struct Pen {
    let hasColours: Bool
    var octets: [UInt8] = Array("\u{1B}[?2026h\u{1B}[?25l".utf8)
    private var place: Position?
    private var style: Style?

    init(hasColours: Bool) { self.hasColours = hasColours }

    mutating func clear() { self.write("\u{1B}[0m\u{1B}[2J") }

    mutating func clearRow(_ row: Int) {
        self.move(to: Position(row: row, column: 0))
        self.write("\u{1B}[0m\u{1B}[2K")
        self.style = nil
    }

    mutating func draw(_ character: Character, style: Style, row: Int, column: Int) {
        let position = Position(row: row, column: column)
        if self.place != position { self.move(to: position) }
        if self.style != style {
            self.write(style.sequence(colours: self.hasColours))
            self.style = style
        }
        self.octets.append(contentsOf: String(character).utf8)
        self.place = CellWidth.isCertain(character) ? Position(row: row, column: column + 1) : nil
    }

    mutating func finish(cursor: Position?) {
        self.write("\u{1B}[0m")
        if let cursor {
            self.move(to: cursor)
            self.write("\u{1B}[?25h")
        }
        self.write("\u{1B}[?2026l")
    }

    private mutating func move(to position: Position) {
        self.write("\u{1B}[\(position.row + 1);\(position.column + 1)H")
        self.place = position
    }

    private mutating func write(_ text: String) { self.octets.append(contentsOf: text.utf8) }
}
