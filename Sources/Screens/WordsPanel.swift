import Phrases
import Terminal

/// The words and digits of a call, as large as the screen allows.
struct WordsPanel {
    var words: CallModel.Words
    var phrases: Phrases

    func blocks(width: Int) -> [Block] {
        let why =
            self.words.peerSaysSame == true
            ? Line.wrapped(self.phrases.peerSaysSame, Style(.green), to: width)
            : Line.wrapped(self.phrases.compareWhy, .dim, to: width)
        return [
            Block(lines: Line.wrapped(self.phrases.compareTitle, .bold, to: width), worth: 6),
            Block(lines: self.wordLines(width: width), worth: 10),
            Block(lines: self.digitLines(width: width), worth: 9),
            Block(lines: why, worth: 3),
        ]
    }

    /// Two boxes side by side, or two rows where they do not fit.
    private func wordLines(width: Int) -> [Line] {
        guard self.words.words.count == 4 else { return [] }
        let pairs = [Array(self.words.words.prefix(2)), Array(self.words.words.suffix(2))]
        let titles = [self.phrases.patientReads, self.phrases.doctorReads]
        let half = (width - 2) / 2
        let spaced = pairs.map { $0.map { Self.spaced($0.text) } }
        let widest = spaced.joined().reduce(0) { max($0, CellWidth.of($1)) }
        guard widest + 6 <= half else { return self.narrowLines(pairs, titles: titles, width: width) }
        let box = min(half, 36)
        func side(_ index: Int) -> [[Span]] {
            let title = titles[index].fitted(to: box - 4)
            let top = "┌ \(title) " + String(repeating: "─", count: max(0, box - 4 - CellWidth.of(title))) + "┐"
            let bottom = "└" + String(repeating: "─", count: box - 2) + "┘"
            let frame = index == 1 ? Style(.cyan) : .dim
            let rows = spaced[index].map { word in
                let pad = String(repeating: " ", count: max(0, box - 5 - CellWidth.of(word)))
                return [Span("│  ", frame), Span(word, Style(.white, bold: true)), Span(pad + " │", frame)]
            }
            return [[Span(top, frame)]] + rows + [[Span(bottom, frame)]]
        }
        return zip(side(0), side(1)).map { Line($0 + [Span("  ")] + $1) }
    }

    private func narrowLines(_ pairs: [[Neutralised]], titles: [String], width: Int) -> [Line] {
        zip(titles, pairs).flatMap { title, pair in
            [
                Line(title, .dim),
                Line([Span(pair.map { $0.text.uppercased() }.joined(separator: "   "), Style(.white, bold: true))]),
            ]
        }
    }

    private func digitLines(width: Int) -> [Line] {
        let digits = self.words.digits
        let groups = "\(digits.prefix(4))  \(digits.suffix(4))"
        let label = self.phrases.orDigits
        let indent = CellWidth.of(label) + 3
        guard digits.count == 8, width >= 60, BigDigits.width(groups) + indent <= width else {
            return [Line([Span(label + "  ", .dim), Span(groups, .bold)])]
        }
        return BigDigits.rows(groups).enumerated().map { index, row in
            let lead = index == 1 ? label : ""
            return Line([
                Span(lead + String(repeating: " ", count: indent - CellWidth.of(lead)), .dim), Span(row, .bold),
            ])
        }
    }

    /// Capitals with room between them, which an eye takes in from afar.
    private static func spaced(_ word: String) -> String {
        word.uppercased().map(String.init).joined(separator: " ")
    }
}
