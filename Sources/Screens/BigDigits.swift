/// Digits three cells wide and three rows high, for an arm's length.
enum BigDigits {
    static let height = 3

    /// - Parameter digits: Characters other than 0 to 9 become a gap.
    static func rows(_ digits: String) -> [String] {
        (0..<self.height).map { row in
            digits.map { character in
                character.wholeNumberValue.map { self.shapes[$0][row] } ?? " "
            }.joined(separator: " ")
        }
    }

    static func width(_ digits: String) -> Int {
        digits.reduce(-1) { $0 + ($1.isWholeNumber ? 4 : 2) }
    }

    private static let shapes = [
        ["█▀█", "█ █", "▀▀▀"],
        ["▀█ ", " █ ", "▀▀▀"],
        ["▀▀█", "█▀▀", "▀▀▀"],
        ["▀▀█", " ▀█", "▀▀▀"],
        ["█ █", "▀▀█", "  ▀"],
        ["█▀▀", "▀▀█", "▀▀▀"],
        ["█▀▀", "█▀█", "▀▀▀"],
        ["▀▀█", "  █", "  ▀"],
        ["█▀█", "█▀█", "▀▀▀"],
        ["█▀█", "▀▀█", "▀▀▀"],
    ]
}
