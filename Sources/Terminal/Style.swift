/// The sixteen colours that every terminal has, as the person chose them there.
package enum Colour: UInt8, Sendable {
    case black, red, green, yellow, blue, magenta, cyan, white
    case brightBlack, brightRed, brightGreen, brightYellow, brightBlue, brightMagenta, brightCyan, brightWhite
}

/// How a cell looks. Nothing may be told by colour alone: without colours the rest must suffice.
package struct Style: Hashable, Sendable {
    package var foreground: Colour?
    package var background: Colour?
    package var isBold: Bool
    package var isDim: Bool
    package var isReverse: Bool

    package init(
        _ foreground: Colour? = nil, on background: Colour? = nil, bold: Bool = false, dim: Bool = false,
        reverse: Bool = false
    ) {
        self.foreground = foreground
        self.background = background
        self.isBold = bold
        self.isDim = dim
        self.isReverse = reverse
    }

    package static let plain = Style()
    package static let bold = Style(bold: true)
    package static let dim = Style(dim: true)
    package static let reverse = Style(reverse: true)

    /// Text between this style and the plain one, for output that is printed rather than drawn.
    package func marking(_ text: String) -> String {
        self == .plain ? text : self.sequence(colours: true) + text + "\u{1B}[0m"
    }

    /// Select Graphic Rendition from any state to this one.
    func sequence(colours: Bool) -> String {
        var codes = ["0"]
        if self.isBold { codes.append("1") }
        if self.isDim { codes.append("2") }
        if self.isReverse { codes.append("7") }
        if colours {
            if let colour = self.foreground { codes.append(Self.code(colour, normal: 30, bright: 90)) }
            if let colour = self.background { codes.append(Self.code(colour, normal: 40, bright: 100)) }
        } else if let ground = self.background, ground != .black, !self.isReverse {
            codes.append("7")  // A coloured ground stays one.
        }
        return "\u{1B}[" + codes.joined(separator: ";") + "m"
    }

    private static func code(_ colour: Colour, normal: UInt8, bright: UInt8) -> String {
        String(colour.rawValue < 8 ? normal + colour.rawValue : bright + colour.rawValue - 8)
    }
}
