import Phrases
import Screens
import Terminal
import Testing

@Suite("Reports of commands")
struct ReportTests {
    private static let time = WallTime(year: 2026, month: 11, day: 26, weekday: 4, hour: 16, minute: 30)

    private static func widest(_ lines: [Line]) -> Int {
        lines.reduce(0) { max($0, CellWidth.of($1.printed(hasColours: false))) }
    }

    @Test("of a new session: one link, whole, and where the patient's card is", arguments: Language.allCases)
    func session(_ language: Language) {
        let link = Neutralised("https://consult.example/#AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdEfGhIjKlMnOp")
        let report = SessionReport(
            session: "7f3k", link: link, expires: Self.time, opens: Self.time, isRelayOnly: true, qr: nil)
        let lines = report.lines(Phrases(language), width: 80)
        #expect(lines.count { $0.text == link.text } == 1)
        #expect(lines.contains { $0.text.contains("colloque session card 7f3k") })
        #expect(Self.widest(lines.filter { $0.text != link.text }) <= 80)
    }

    @Test("of a check: a line for each thing, advice for each fault, within the width", arguments: Language.allCases)
    func check(_ language: Language) {
        let phrases = Phrases(language)
        for fault in CheckFault.all {
            let rows = CheckItem.allCases.map { item in
                CheckReport.Row(item: item, outcome: item == .clock ? .failed(fault) : .passed(Neutralised("12 ms")))
            }
            for width in [38, 76, 130] {
                let lines = CheckReport(rows: rows).lines(phrases, width: width)
                #expect(Self.widest(lines) <= width)
                let text = lines.map(\.text).joined(separator: " ").filter { $0 != "→" }
                #expect(text.split(separator: " ").joined(separator: " ").contains(phrases.fault(fault).what))
                #expect(text.contains(phrases.checkSummary(faults: 1)))
            }
        }
        let running = CheckReport(rows: [CheckReport.Row(item: .stun, outcome: .running)])
        #expect(!running.isComplete && running.faultCount == 0)
        #expect(!running.lines(phrases, width: 80).contains { $0.text == phrases.checkSummary(faults: 0) })
    }

    @Test("of the first start: each step within the width, its code whole", arguments: Language.allCases)
    func start(_ language: Language) {
        for step in StartReport.Step.all {
            for width in 40...132 {
                let lines = StartReport.lines(step, Phrases(language), width: width)
                #expect(!lines.isEmpty && Self.widest(lines) <= width)
            }
        }
        let code = Neutralised("COLLOQUE-ENROL-7F3K")
        #expect(
            StartReport.lines(.enrolment(code: code), Phrases(language), width: 60).contains { $0.text == code.text })
    }

    @Test("a code's squares are two in a cell, in a quiet zone, dark on light whatever the terminal")
    func qr() throws {
        let pattern = try #require(
            QRPattern(side: 3, modules: [true, false, true, false, true, false, true, true, true]))
        let lines = pattern.lines
        #expect(lines.map { $0.left[0].text } == ["███████", "██▄▀▄██", "██▄▄▄██", "███████"])
        #expect(lines.allSatisfy { $0.left[0].style == Style(.brightWhite, on: .black) })
        #expect(QRPattern(side: 3, modules: [true]) == nil && QRPattern(side: 0, modules: []) == nil)
    }

    @Test("a line printed without colours has no escape")
    func printed() {
        let line = Line([Span("x", Style(.red, bold: true))])
        #expect(line.printed(hasColours: false) == "x")
        #expect(line.printed(hasColours: true) == "\u{1B}[0;1;31mx\u{1B}[0m")
    }
}
