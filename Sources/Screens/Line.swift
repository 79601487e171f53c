package import Terminal

/// A stretch of text in one style.
package struct Span: Equatable, Sendable {
    package var text: String
    package var style: Style

    package init(_ text: String, _ style: Style = .plain) {
        self.text = text
        self.style = style
    }

    var width: Int { CellWidth.of(self.text) }
}

/// One row of a screen: something at the left, something at the right edge.
package struct Line: Equatable, Sendable {
    package var left: [Span]
    package var right: [Span]
    /// Drawn as a reversed band.
    package var isSelected: Bool

    package init(_ left: [Span] = [], right: [Span] = [], isSelected: Bool = false) {
        self.left = left
        self.right = right
        self.isSelected = isSelected
    }

    package init(_ text: String, _ style: Style = .plain) { self.init([Span(text, style)]) }

    /// The characters alone, as a sentence for those who do not see the columns.
    package var text: String {
        (self.left + self.right).map(\.text).joined().split(separator: " ").joined(separator: " ")
    }

    static let empty = Line()

    /// Text over as many lines as it needs.
    static func wrapped(_ text: String, _ style: Style = .plain, mark: String = "", to cells: Int) -> [Line] {
        let indent = CellWidth.of(mark)
        return text.wrapped(to: cells - indent).enumerated().map { index, piece in
            let lead = index == 0 ? mark : String(repeating: " ", count: indent)
            return Line([Span(lead + piece, style)])
        }
    }
}

/// Lines that belong together, and how dear they are when rows are few.
struct Block {
    var lines: [Line]
    /// Blocks of lesser worth go first; blank rows between go before all.
    var worth: Int
    var isSpaced = true

    /// The lines of all blocks that fit into so many rows, with blank rows between if there is room.
    static func fitted(_ blocks: [Block], rows: Int) -> [Line] {
        var kept = blocks.filter { !$0.lines.isEmpty }
        var gaps = kept.dropFirst().count { $0.isSpaced }
        func height() -> Int { kept.reduce(0) { $0 + $1.lines.count } }
        while height() > rows, let worst = kept.indices.min(by: { kept[$0].worth < kept[$1].worth }) {
            let over = height() - rows
            // The last block to stand is cut rather than dropped.
            if kept.count == 1 || kept[worst].lines.count > over + 1 {
                kept[worst].lines.removeLast(min(over, kept[worst].lines.count))
            } else {
                kept.remove(at: worst)
            }
        }
        gaps = min(gaps, rows - height())
        var lines: [Line] = []
        for (index, block) in kept.enumerated() {
            if index > 0, block.isSpaced, gaps > 0 {
                lines.append(.empty)
                gaps -= 1
            }
            lines += block.lines
        }
        return lines
    }
}

extension Frame {
    /// Draws a line between margins; the left part yields to the right one, down to a third of the width.
    mutating func draw(_ line: Line, row: Int, margin: Int) {
        let width = self.size.columns - 2 * margin
        guard width > 0 else { return }
        let rightWidth = line.right.reduce(0) { $0 + $1.width }
        let leftWidth = line.left.reduce(0) { $0 + $1.width }
        let room = line.right.isEmpty ? width : max(min(leftWidth, width / 3), width - rightWidth - 2)
        if line.isSelected {
            self.fill(row: row, columns: max(0, margin - 1)..<self.size.columns - max(0, margin - 1), style: .reverse)
        }
        let end = self.draw(line.left, row: row, column: margin, limit: room, isSelected: line.isSelected)
        guard !line.right.isEmpty else { return }
        let start = max(end + (line.left.isEmpty ? 0 : 2), margin + width - rightWidth)
        self.draw(
            line.right, row: row, column: start, limit: margin + width - start, isSelected: line.isSelected)
    }

    @discardableResult
    private mutating func draw(_ spans: [Span], row: Int, column: Int, limit: Int, isSelected: Bool) -> Int {
        var place = column
        for span in spans {
            let room = column + limit - place
            guard room > 0 else { break }
            var style = span.style
            if isSelected { style = Style(bold: style.isBold, reverse: true) }
            place = self.put(span.text, row: row, column: place, style: style, limit: room)
        }
        return place
    }
}
