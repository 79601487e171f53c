import Phrases
import ScreenSpecimens
import Screens
import Terminal
import Testing

@Suite("Every screen")
struct DrawingTests {
    private static let everyPhrases = Language.allCases.map { Phrases($0) }

    @Test("keeps inside its frame at any size, with title and keys in sight", arguments: Specimen.names)
    func sweep(_ name: String) throws {
        let specimen = try #require(Specimen.named(name))
        for phrases in Self.everyPhrases {
            let screen = specimen.screen(phrases)
            for columns in 40...132 {
                for rows in [columns.isMultiple(of: 2) ? 12 : 24] {
                    let text = screen.frame(columns, rows).text.split(separator: "\n", omittingEmptySubsequences: false)
                    #expect(text.count == rows)
                    #expect(text.allSatisfy { CellWidth.of($0) <= columns }, "\(phrases.language) \(columns)×\(rows)")
                    #expect(text[0].contains("Colloque"), "\(phrases.language) \(columns)×\(rows)")
                    #expect(!(text.last ?? "").isEmpty, "\(phrases.language) \(columns)×\(rows)")
                    #expect(text[1].allSatisfy { $0 == "─" || $0 == " " } && text[rows - 2].contains("──"))
                }
            }
        }
    }

    @Test("asks for room where there is too little, and traps nowhere", arguments: Specimen.names)
    func tiny(_ name: String) throws {
        let specimen = try #require(Specimen.named(name))
        for (columns, rows) in [(1, 1), (2, 2), (5, 3), (39, 24), (80, 11), (1000, 1), (1, 300)] {
            _ = specimen.screen(Phrases(.french)).frame(columns, rows)
        }
        let phrases = Phrases(.german)
        #expect(specimen.screen(phrases).frame(39, 24).text.hasPrefix(String(phrases.terminalTooSmall.prefix(10))))
    }

    @Test("gives the terminal nothing but text and our own sequences", arguments: Specimen.names)
    func onlyOurs(_ name: String) throws {
        let specimen = try #require(Specimen.named(name))
        for hasColours in [true, false] {
            var renderer = Renderer(hasColours: hasColours)
            let octets = renderer.render(specimen.screen(Phrases(.french)).frame(80, 24))
            let text = String(decoding: octets, as: UTF8.self)
            let ours = /\u{1B}\[(\?2026[hl]|\?25[hl]|\d+;\d+H|2[JK]|[\d;]+m)/
            let rest = text.replacing(ours, with: "")
            #expect(rest.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) })
            if !hasColours { #expect(!text.contains(/\u{1B}\[[\d;]*(3|4|9|10)\d[;m]/)) }
        }
    }

    @Test("says in lines what it shows, without moving a cursor", arguments: Specimen.names)
    func lines(_ name: String) throws {
        let specimen = try #require(Specimen.named(name))
        for phrases in Self.everyPhrases {
            let screen = specimen.screen(phrases)
            let lines = screen.lines(since: nil)
            #expect(!lines.isEmpty)
            for line in lines {
                #expect(
                    line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{1B}" && $0.value != 0x7F }, "\(line)"
                )
                #expect(!line.isEmpty)
            }
            #expect(screen.lines(since: screen) == [], "nothing changed")
        }
    }
}

@Suite("Hostile text on the screens")
struct HostileTextTests {
    private static let corpus: [String] = [
        "\u{1B}[2J\u{1B}[H", "\u{1B}]0;x\u{07}", "\u{9B}31m", "a\rb\nc\u{85}", "\u{202E}gnp\u{202C}\u{2066}x",
        "\u{200B}\u{FEFF}",
        "Z" + String(repeating: "\u{0335}", count: 500), String(repeating: "漢", count: 900), "\u{E0041}\u{E0042}",
        String(repeating: "👩‍👩‍👧", count: 50), "\u{0}\u{7F}\u{1F}", "שלום", String(repeating: " ", count: 400),
    ]

    @Test("moves, colours and rings nothing, wherever it stands", arguments: corpus)
    func hostile(_ raw: String) {
        let text = Neutralised(raw)
        var desk = DeskModel(broker: .online)
        desk.sessions = [
            DeskModel.Session(
                id: "a", label: text, expiresIn: .seconds(60),
                guests: [WaitingGuest(id: 1, pseudonym: 1, name: text, waiting: .seconds(1))], link: text)
        ]
        var call = CallModel(label: text, phase: .connected, broker: .online)
        call.words = CallModel.Words(words: [text, text, text, text], digits: raw)
        call.chat = [CallModel.ChatLine(isFromPatient: true, text: text)]
        call.microphone = CallModel.Sound(devices: [CallModel.Device(id: raw, name: text)], selected: raw)
        let phrases = Phrases(.french)
        var screens: [Specimen.Screen] = [
            .desk(DeskScreen(model: desk, phrases: phrases)), .call(CallScreen(model: call, phrases: phrases)),
        ]
        for key: Key in [
            .character("l"), .escape, .character("v"), .enter, .escape, .character("t"), .paste(raw), .escape,
        ] {
            for index in screens.indices {
                _ = screens[index].handle(key)
                for (columns, rows) in [(40, 12), (80, 24), (131, 30)] {
                    var renderer = Renderer(hasColours: true)
                    let octets = renderer.render(screens[index].frame(columns, rows))
                    let rest = String(decoding: octets, as: UTF8.self)
                        .replacing(/\u{1B}\[(\?2026[hl]|\?25[hl]|\d+;\d+H|2[JK]|[\d;]+m)/, with: "")
                    #expect(
                        rest.unicodeScalars.allSatisfy { scalar in
                            scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value)
                                && scalar.properties.generalCategory != .format
                        })
                }
                for line in screens[index].lines(since: nil) {
                    #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) })
                }
            }
        }
    }
}
