package import Wire

extension LanguageCode {
    /// The language's 256 words, in no need of secrecy: for suggestions of passphrases too.
    package var words: [String]? { WordList.list(for: self)?.words }

    /// Words drawn evenly, eight bits each, with blanks between; `nil` for a language without a list.
    package func suggestedPassphrase(wordCount: Int, random: inout RandomSource) -> String? {
        guard let words = self.words else { return nil }
        return random.bytes(count: wordCount).map { words[Int($0)] }.joined(separator: " ")
    }
}
