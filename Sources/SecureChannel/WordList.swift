/// 256 words of one language, one for each value of an octet (`Web/words`, `WordLists.swift`).
struct WordList: Sendable {
    let words: [String]
    /// Of the file that both ends' lists are made from, in hexadecimal.
    let sha256: String

    /// - Parameter text: the words between blanks.
    /// - Precondition: 256 of them.
    init(sha256: String, text: String) {
        self.words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        self.sha256 = sha256
        precondition(self.words.count == 256, "an octet has 256 values")
    }
}
