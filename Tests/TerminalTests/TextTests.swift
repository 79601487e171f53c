import Terminal
import Testing

/// What hostile or careless people put into names and messages.
enum HostileCorpus {
    static let all: [String] = [
        "\u{1B}[2J\u{1B}[H", "\u{1B}]0;owned\u{07}", "\u{1B}]52;c;cm0gLXJm\u{07}", "\u{1B}P+q544e\u{1B}\\", "\u{9B}31m",
        "\u{90}x\u{9C}",
        "a\u{08}\u{08}b", "\u{07}\u{07}", "x\ry", "one\ntwo", "a\u{0B}b\u{0C}c\u{85}d", "p\u{2028}q\u{2029}r",
        "\u{0}nul\u{7F}del",
        "\u{202E}gnp.exe\u{202C}", "\u{2066}isolate\u{2069}", "\u{200F}rtl\u{200E}", "\u{061C}alm",
        "in\u{200B}vis\u{200D}ib\u{FEFF}le\u{2060}",
        "\u{E0001}\u{E0041}\u{E007F}tag", "soft\u{AD}hyphen", "\u{3164}\u{115F}\u{1160}\u{FFA0}filler",
        "\u{180E}mongol\u{180B}",
        "Z" + String(repeating: "\u{0335}\u{0300}\u{0301}", count: 300), String(repeating: "\u{0301}", count: 50),
        "👩‍👩‍👧‍👦", "🇫🇷🇧🇪", "👍🏽", "❤️", "\u{FE0F}\u{FE0F}", "\u{E000}private\u{F8FF}",
        String(decoding: [0xFFFE, 0xFDD0] as [UInt16], as: UTF16.self) + "non",
        "\u{FFF9}ann\u{FFFB}",
        "שלום عربى", "漢字かな交じり", "हिन्दी", "한국어 \u{1112}\u{1161}\u{11AB}", "a\u{3000}b\u{00A0}c\u{2003}d\u{2800}e",
        "\u{034F}\u{17B4}",
        String(repeating: "very long ", count: 1000), "tab\tbed", "\u{1F3F4}\u{E0067}\u{E0062}\u{E007F}", "ﷺ",
        "\u{1D173}music", "",
    ]

    /// Whether a scalar may reach a terminal inside our text.
    static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: !scalar.properties.isDefaultIgnorableCodePoint
        }
    }
}

@Suite("Text of others")
struct NeutralisedTests {
    @Test("holds nothing that acts, hides or reorders", arguments: HostileCorpus.all)
    func harmless(_ raw: String) {
        let text = Neutralised(raw).text
        for scalar in text.unicodeScalars {
            #expect(HostileCorpus.isHarmless(scalar), "U+\(String(scalar.value, radix: 16)) of \(raw.debugDescription)")
        }
        #expect(Neutralised(text).text == text, "neutral text stays as it is")
    }

    @Test("is harmless for every scalar there is, alone and behind a letter")
    func everyScalar() {
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = Neutralised("a" + String(scalar), limit: 8).text
            if !text.unicodeScalars.allSatisfy(HostileCorpus.isHarmless) || text.unicodeScalars.count > 2 {
                Issue.record("U+\(String(value, radix: 16)) becomes \(text.debugDescription)")
                return
            }
        }
    }

    static let replacements: [(String, String)] = [
        ("\u{1B}[2Jx", "\u{FFFD}[2Jx"), ("a\r\nb\nc", "a↵b↵c"), ("a\tb\u{A0}c", "a b c"),
        ("in\u{200B}visible", "invisible"), ("🇫🇷", "FR"), ("👍🏽", "👍"), ("\u{202E}abc", "\u{FFFD}abc"),
        ("e\u{301}\u{301}\u{301}\u{301}\u{301}", "e\u{301}\u{301}\u{301}"), ("\u{301}a", "◌\u{301}a"),
        ("L’été « doux »", "L’été « doux »"), ("漢字", "漢字"),
    ]

    @Test("is replaced visibly", arguments: replacements)
    func replaced(_ raw: String, _ expected: String) {
        #expect(Array(Neutralised(raw).text.unicodeScalars) == Array(expected.unicodeScalars))
    }

    @Test("is cut at its limit, with an ellipsis")
    func cut() {
        #expect(Neutralised("abcdef", limit: 3).text == "abc…")
        #expect(Neutralised("abc", limit: 3).text == "abc")
        #expect(Neutralised(String(repeating: "x", count: 100_000)).text.count == 1001)
    }
}

@Suite("Width of characters in cells")
struct CellWidthTests {
    static let rows: [(Character, Int)] = [
        ("a", 1), ("é", 1), ("e\u{301}", 1), ("漢", 2), ("한", 2), ("ｱ", 1), ("Ａ", 2), ("🙂", 2), ("€", 1), ("…", 1),
        ("█", 1), ("─", 1), ("●", 1), ("◌\u{301}", 1), ("\u{1B}", 0), ("\u{200B}", 0), ("␀", 1), ("，", 2), ("✓", 1),
        ("⌚", 2), ("\u{1112}\u{1161}\u{11AB}", 2), ("𠀀", 2), ("👩‍👧", 4), ("क", 1), ("ß", 1), ("\u{FFFD}", 1),
    ]

    @Test("is that of wcwidth", arguments: rows)
    func width(_ character: Character, _ cells: Int) {
        #expect(CellWidth.of(character) == cells)
    }

    @Test("fits and wraps by cells, never by characters")
    func fitting() {
        #expect("漢字漢字".fitted(to: 5) == "漢字…")
        #expect("漢字漢字".fitted(to: 4) == "漢…")
        #expect("abc".fitted(to: 3) == "abc")
        #expect("un deux trois".wrapped(to: 7) == ["un deux", "trois"])
        #expect("un\u{A0}deux trois".wrapped(to: 8) == ["un\u{A0}deux", "trois"])
        #expect("abcdefgh".wrapped(to: 3) == ["abc", "def", "gh"])
    }
}

@Suite("The line editor")
struct LineEditorTests {
    @Test("edits characters, not octets")
    func editing() {
        var editor = LineEditor(limit: 100)
        for key: Key in [
            .character("e"), .character("\u{301}"), .character("漢"), .left, .character("x"), .home, .delete,
        ] {
            let isUsed = editor.handle(key)
            #expect(isUsed)
        }
        #expect(editor.text == "x漢")
        _ = editor.handle(.end)
        _ = editor.handle(.backspace)
        #expect(editor.text == "x")
        let isUsed = editor.handle(.up)
        #expect(!isUsed)
    }

    @Test("never holds more octets than its limit", arguments: 0...12)
    func bound(limit: Int) {
        var editor = LineEditor(limit: limit)
        _ = editor.handle(.paste("aé漢🙂e\u{301}zz"))
        for _ in 0..<5 { _ = editor.handle(.character("漢")) }
        #expect(editor.text.utf8.count <= limit)
    }

    @Test("takes nothing that acts on a terminal", arguments: HostileCorpus.all)
    func pasted(_ raw: String) {
        var editor = LineEditor(limit: 1000)
        _ = editor.handle(.paste(raw))
        for scalar in raw.unicodeScalars { _ = editor.handle(.character(Character(scalar))) }
        #expect(editor.text.unicodeScalars.allSatisfy(HostileCorpus.isHarmless))
    }

    @Test("keeps the cursor in sight", arguments: 2...12)
    func window(cells: Int) {
        var editor = LineEditor(limit: 100)
        _ = editor.handle(.paste("un 漢字 deux 漢字 trois"))
        for _ in 0..<24 {
            let (text, cursor) = editor.window(cells: cells)
            #expect(CellWidth.of(text) <= cells && (0..<cells).contains(cursor))
            _ = editor.handle(.left)
        }
    }
}
