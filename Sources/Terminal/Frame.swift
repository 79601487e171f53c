/// Columns and rows of a screen.
package struct Size: Hashable, Sendable {
    package var columns: Int
    package var rows: Int

    /// Clamped to 1…1000 each: a terminal may say anything.
    package init(columns: Int, rows: Int) {
        self.columns = min(max(columns, 1), 1000)
        self.rows = min(max(rows, 1), 1000)
    }

    package static let standard = Size(columns: 80, rows: 24)
}

/// A place on the screen, both from 0.
package struct Position: Hashable, Sendable {
    package var row: Int
    package var column: Int

    package init(row: Int, column: Int) {
        self.row = row
        self.column = column
    }
}

/// One screenful of cells. Everything outside is cut; a control character shows as `�`, whoever put it there.
package struct Frame: Equatable, Sendable {
    package struct Cell: Equatable, Sendable {
        /// nil in the right half of a wide character.
        package var character: Character?
        package var style: Style

        static let blank = Cell(character: " ", style: .plain)
    }

    package let size: Size
    /// Where the cursor shows; hidden when nil.
    package var cursor: Position?
    private(set) var cells: [Cell]

    package init(size: Size) {
        self.size = size
        self.cells = Array(repeating: .blank, count: size.columns * size.rows)
    }

    /// Writes one line of text, cut at `limit` cells and at the right edge with `…`.
    /// - Returns: The column after the text.
    @discardableResult
    package mutating func put(
        _ text: String, row: Int, column: Int, style: Style = .plain, limit: Int = .max
    ) -> Int {
        guard (0..<self.size.rows).contains(row), column >= 0, column < self.size.columns else { return column }
        let room = min(limit, self.size.columns - column)
        var place = column
        let safe = text.utf8.allSatisfy { (0x20...0x7E).contains($0) } ? text : String(text.map(Self.shown))
        for character in safe.fitted(to: room) {
            // Most of any screen: one cell, and no array of one to be made for it.
            if character.utf8.count == 1 {
                self.set(Cell(character: character, style: style), row: row, column: place)
                place += 1
                continue
            }
            for cluster in CellWidth.clusters(of: character) {
                self.set(Cell(character: cluster, style: style), row: row, column: place)
                let width = CellWidth.of(cluster)
                if width == 2 { self.set(Cell(character: nil, style: style), row: row, column: place + 1) }
                place += width
            }
        }
        return place
    }

    /// Fills cells with one narrow character.
    package mutating func fill(row: Int, columns: Range<Int>, with character: Character = " ", style: Style = .plain) {
        guard (0..<self.size.rows).contains(row) else { return }
        for column in columns.clamped(to: 0..<self.size.columns) {
            self.set(Cell(character: character, style: style), row: row, column: column)
        }
    }

    package func cell(row: Int, column: Int) -> Cell { self.cells[row * self.size.columns + column] }

    /// The characters alone, without spaces at the end of a row: for tests and for eyes.
    package var text: String {
        (0..<self.size.rows).map { row in
            var line = (0..<self.size.columns).compactMap { self.cell(row: row, column: $0).character }
            while line.last == " " { line.removeLast() }
            return String(line)
        }.joined(separator: "\n")
    }

    private mutating func set(_ cell: Cell, row: Int, column: Int) {
        let index = row * self.size.columns + column
        // Half of a wide character cannot stay.
        if self.cells[index].character == nil, column > 0, cell.character != nil {
            self.cells[index - 1].character = " "
        }
        if column + 1 < self.size.columns, self.cells[index + 1].character == nil {
            self.cells[index + 1].character = " "
        }
        self.cells[index] = cell
    }

    private static func shown(_ character: Character) -> Character {
        for scalar in character.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .format: return "\u{FFFD}"
            default: break
            }
        }
        return character
    }
}

extension String {
    /// Cut to a number of cells, with `…` in the last one when something is lost.
    package func fitted(to cells: Int) -> String {
        guard cells > 0 else { return "" }
        if CellWidth.of(self) <= cells { return self }
        var kept = ""
        var width = 0
        for character in self {
            let next = CellWidth.of(character)
            if width + next > cells - 1 { break }
            kept.append(character)
            width += next
        }
        return kept + "…"
    }

    /// Broken at spaces (never at no-break spaces) into lines of at most so many cells; longer words are cut apart.
    package func wrapped(to cells: Int) -> [String] {
        let room = max(cells, 2)
        var lines: [String] = []
        for paragraph in self.split(separator: "\n", omittingEmptySubsequences: false) {
            var line = ""
            var width = 0
            for word in paragraph.split(separator: " ", omittingEmptySubsequences: true) {
                for piece in word.pieces(of: room) {
                    let length = CellWidth.of(piece)
                    if width > 0, width + 1 + length > room {
                        lines.append(line)
                        (line, width) = ("", 0)
                    }
                    if width > 0 {
                        line += " "
                        width += 1
                    }
                    line += piece
                    width += length
                }
            }
            lines.append(line)
        }
        return lines
    }
}

extension Substring {
    fileprivate func pieces(of cells: Int) -> [Substring] {
        if CellWidth.of(self) <= cells { return [self] }
        var pieces: [Substring] = []
        var start = self.startIndex
        var width = 0
        for index in self.indices {
            let next = CellWidth.of(self[index])
            if width + next > cells {
                pieces.append(self[start..<index])
                (start, width) = (index, 0)
            }
            width += next
        }
        return pieces + [self[start...]]
    }
}
