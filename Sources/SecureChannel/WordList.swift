/// 256 words of one language, one for each value of an octet.
struct WordList: Sendable {
    let words: [String]

    /// - Returns: `nil` for a language without a list.
    static func list(for language: LanguageCode) -> WordList? {
        nil
    }
}
