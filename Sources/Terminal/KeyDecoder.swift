/// Octets of a terminal's keyboard, in whatever portions they are read, into keys.
///
/// Feed what was read; when ``awaitsMore`` is true and nothing came for ``escapeDelay``, call ``flush()``: only
/// time tells the key Esc from the beginning of a sequence. Memory is bounded: a sequence longer than any real one
/// is dropped, a paste is cut.
package struct KeyDecoder: Sendable {
    private enum State: Sendable {
        case ground
        case utf8(need: Int)
        case escape
        /// After `ESC [`: parameters and the final octet to come.
        case control
        /// After `ESC O`.
        case shift
        /// A string that a terminal sends unasked (`ESC ]`, `ESC P` …): until BEL or `ESC \`.
        case string(escaped: Bool)
        case paste
    }

    private var state: State = .ground
    /// The octets of the sequence, character or paste under way.
    private var pending: [UInt8] = []
    /// How many octets of `pasteEnd` were seen last in a paste.
    private var endMatched = 0
    private var stringLength = 0

    package init() {}

    /// Whether a sequence is under way that time may end.
    package var awaitsMore: Bool {
        switch self.state {
        case .ground, .paste: false
        case .utf8, .escape, .control, .shift, .string: true
        }
    }

    /// - Parameter octets: Whatever one `read` returned.
    package mutating func feed(_ octets: some Sequence<UInt8>) -> [Key] {
        var keys: [Key] = []
        for octet in octets { self.take(octet, into: &keys) }
        return keys
    }

    /// Nothing came for ``escapeDelay``: what is under way is all there is.
    package mutating func flush() -> [Key] {
        defer { if self.awaitsMore { self.reset() } }
        return switch self.state {
        case .escape: [.escape]
        case .utf8: [.character("\u{FFFD}")]
        case .control where self.pending.isEmpty: [.alt("[")]
        case .shift: [.alt("O")]
        case .ground, .control, .string, .paste: []
        }
    }

    private mutating func reset() {
        self.state = .ground
        self.pending.removeAll(keepingCapacity: true)
        self.endMatched = 0
        self.stringLength = 0
    }

    private mutating func take(_ octet: UInt8, into keys: inout [Key]) {
        switch self.state {
        case .ground: self.begin(octet, into: &keys)
        case .utf8(let need): self.continueCharacter(octet, need: need, into: &keys)
        case .escape: self.afterEscape(octet, into: &keys)
        case .control: self.continueControl(octet, into: &keys)
        case .shift:
            self.reset()
            if let key = Self.final(octet, parameters: []) { keys.append(key) }
        case .string(let escaped):
            self.stringLength += 1
            if octet == 0x07 || octet == 0x18 || (escaped && octet == 0x5C) || self.stringLength > Self.longestString {
                self.reset()
            } else {
                self.state = .string(escaped: octet == 0x1B)
            }
        case .paste: self.continuePaste(octet, into: &keys)
        }
    }

    private mutating func begin(_ octet: UInt8, into keys: inout [Key]) {
        switch octet {
        case 0x1B: self.state = .escape
        case 0x0D, 0x0A: keys.append(.enter)
        case 0x09: keys.append(.tab)
        case 0x7F, 0x08: keys.append(.backspace)
        case 0x00: keys.append(.control(" "))
        case 0x01...0x1A: keys.append(.control(Character(Unicode.Scalar(octet + 0x60))))
        case 0x1C...0x1F: keys.append(.control(Character(Unicode.Scalar(octet + 0x40))))
        case 0x20...0x7E: keys.append(.character(Character(Unicode.Scalar(octet))))
        case 0xC2...0xDF: self.startCharacter(octet, need: 1)
        case 0xE0...0xEF: self.startCharacter(octet, need: 2)
        case 0xF0...0xF4: self.startCharacter(octet, need: 3)
        default: keys.append(.character("\u{FFFD}"))
        }
    }

    private mutating func startCharacter(_ octet: UInt8, need: Int) {
        self.pending = [octet]
        self.state = .utf8(need: need)
    }

    private mutating func continueCharacter(_ octet: UInt8, need: Int, into keys: inout [Key]) {
        guard octet & 0xC0 == 0x80 else {
            self.reset()
            keys.append(.character("\u{FFFD}"))
            self.begin(octet, into: &keys)
            return
        }
        self.pending.append(octet)
        guard need == 1 else {
            self.state = .utf8(need: need - 1)
            return
        }
        let text = String(validating: self.pending, as: UTF8.self)
        self.reset()
        keys.append(.character(text?.first ?? "\u{FFFD}"))
    }

    private mutating func afterEscape(_ octet: UInt8, into keys: inout [Key]) {
        switch octet {
        case 0x5B: self.state = .control
        case 0x4F: self.state = .shift
        case 0x5D, 0x50, 0x58, 0x5E, 0x5F: self.state = .string(escaped: false)
        case 0x1B: keys.append(.escape)  // The second one may begin a sequence.
        case 0x20...0x7E:
            self.reset()
            keys.append(.alt(Character(Unicode.Scalar(octet))))
        default:
            self.reset()
            keys.append(.escape)
            self.begin(octet, into: &keys)
        }
    }

    private mutating func continueControl(_ octet: UInt8, into keys: inout [Key]) {
        switch octet {
        case 0x40...0x7E:
            let parameters = self.pending
            self.reset()
            if octet == 0x7E, parameters == [0x32, 0x30, 0x30] {  // ESC [ 200 ~
                self.state = .paste
            } else if let key = Self.final(octet, parameters: parameters) {
                keys.append(key)
            }
        case 0x20...0x3F where self.pending.count < Self.longestSequence: self.pending.append(octet)
        default:
            self.reset()
            if octet < 0x20 { self.begin(octet, into: &keys) }
        }
    }

    private mutating func continuePaste(_ octet: UInt8, into keys: inout [Key]) {
        if octet == Self.pasteEnd[self.endMatched] {
            self.endMatched += 1
            if self.endMatched == Self.pasteEnd.count {
                let text = String(decoding: self.pending, as: UTF8.self)
                self.reset()
                keys.append(.paste(Self.withPlainLineEnds(text)))
            }
            return
        }
        for matched in Self.pasteEnd.prefix(self.endMatched) { self.keep(matched) }
        self.endMatched = 0
        if octet == Self.pasteEnd[0] { self.endMatched = 1 } else { self.keep(octet) }
    }

    private mutating func keep(_ octet: UInt8) {
        if self.pending.count < Self.longestPaste { self.pending.append(octet) }
    }

    /// `\r\n` is one Character to Swift: terminals paste `\r`, some `\r\n`.
    private static func withPlainLineEnds(_ text: String) -> String {
        String(text.map { $0 == "\r" || $0 == "\r\n" ? "\n" : $0 })
    }

    /// The key of a finished `ESC [` or `ESC O` sequence; nil for those that mean nothing here.
    private static func final(_ octet: UInt8, parameters: [UInt8]) -> Key? {
        switch octet {
        case 0x41: .up
        case 0x42: .down
        case 0x43: .right
        case 0x44: .left
        case 0x48: .home
        case 0x46: .end
        case 0x5A: .backTab
        case 0x4D: parameters.isEmpty ? .enter : nil  // The keypad's Enter.
        case 0x50...0x53: .function(Int(octet) - 0x4F)
        case 0x7E: Self.numbered(parameters)
        default: nil
        }
    }

    private static func numbered(_ parameters: [UInt8]) -> Key? {
        let digits = parameters.prefix { (0x30...0x39).contains($0) }
        switch Int(String(decoding: digits, as: UTF8.self)) {
        case 1, 7: return .home
        case 2: return .insert
        case 3: return .delete
        case 4, 8: return .end
        case 5: return .pageUp
        case 6: return .pageDown
        case .some(let number) where (11...15).contains(number): return .function(number - 10)
        case .some(let number) where (17...21).contains(number): return .function(number - 11)
        case 23: return .function(11)
        case 24: return .function(12)
        default: return nil
        }
    }

    /// How long to wait for the rest of a sequence: slower links than these are rare, faster fingers too.
    package static let escapeDelay: Duration = .milliseconds(60)
    /// In octets; what is pasted beyond them is dropped.
    package static let longestPaste = 8192
    private static let longestSequence = 32
    private static let longestString = 4096
    private static let pasteEnd: [UInt8] = [0x1B, 0x5B, 0x32, 0x30, 0x31, 0x7E]
}
