import Terminal
import Testing

/// A terminal that knows what the renderer may say, and nothing else.
struct StrictTerminal {
    private(set) var size: Size
    private(set) var cells: [[Character]]
    private(set) var row = 0
    private(set) var column = 0
    private(set) var complaints: [String] = []
    private(set) var colourCount = 0

    init(size: Size) {
        self.size = size
        self.cells = Array(repeating: Array(repeating: " ", count: size.columns), count: size.rows)
    }

    mutating func feed(_ octets: [UInt8]) {
        var scalars = Array(String(decoding: octets, as: UTF8.self).unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            if scalar == "\u{1B}" {
                self.sequence(&scalars)
            } else if scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) {
                self.complaints.append("control U+\(String(scalar.value, radix: 16))")
            } else {
                self.print(scalar)
            }
        }
    }

    var text: String { self.cells.map { String($0.filter { $0 != "\0" }) }.joined(separator: "\n") }

    private mutating func sequence(_ scalars: inout ArraySlice<Unicode.Scalar>) {
        guard scalars.popFirst() == "[" else { return self.complaints.append("no CSI") }
        var parameters = ""
        while let scalar = scalars.popFirst() {
            if scalar.value < 0x40 {
                parameters.unicodeScalars.append(scalar)
                continue
            }
            let numbers = parameters.split(separator: ";").compactMap { Int($0) }
            switch (scalar, parameters) {
            case ("H", _) where numbers.count == 2: (self.row, self.column) = (numbers[0] - 1, numbers[1] - 1)
            case ("J", "2"): self = Self(size: self.size, keeping: self)
            case ("K", "2"): self.cells[self.row] = Array(repeating: " ", count: self.size.columns)
            case ("m", _): if numbers.contains(where: { $0 >= 30 }) { self.colourCount += 1 }
            case ("h", "?2026"), ("l", "?2026"), ("h", "?25"), ("l", "?25"), ("h", "?7"), ("l", "?7"), ("h", "?1049"),
                ("l", "?1049"), ("h", "?2004"), ("l", "?2004"):
                break
            default: self.complaints.append("ESC [ \(parameters)\(scalar)")
            }
            return
        }
    }

    private init(size: Size, keeping old: StrictTerminal) {
        self.init(size: size)
        (self.row, self.column, self.complaints, self.colourCount) =
            (old.row, old.column, old.complaints, old.colourCount)
    }

    private mutating func print(_ scalar: Unicode.Scalar) {
        let width = CellWidth.of(scalar)
        guard self.row < self.size.rows else { return self.complaints.append("below the screen") }
        if width == 0, self.column > 0 {
            let place = self.cells[self.row][self.column - 1] == "\0" ? self.column - 2 : self.column - 1
            self.cells[self.row][place].unicodeScalars(append: scalar)
            return
        }
        guard self.column + width <= self.size.columns else { return self.complaints.append("beyond the right edge") }
        self.cells[self.row][self.column] = Character(scalar)
        if width == 2 { self.cells[self.row][self.column + 1] = "\0" }
        self.column += width
    }
}

extension Character {
    fileprivate mutating func unicodeScalars(append scalar: Unicode.Scalar) {
        self = Character(String(self) + String(scalar))
    }
}

/// A small generator with a seed: the tests' chance.
struct Chance: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return self.state ^ (self.state >> 29)
    }
}

@Suite("The renderer")
struct RendererTests {
    static func frame(_ size: Size, _ chance: inout Chance) -> Frame {
        let texts = ["bonjour", "漢字", "été", "e\u{301}\u{301}", "🙂 ok", "─────", "x"] + HostileCorpus.all
        let styles: [Style] = [.plain, .bold, .dim, .reverse, Style(.red, on: .brightWhite, bold: true), Style(.cyan)]
        var frame = Frame(size: size)
        for _ in 0..<12 {
            frame.put(
                Bool.random(using: &chance)
                    ? texts.randomElement(using: &chance) ?? ""
                    : Neutralised(texts.randomElement(using: &chance) ?? "").text,
                row: Int.random(in: -1...size.rows, using: &chance),
                column: Int.random(in: -1...size.columns, using: &chance),
                style: styles.randomElement(using: &chance) ?? .plain)
        }
        return frame
    }

    @Test("brings a terminal from any frame to any other, saying only what is its own", arguments: UInt64(1)...60)
    func differences(seed: UInt64) {
        var chance = Chance(state: seed)
        let size = Size(columns: Int.random(in: 2...50, using: &chance), rows: Int.random(in: 1...14, using: &chance))
        var renderer = Renderer(hasColours: Bool.random(using: &chance))
        var terminal = StrictTerminal(size: size)
        terminal.feed(renderer.enter())
        for step in 0..<8 {
            let frame = Self.frame(size, &chance)
            terminal.feed(renderer.render(frame))
            var fresh = StrictTerminal(size: size)
            var other = Renderer(hasColours: true)
            fresh.feed(other.render(frame))
            #expect(terminal.text == fresh.text, "seed \(seed), step \(step)")
            #expect(terminal.complaints == [], "seed \(seed), step \(step)")
            #expect(
                Array(Self.trimmed(fresh.text).unicodeScalars) == Array(frame.text.unicodeScalars),
                "seed \(seed), step \(step)")
        }
        terminal.feed(renderer.leave())
        #expect(terminal.complaints == [])
    }

    private static func trimmed(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var line = String(line)
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    @Test("says nothing when nothing changed, and little when little did")
    func economy() {
        var renderer = Renderer(hasColours: true)
        var frame = Frame(size: .standard)
        frame.put("04:32", row: 0, column: 70)
        let whole = renderer.render(frame)
        #expect(!whole.isEmpty)
        let octets6 = renderer.render(frame)
        #expect(octets6 == [])
        frame.put("04:33", row: 0, column: 70)
        let octets = renderer.render(frame)
        #expect(octets.count < 50 && octets.count { $0 == UInt8(ascii: "3") } >= 1)
    }

    @Test("names no colour when there are none, and keeps a coloured ground visible")
    func noColour() {
        var renderer = Renderer(hasColours: false)
        var frame = Frame(size: .standard)
        frame.put("MICRO COUPÉ", row: 0, column: 0, style: Style(.white, on: .red, bold: true))
        let octets = renderer.render(frame)
        var terminal = StrictTerminal(size: .standard)
        terminal.feed(octets)
        #expect(terminal.colourCount == 0)
        #expect(String(decoding: octets, as: UTF8.self).contains("\u{1B}[0;1;7m"))
    }

    @Test("draws all again after another size or an invalidation")
    func again() {
        var renderer = Renderer(hasColours: true)
        var frame = Frame(size: Size(columns: 20, rows: 3))
        frame.put("text", row: 1, column: 0)
        let first = renderer.render(frame)
        renderer.invalidate()
        let octets7 = renderer.render(frame)
        #expect(octets7 == first)
    }

    @Test("leaving undoes all that entering did")
    func leaving() {
        let entered = String(
            decoding: {
                var it = Renderer(hasColours: true); return it.enter()
            }(), as: UTF8.self)
        let left = String(decoding: Renderer.leave, as: UTF8.self)
        for (mode, normal) in [("?1049h", "?1049l"), ("?25l", "?25h"), ("?7l", "?7h"), ("?2004h", "?2004l")] {
            #expect(entered.contains(mode) && left.contains(normal))
        }
        #expect(Renderer.leave.count <= 64, "it must fit the signal handler's buffer")
    }
}

@Suite("Capabilities")
struct CapabilitiesTests {
    @Test("come from TERM, NO_COLOR, the descriptors and the person")
    func capabilities() {
        func of(_ environment: [String: String], terminal: Bool = true, lines: Bool = false) -> Capabilities {
            Capabilities(environment: environment, isTerminal: terminal, wantsLines: lines)
        }
        #expect(of(["TERM": "xterm-256color"]) == Capabilities(mode: .screen, hasColours: true))
        #expect(of(["TERM": "screen", "NO_COLOR": "1"]) == Capabilities(mode: .screen, hasColours: false))
        #expect(of(["TERM": "screen", "NO_COLOR": ""]) == Capabilities(mode: .screen, hasColours: true))
        #expect(of(["TERM": "dumb"]).mode == .lines)
        #expect(of([:]).mode == .lines)
        #expect(of(["TERM": "xterm"], terminal: false) == Capabilities(mode: .lines, hasColours: false))
        #expect(of(["TERM": "xterm"], lines: true).mode == .lines)
    }
}
