import Terminal
import Testing

struct KeyVector: CustomTestStringConvertible, Sendable {
    let octets: [UInt8]
    let keys: [Key]
    var testDescription: String { "\(String(decoding: self.octets, as: UTF8.self).debugDescription)" }

    init(_ text: String, _ keys: Key...) {
        self.octets = Array(text.utf8)
        self.keys = keys
    }

    init(octets: [UInt8], _ keys: Key...) {
        self.octets = octets
        self.keys = keys
    }

    static let all: [KeyVector] = [
        KeyVector("a", .character("a")),
        KeyVector("é漢🙂", .character("é"), .character("漢"), .character("🙂")),
        KeyVector("\r\n\t\u{7F}\u{08}", .enter, .enter, .tab, .backspace, .backspace),
        KeyVector("\u{03}\u{1A}\u{1C}", .control("c"), .control("z"), .control("\\")),
        KeyVector("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D", .up, .down, .right, .left),
        KeyVector("\u{1B}OA\u{1B}OP\u{1B}OM", .up, .function(1), .enter),
        KeyVector("\u{1B}[1;5C\u{1B}[H\u{1B}[F\u{1B}[Z", .right, .home, .end, .backTab),
        KeyVector("\u{1B}[1~\u{1B}[3~\u{1B}[5~\u{1B}[6~\u{1B}[24~", .home, .delete, .pageUp, .pageDown, .function(12)),
        KeyVector("\u{1B}x\u{1B}\u{1B}[A", .alt("x"), .escape, .up),
        KeyVector("\u{1B}[200~deux\rlignes\u{1B}[201~z", .paste("deux\nlignes"), .character("z")),
        KeyVector("\u{1B}[200~un \u{1B}[20 faux\u{1B}[201~", .paste("un \u{1B}[20 faux")),
        KeyVector("\u{1B}[200~\u{1B}\u{1B}[201~", .paste("\u{1B}")),
        KeyVector("\u{1B}[?62;4ca", .character("a")),
        KeyVector("\u{1B}]11;rgb:00/00/00\u{07}a\u{1B}P1$r\u{1B}\\b", .character("a"), .character("b")),
        KeyVector(octets: [0xFF, 0x61], .character("\u{FFFD}"), .character("a")),
        KeyVector(octets: [0xC3, 0x61], .character("\u{FFFD}"), .character("a")),
        KeyVector(octets: [0xED, 0xA0, 0x80], .character("\u{FFFD}")),
        KeyVector(octets: [0xC3, 0x1B, 0x5B, 0x41], .character("\u{FFFD}"), .up),
    ]
}

@Suite("Keys of a terminal")
struct KeyDecoderTests {
    @Test("are decoded", arguments: KeyVector.all)
    func whole(_ vector: KeyVector) {
        var decoder = KeyDecoder()
        let keys = decoder.feed(vector.octets)
        #expect(keys == vector.keys)
        #expect(!decoder.awaitsMore)
    }

    @Test("are the same when reads split them anywhere", arguments: KeyVector.all)
    func split(_ vector: KeyVector) {
        for place in 0...vector.octets.count {
            var decoder = KeyDecoder()
            let keys = decoder.feed(vector.octets[..<place]) + decoder.feed(vector.octets[place...])
            #expect(keys == vector.keys, "split at \(place)")
        }
        var decoder = KeyDecoder()
        var keys: [Key] = []
        for octet in vector.octets { keys += decoder.feed([octet]) }
        #expect(keys == vector.keys, "octet by octet")
    }

    @Test("Esc alone is a key once time has passed")
    func escapeAlone() {
        var decoder = KeyDecoder()
        let keys1 = decoder.feed([0x1B])
        #expect(keys1 == [])
        #expect(decoder.awaitsMore)
        let keys2 = decoder.flush()
        #expect(keys2 == [.escape])
        #expect(!decoder.awaitsMore)
        let keys3 = decoder.feed([0x1B, 0x5B])
        #expect(keys3 == [])
        let keys4 = decoder.flush()
        #expect(keys4 == [.alt("[")])
        let keys5 = decoder.feed([0x41])
        #expect(keys5 == [.character("A")])
    }

    @Test("a paste keeps at most its bound, and its end is still found")
    func pasteBound() {
        var decoder = KeyDecoder()
        var keys = decoder.feed(Array("\u{1B}[200~".utf8))
        keys += decoder.feed(repeatElement(0x61, count: 1_000_000))
        keys += decoder.feed(Array("\u{1B}[201~x".utf8))
        #expect(keys == [.paste(String(repeating: "a", count: KeyDecoder.longestPaste)), .character("x")])
    }

    @Test("sequences without end are given up")
    func endless() {
        for start in ["\u{1B}[", "\u{1B}]", "\u{1B}P"] {
            var decoder = KeyDecoder()
            _ = decoder.feed(Array(start.utf8))
            _ = decoder.feed(repeatElement(0x31, count: 10_000))
            #expect(!decoder.awaitsMore, "\(start.debugDescription)")
        }
    }

    @Test("any change of any bit leaves a decoder that still works", arguments: KeyVector.all)
    func flips(_ vector: KeyVector) {
        for index in vector.octets.indices {
            for bit in 0..<8 {
                var octets = vector.octets
                octets[index] ^= 1 << bit
                var decoder = KeyDecoder()
                _ = decoder.feed(octets)
                // Whatever was under way, the end of a paste and of a string bring it back.
                _ = decoder.feed(Array("\u{1B}[201~\u{07}".utf8))
                _ = decoder.flush()
                let keys = decoder.feed([0x71])
                #expect(keys == [.character("q")], "octet \(index), bit \(bit)")
            }
        }
    }
}
