internal import Phrases
internal import Terminal

/// A link to read, copy and photograph: code and text side by side, or what fits.
struct LinkCard {
    var title: String
    var link: Neutralised?
    var qr: QRPattern?
    var phrases: Phrases

    func lines(width: Int, rows: Int) -> [Line] {
        guard let link else { return [Line(self.title, .bold), .empty, Line(self.phrases.opening)] }
        guard let qr, qr.columns <= width, qr.lines.count <= rows else {
            let advice = self.qr == nil ? [] : [.empty] + Line.wrapped(self.phrases.qrDoesNotFit, .dim, to: width)
            return [Line(self.title, .bold), .empty] + Line.wrapped(link.text, Style(.cyan), to: width) + advice
        }
        let gap = 3
        let beside = width - qr.columns - gap
        if beside >= 24 {
            return Self.joined(qr.lines, self.text(link, width: beside), gap: gap)
        }
        let below = self.text(link, width: width)
        return qr.lines + (qr.lines.count + below.count + 1 <= rows ? [.empty] + below : [])
    }

    private func text(_ link: Neutralised, width: Int) -> [Line] {
        [Line(self.title.fitted(to: width), .bold), .empty] + Line.wrapped(link.text, Style(.cyan), to: width) + [
            .empty
        ]
            + Line.wrapped(self.phrases.qrCaption, .dim, to: width)
    }

    /// The left lines are all of one width.
    private static func joined(_ left: [Line], _ right: [Line], gap: Int) -> [Line] {
        let blank = left.first.map { $0.left.reduce(0) { $0 + $1.width } } ?? 0
        return (0..<max(left.count, right.count)).map { index in
            let start = left[safe: index]?.left ?? [Span(String(repeating: " ", count: blank))]
            guard let line = right[safe: index], !line.left.isEmpty else { return Line(start) }
            return Line(start + [Span(String(repeating: " ", count: gap))] + line.left)
        }
    }
}
