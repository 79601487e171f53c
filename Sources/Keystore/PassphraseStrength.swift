package import Primitives

/// How long a passphrase would stand against somebody who has the file and a room full of machines.
///
/// The estimate takes the passphrase apart as a guesser's rules would, and adds up bits for the parts:
///
/// | part | bits |
/// |---|---|
/// | a word: three letters or more that can be spoken | 11; 13 from nine letters on |
/// | a word of the lists that suggestions are drawn from | 8 |
/// | a word that stands in every guesser's list | 2 |
/// | letters that make no word | 3.5 each |
/// | digits | 3.3 each; a year 6 |
/// | a sign between the words | 1; other signs 3 |
/// | what repeats an earlier part, or goes on in a row (abcd, 4321, azerty) | 1 |
///
/// Capital letters add a bit to a part. The result never exceeds 6.5 bits an octet. One guess costs about a second and
/// 256 MiB (Argon2id), so that 36 bits are years of one machine, and 48 bits a century of a thousand.
package enum PassphraseStrength: Int, Comparable, Sendable {
    case tooEasy, fair, strong

    /// - Parameter listed: whether a lower-case word stands in a list that suggestions are drawn from.
    package init(of passphrase: SecretBytes, listed: (String) -> Bool = { _ in false }) {
        var octets = passphrase.copy()
        defer { SecretBytes.wipe(&octets) }
        let bits = Self.bits(of: String(decoding: octets, as: UTF8.self), listed: listed)
        self = bits < Self.fairBits ? .tooEasy : bits < Self.strongBits ? .fair : .strong
    }

    /// The first passphrase drawn that is strong: words drawn by lot may repeat, or be what every guesser tries.
    /// - Returns: `nil` where `draw` gives none any more.
    package static func firstStrong(listed: (String) -> Bool, draw: () -> String?) -> String? {
        while let drawn = draw() {
            if PassphraseStrength(of: SecretBytes(copying: drawn.utf8), listed: listed) == .strong { return drawn }
        }
        return nil
    }

    package static func < (left: PassphraseStrength, right: PassphraseStrength) -> Bool {
        left.rawValue < right.rawValue
    }

    static func bits(of text: String, listed: (String) -> Bool = { _ in false }) -> Double {
        var total = 0.0
        var seen: Set<String> = []
        // Long enough for any judgement, short enough for a quick one.
        for part in parts(of: String(text.prefix(256)), isWord: { common.contains($0) || listed($0) }) {
            let plain = part.text.lowercased()
            let capital = part.kind == .letters && part.text != part.text.lowercased() ? 1.0 : 0
            if !seen.insert(plain).inserted, part.kind != .signs {
                total += 1
            } else {
                total += bits(of: plain, kind: part.kind, listed: listed) + capital
            }
        }
        return min(total, 6.5 * Double(text.utf8.count))
    }

    private static func bits(of part: String, kind: Part.Kind, listed: (String) -> Bool) -> Double {
        let count = Double(part.count)
        switch kind {
        case .signs: return part.count == 1 ? 1 : min(3 * count, 6)
        case .digits:
            if isRow(part) || part.hasPrefix("0000") { return 2 }
            if part.count == 4, part.hasPrefix("19") || part.hasPrefix("20") { return 6 }
            return 3.3 * Double(Set(part).count == 1 ? 1 : part.count)
        case .letters:
            if common.contains(part) { return 2 }
            if isRow(part) || Set(part).count <= 2 { return 3 }
            if let half = repeated(part) { return bits(of: half, kind: .letters, listed: listed) + 1 }
            if listed(part) { return 8 }
            if part.count < 3 { return 3.5 * count }
            guard isSpoken(part) else { return 3.5 * count }
            return min(3.5 * count, part.count >= 9 ? 13 : 11)
        }
    }

    /// In bits.
    private static let fairBits = 36.0
    private static let strongBits = 48.0
}

private struct Part {
    enum Kind { case letters, digits, signs }

    let kind: Kind
    var text: String
}

/// Runs of letters, digits and signs; a word in disguise (p4ssw0rd) is one run of letters.
private func parts(of text: String, isWord: (String) -> Bool) -> [Part] {
    let characters = Array(text)
    var parts: [Part] = []
    var run: [Character] = []
    for (index, character) in characters.enumerated() {
        let isWithin = index > 0 && index + 1 < characters.count && leet[character] != nil
        if character.isLetter || character.isNumber || isWithin && characters[index - 1].isLetter {
            run.append(character)
            continue
        }
        parts += split(run, isWord: isWord)
        run = []
        if parts.last?.kind == .signs {
            parts[parts.count - 1].text.append(character)
        } else {
            parts.append(Part(kind: .signs, text: String(character)))
        }
    }
    return parts + split(run, isWord: isWord)
}

private func split(_ run: [Character], isWord: (String) -> Bool) -> [Part] {
    let core = run.prefix(run.lastIndex { !$0.isNumber }.map { $0 + 1 } ?? 0)
    let word = String(core.map { leet[$0] ?? $0 })
    if isWord(word.lowercased()) {
        let rest = run.dropFirst(core.count)
        let disguised = Part(kind: .letters, text: word)
        return [disguised] + (rest.isEmpty ? [] : [Part(kind: .digits, text: String(rest))])
    }
    var parts: [Part] = []
    for character in run {
        let kind: Part.Kind = character.isLetter ? .letters : character.isNumber ? .digits : .signs
        if parts.last?.kind == kind {
            parts[parts.count - 1].text.append(character)
        } else {
            parts.append(Part(kind: kind, text: String(character)))
        }
    }
    return parts.flatMap { $0.kind == .letters ? cutRows(of: $0.text) : [$0] }
}

/// Letters with what goes on in a row taken out of them as parts of their own.
private func cutRows(of text: String) -> [Part] {
    let characters = Array(text)
    for length in stride(from: min(characters.count, 26), to: 3, by: -1) {
        for start in 0...characters.count - length {
            let middle = String(characters[start..<start + length])
            guard isRow(middle.lowercased()) else { continue }
            let (before, after) = (String(characters[..<start]), String(characters[(start + length)...]))
            return (before.isEmpty ? [] : cutRows(of: before)) + [Part(kind: .letters, text: middle)]
                + (after.isEmpty ? [] : cutRows(of: after))
        }
    }
    return [Part(kind: .letters, text: text)]
}

/// Neighbours in the alphabet, in counting, or on a keyboard, either way.
private func isRow(_ part: String) -> Bool {
    part.count >= 3 && rows.contains { $0.contains(part) || String($0.reversed()).contains(part) }
}

/// What a part is made of twice or more, if it is.
private func repeated(_ part: String) -> String? {
    let characters = Array(part)
    for length in 1...max(1, characters.count / 2) where characters.count % length == 0 && length < characters.count {
        let unit = characters[..<length]
        if (1..<characters.count / length).allSatisfy({ characters[($0 * length)..<(($0 + 1) * length)] == unit }) {
            return String(unit)
        }
    }
    return nil
}

/// A fifth to two thirds vowels, and nowhere five consonants on end.
private func isSpoken(_ part: String) -> Bool {
    var vowelCount = 0
    var consonants = 0
    for character in part {
        if "aeiouyàâäáéèêëíîïóôöúùûüœæ".contains(character) {
            vowelCount += 1
            consonants = 0
        } else {
            consonants += 1
            if consonants > 4 { return false }
        }
    }
    let share = Double(vowelCount) / Double(part.count)
    return share >= 0.2 && share <= 0.67
}

private let leet: [Character: Character] = [
    "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s",
]

private let rows = [
    "abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop",
    "qsdfghjklm", "wxcvbn", "qwertzuiop", "yxcvbnm",
]

/// What guessers try first, in the languages of this program.
private let common: Set<String> = [
    "password", "passwort", "wachtwoord", "motdepasse", "passphrase", "passe", "secret", "geheim", "welcome",
    "welkom", "willkommen", "bienvenue", "bonjour", "hello", "hallo", "salut", "soleil", "sunshine", "sonne",
    "princess", "princesse", "iloveyou", "jetaime", "ikhouvanjou", "admin", "administrator", "root", "user", "login",
    "letmein", "master", "monkey", "dragon", "football", "baseball", "superman", "batman", "shadow", "michael",
    "jordan", "killer", "chouchou", "doudou", "loulou", "marseille", "paris", "london", "berlin", "amsterdam",
    "bruxelles", "brussels", "antwerpen", "doctor", "docteur", "dokter", "doktor", "medecin", "médecin", "arts",
    "arzt", "hopital", "hôpital", "hospital", "ziekenhuis", "krankenhaus", "cabinet", "patient", "test", "testing",
    "azerty", "qwerty", "qwertz", "abc", "correct", "horse", "battery", "staple", "colloque", "consultation",
    "default", "changeme", "temp", "summer", "winter", "spring", "autumn", "sommer", "zomer", "hiver",
    "printemps", "automne", "monday", "january", "janvier", "januari", "januar", "december", "décembre", "liverpool",
    "chelsea", "arsenal", "ajax", "feyenoord", "bayern", "schalke", "computer", "ordinateur", "internet", "google",
    "starwars", "pokemon", "cheese", "coffee", "freedom", "whatever", "trustno", "access", "mustang", "ninja",
]
