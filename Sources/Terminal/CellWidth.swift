/// How many cells of a terminal a character covers.
///
/// Terminals differ for the newest emoji, for ambiguous characters and for scripts that join. The answer here is that
/// of wcwidth(3): 0, 1 or 2 for a scalar, their sum for what Swift calls one character; ambiguous ones are narrow.
/// Whatever a terminal makes of it, the ``Renderer`` names the place of the next cell, so that a different answer
/// cannot move the rest of a line.
package enum CellWidth {
    package static func of(_ character: Character) -> Int {
        if let octet = character.asciiValue { return (0x20...0x7E).contains(octet) ? 1 : 0 }
        var width = 0
        for scalar in character.unicodeScalars { width += self.of(scalar) }
        return width
    }

    package static func of(_ text: some StringProtocol) -> Int {
        let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
        return isPlain ? text.utf8.count : text.reduce(0) { $0 + self.of($1) }
    }

    package static func of(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x20...0x7E: return 1
        case 0..<0x20, 0x7F..<0xA0: return 0
        case 0xA0..<0x300: return scalar.value == 0xAD ? 0 : 1
        case 0x1160...0x11FF: return 0  // Hangul vowels and finals join the consonant before them.
        default: break
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control, .lineSeparator, .paragraphSeparator: return 0
        default: return self.isWide(scalar.value) ? 2 : 1
        }
    }

    /// A character as what stands in cells of its own: each scalar with a width, and the marks that follow it. Marks
    /// without a base are left out.
    static func clusters(of character: Character) -> [Character] {
        let scalars = character.unicodeScalars
        if scalars.count == 1 { return self.of(character) > 0 ? [character] : [] }
        var clusters: [String.UnicodeScalarView] = []
        for scalar in scalars {
            if self.of(scalar) > 0 {
                clusters.append(String.UnicodeScalarView([scalar]))
            } else if !clusters.isEmpty {
                clusters[clusters.count - 1].append(scalar)
            }
        }
        return clusters.compactMap { String($0).first }
    }

    /// Whether every terminal gives this character the same width.
    static func isCertain(_ character: Character) -> Bool {
        let scalars = character.unicodeScalars
        guard let scalar = scalars.first, scalars.count == 1 else { return false }
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x17F, 0x2010...0x2026, 0x2039...0x203A, 0x2500...0x259F: return true
        default: return false
        }
    }

    private static func isWide(_ value: UInt32) -> Bool {
        var low = 0
        var high = self.wide.count
        while low < high {
            let middle = (low + high) / 2
            if value > self.wide[middle].upperBound { low = middle + 1 } else { high = middle }
        }
        return low < self.wide.count && self.wide[low].contains(value)
    }

    /// East_Asian_Width W and F of Unicode 15.1, adjacent blocks joined over their gaps.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x231A...0x231B, 0x2329...0x232A, 0x23E9...0x23EC, 0x23F0...0x23F0, 0x23F3...0x23F3,
        0x25FD...0x25FE, 0x2614...0x2615, 0x2648...0x2653, 0x267F...0x267F, 0x2693...0x2693, 0x26A1...0x26A1,
        0x26AA...0x26AB, 0x26BD...0x26BE, 0x26C4...0x26C5, 0x26CE...0x26CE, 0x26D4...0x26D4, 0x26EA...0x26EA,
        0x26F2...0x26F3, 0x26F5...0x26F5, 0x26FA...0x26FA, 0x26FD...0x26FD, 0x2705...0x2705, 0x270A...0x270B,
        0x2728...0x2728, 0x274C...0x274C, 0x274E...0x274E, 0x2753...0x2755, 0x2757...0x2757, 0x2795...0x2797,
        0x27B0...0x27B0, 0x27BF...0x27BF, 0x2B1B...0x2B1C, 0x2B50...0x2B50, 0x2B55...0x2B55, 0x2E80...0x303E,
        0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18CFF, 0x1AFF0...0x1B2FF,
        0x1F004...0x1F004, 0x1F0CF...0x1F0CF, 0x1F18E...0x1F18E, 0x1F191...0x1F19A, 0x1F200...0x1F320,
        0x1F32D...0x1F335, 0x1F337...0x1F37C, 0x1F37E...0x1F393, 0x1F3A0...0x1F3CA, 0x1F3CF...0x1F3D3,
        0x1F3E0...0x1F3F0, 0x1F3F4...0x1F3F4, 0x1F3F8...0x1F43E, 0x1F440...0x1F440, 0x1F442...0x1F4FC,
        0x1F4FF...0x1F53D, 0x1F54B...0x1F54E, 0x1F550...0x1F567, 0x1F57A...0x1F57A, 0x1F595...0x1F596,
        0x1F5A4...0x1F5A4, 0x1F5FB...0x1F64F, 0x1F680...0x1F6C5, 0x1F6CC...0x1F6CC, 0x1F6D0...0x1F6D2,
        0x1F6D5...0x1F6D7, 0x1F6DC...0x1F6DF, 0x1F6EB...0x1F6EC, 0x1F6F4...0x1F6FC, 0x1F7E0...0x1F7EB,
        0x1F7F0...0x1F7F0, 0x1F90C...0x1F93A, 0x1F93C...0x1F945, 0x1F947...0x1F9FF, 0x1FA70...0x1FAFF,
        0x20000...0x2FFFD, 0x30000...0x3FFFD,
    ]
}
