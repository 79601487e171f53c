/// The languages in which a doctor is spoken to.
package enum Language: String, CaseIterable, Sendable {
    case french = "fr"
    case english = "en"
    case dutch = "nl"
    case german = "de"

    /// The language a locale's name begins with: `fr`, `nl_BE.UTF-8`, `de-AT`, in any case.
    /// - Returns: nil for one that is not spoken here, and for `C` and `POSIX`.
    package init?(locale: String) {
        let name = locale.prefix { $0 != "_" && $0 != "-" && $0 != "." && $0 != "@" }.lowercased()
        self.init(rawValue: name)
    }

    /// What `--language` names (it must have been accepted by ``init(locale:)``), then the first of LC_ALL,
    /// LC_MESSAGES and LANG that is set and not empty, then French.
    package static func chosen(option: String?, environment: [String: String]) -> Language {
        if let option, let language = Language(locale: option) { return language }
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        return set.flatMap(Language.init(locale:)) ?? .french
    }

    /// Its own name for itself.
    package var ownName: String {
        switch self {
        case .french: "français"
        case .english: "English"
        case .dutch: "Nederlands"
        case .german: "Deutsch"
        }
    }
}
