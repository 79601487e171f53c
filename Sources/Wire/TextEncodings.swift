/// Hexadecimal and unpadded base64url (RFC 4648 §§5, 8): strict in, canonical out.
extension Array where Element == UInt8 {
    /// Lower-case hexadecimal digits, two per octet.
    package var hex: String {
        var text = ""
        text.reserveCapacity(self.count * 2)
        for byte in self {
            text.unicodeScalars.append(hexDigits[Int(byte >> 4)])
            text.unicodeScalars.append(hexDigits[Int(byte & 15)])
        }
        return text
    }

    /// Reads hexadecimal digits of either case.
    /// - Returns: `nil` for an odd length or any other character.
    package init?(hex text: String) {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text.utf8 {
            guard let digit = hexValue(character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil else { return nil }
        self = bytes
    }

    /// RFC 4648 §5 without padding.
    package var base64URL: String {
        String(decoding: self.sextets.map { base64URLAlphabet[Int($0)] }, as: UTF8.self)
    }

    /// RFC 4648 §4 with padding, as TURN passwords are written.
    package var base64: String {
        var text = self.sextets.map { base64Alphabet[Int($0)] }
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Six bits at a time, the last ones filled up with zeros.
    private var sextets: [UInt8] {
        var sextets: [UInt8] = []
        sextets.reserveCapacity((self.count * 8 + 5) / 6 + 3)
        var accumulator: UInt32 = 0
        var bits = 0
        for byte in self {
            accumulator = accumulator << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                sextets.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits)) & 63)
            }
        }
        if bits > 0 { sextets.append(UInt8(truncatingIfNeeded: accumulator << UInt32(6 - bits)) & 63) }
        return sextets
    }

    /// Reads unpadded base64url.
    /// - Returns: `nil` for another alphabet, padding, an impossible length or stray final bits.
    package init?(base64URL text: String) {
        var bytes: [UInt8] = []
        var accumulator: UInt32 = 0
        var bits = 0
        for character in text.utf8 {
            guard let value = base64Value(character) else { return nil }
            accumulator = accumulator << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits)))
                accumulator &= (1 << UInt32(bits)) - 1
            }
        }
        guard bits < 6, accumulator == 0 else { return nil }
        self = bytes
    }
}

private let hexDigits = Array("0123456789abcdef".unicodeScalars)
private let base64URLAlphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
private let base64Alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

private func hexValue(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
}

private func base64Value(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
}
