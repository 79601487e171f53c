import Terminal

extension QRPattern {
    /// Four squares of quiet on each side, as ISO/IEC 18004 asks; two where cameras are known to be content.
    private static let quiet = 2

    /// Cells across, quiet zone included.
    var columns: Int { self.side + 2 * Self.quiet }

    /// Two squares in a cell, black on white whatever the terminal's own colours are.
    package var lines: [Line] {
        stride(from: -Self.quiet, to: self.side + Self.quiet, by: 2).map { row in
            let cells = (-Self.quiet..<self.side + Self.quiet).map { column -> Character in
                switch (self.isDark(row, column), self.isDark(row + 1, column)) {
                case (false, false): "█"
                case (false, true): "▀"
                case (true, false): "▄"
                case (true, true): " "
                }
            }
            return Line(String(cells), Style(.brightWhite, on: .black))
        }
    }

    private func isDark(_ row: Int, _ column: Int) -> Bool {
        guard (0..<self.side).contains(row), (0..<self.side).contains(column) else { return false }
        return self.modules[row * self.side + column]
    }
}
