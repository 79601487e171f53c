package import Phrases
package import Terminal

/// What `check` found, a line for each thing looked at and a line of advice for each that failed.
package struct CheckReport: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        case running
        /// With a fact worth knowing, such as the device's name or a delay.
        case passed(Neutralised?)
        case failed(CheckFault)
        case skipped
    }

    package struct Row: Equatable, Sendable {
        package var item: CheckItem
        package var outcome: Outcome

        package init(item: CheckItem, outcome: Outcome) {
            self.item = item
            self.outcome = outcome
        }
    }

    package var rows: [Row]

    package init(rows: [Row]) { self.rows = rows }

    package var faultCount: Int {
        self.rows.count { if case .failed = $0.outcome { true } else { false } }
    }

    package var isComplete: Bool { !self.rows.contains { $0.outcome == .running } }

    /// Title, rows, and the summary once nothing runs any more.
    package func lines(_ phrases: Phrases, width: Int) -> [Line] {
        let summary: [Line] =
            self.isComplete
            ? [.empty] + Line.wrapped(phrases.checkSummary(faults: self.faultCount), .bold, to: width) : []
        return [Line(phrases.checkTitle, .bold), .empty]
            + self.rows.flatMap { Self.lines($0, phrases, width: width) } + summary
    }

    /// One row and its advice: what is printed as soon as it is known.
    package static func lines(_ row: Row, _ phrases: Phrases, width: Int) -> [Line] {
        let column = CheckItem.allCases.reduce(0) { max($0, CellWidth.of(phrases.name($1))) } + 3
        let name = phrases.name(row.item)
        let lead = Span(name + String(repeating: " ", count: column - CellWidth.of(name)))
        switch row.outcome {
        case .running: return [Line([lead, Span(phrases.checkRunning, .dim)])]
        case .skipped: return [Line([lead, Span(phrases.checkSkipped, .dim)])]
        case .passed(let fact):
            let text = fact.map { "  \($0.text)".fitted(to: width - column - CellWidth.of(phrases.checkGood)) } ?? ""
            return [Line([lead, Span(phrases.checkGood, Style(.green)), Span(text, .dim)])]
        case .failed(let fault):
            let explanation = phrases.fault(fault)
            return [Line([lead, Span(phrases.checkBad, Style(.red, bold: true))])]
                + Line.wrapped(explanation.what, mark: "   ", to: width)
                + Line.wrapped(explanation.next, Style(.yellow), mark: "   → ", to: width)
        }
    }
}
