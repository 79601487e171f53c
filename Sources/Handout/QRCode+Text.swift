extension QRCode {
    package enum Drawing: Sendable {
        /// Half blocks, two rows of modules to a line, with the terminal told to draw dark on light.
        case coloured
        /// Half blocks without colours, right for light text on a dark ground.
        case blocks
        /// `#` and blanks, two characters a module, right for dark text on a light ground.
        case ascii
    }

    /// The code with its margin, a line for every one or two rows, each with its end.
    package func text(_ drawing: Drawing) -> String {
        let range = -Self.margin..<self.side + Self.margin
        switch drawing {
        case .ascii:
            return range.map { row in
                range.map { self[column: $0, row: row] ? "##" : "  " }.joined() + "\n"
            }.joined()
        case .blocks, .coloured:
            let (start, end) = drawing == .coloured ? ("\u{1B}[97;40m", "\u{1B}[0m") : ("", "")
            return stride(from: range.lowerBound, to: range.upperBound, by: 2).map { row in
                // What is lit is drawn: the light modules.
                let line = range.map { column in
                    switch (!self[column: column, row: row], !self[column: column, row: row + 1]) {
                    case (true, true): "█"
                    case (true, false): "▀"
                    case (false, true): "▄"
                    case (false, false): " "
                    }
                }
                return start + line.joined() + end + "\n"
            }.joined()
        }
    }
}
