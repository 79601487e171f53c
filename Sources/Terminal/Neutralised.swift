/// Text of somebody else, made fit to be shown: one line that moves, colours, hides and reorders nothing.
///
/// Whatever a patient sends becomes this type where it enters a model, so that a raw string cannot reach the screen
/// by mistake. What would act on a terminal becomes a visible mark; what would be invisible goes:
///
/// | In | Out |
/// |---|---|
/// | C0 and C1 controls, ESC, DEL, bidirectional overrides and isolates, unassigned, private, noncharacters | `�` |
/// | line feed, carriage return, line and paragraph separators, vertical tab, form feed | `↵` |
/// | tab and every kind of space | one space |
/// | zero-width characters, joiners, variation selectors, tags, fillers, soft hyphens, skin tones | nothing |
/// | regional indicators (flags) | their letters |
/// | combining marks beyond three on one base | nothing; a mark without a base stands on `◌` |
package struct Neutralised: Hashable, Sendable {
    package let text: String

    /// - Parameter limit: Characters kept at most; a cut text ends in `…`.
    package init(_ raw: String, limit: Int = 1000) {
        var kept = String.UnicodeScalarView()
        var marks = 0
        var hasBase = false
        var bases = 0
        var previous: Unicode.Scalar = " "
        for scalar in raw.unicodeScalars {
            guard let fit = Self.fit(scalar) else { continue }
            let isSecondHalf = scalar == "\n" && previous == "\r"
            previous = scalar
            if isSecondHalf { continue }
            if Self.isMark(fit) {
                if !hasBase {
                    kept.append("◌")
                    hasBase = true
                    bases += 1
                    marks = 0
                }
                marks += 1
                if marks <= Self.mostMarks { kept.append(fit) }
                continue
            }
            if bases == limit {
                kept.append("…")
                break
            }
            kept.append(fit)
            bases += 1
            marks = 0
            hasBase = fit != " "
        }
        self.text = String(kept)
    }

    package var isEmpty: Bool { self.text.allSatisfy { $0 == " " } }

    /// What stands for a scalar; nil for nothing.
    private static func fit(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar.value {
        case 0x20...0x7E: return scalar
        case 0x0A...0x0D, 0x85, 0x2028, 0x2029: return "↵"
        case 0x09, 0x2800: return " "
        case 0x1F3FB...0x1F3FF: return nil
        case 0x1F1E6...0x1F1FF: return Unicode.Scalar(scalar.value - 0x1F1E6 + 0x41)
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: return "\u{FFFD}"
        default: break
        }
        let properties = scalar.properties
        if properties.isDefaultIgnorableCodePoint { return nil }
        switch properties.generalCategory {
        case .control, .surrogate, .privateUse, .unassigned: return "\u{FFFD}"
        case .format: return nil
        case .spaceSeparator: return " "
        case .lineSeparator, .paragraphSeparator: return "↵"
        default: return scalar
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .spacingMark: true
        default: (0x1160...0x11FF).contains(scalar.value)
        }
    }

    private static let mostMarks = 3
}

extension Neutralised: CustomStringConvertible {
    package var description: String { self.text }
}
