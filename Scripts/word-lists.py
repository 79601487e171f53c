#!/usr/bin/env python3
"""Checks the four word lists that two people read aloud, and writes them out for Swift.

    Scripts/word-lists.py            check, and say whether the Swift file is up to date
    Scripts/word-lists.py --write    check, then write Sources/SecureChannel/WordLists.swift

A list is Web/words/LANGUAGE.txt: 256 lines in UTF-8, one word each, whose line number is the octet it stands for.
Changing a published list changes what both ends show, so both must have the same: the SHA-256 of each is in the
Swift file and compared by the tests.

Checked for each list:
  - 256 words of 4 to 10 letters, letters only, all different, in the order of their folded form;
  - no two share their first four letters once accents and case are folded;
  - no two sound alike: their phonetic keys are at least 3 edits apart (insertions, deletions, replacements).

A phonetic key writes a word as its sounds, one character each, by ordered rules: at each place the first rule that
matches there wins. The rules are coarse on purpose. Sounds that a bad line or another accent confuses are one
character: Dutch v and f, z and s, g and ch; English s and z; the open and closed e and o of French; German ä and e.
"""

import hashlib
import pathlib
import re
import sys
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent
LISTS = ROOT / "Web" / "words"
OUTPUT = ROOT / "Sources" / "SecureChannel" / "WordLists.swift"

COUNT = 256
PREFIX = 4
LENGTHS = range(4, 11)
DISTANCE = 3
LANGUAGES = {"fr": "french", "en": "english", "nl": "dutch", "de": "german"}

# (what is written, how it sounds). `<` in a pattern is where a word begins, `$` where it ends.
FRENCH = [
    # Endings that are not heard.
    (r"er$|ez$|et$|ets$|ê[ts]$", "e"), (r"es?$", ""), (r"(?<=[aiouéèyrn])[tdspxz]+$", ""), (r"[tdspxz]+$", ""),
    # Several letters for one vowel.
    (r"(?:u?eu|ue)(?:ill|il$)", "2j"), (r"[eé](?:ill|il$)", "ej"), (r"eau", "o"), (r"au", "o"), (r"œu|oeu|eu", "2"), (r"oy(?=[aeiouéè])", "waj"), (r"oî|oi", "wa"), (r"o[uùû]", "u"),
    (r"ouill?e?$|ouill", "uj"), (r"aill|ail$", "aj"), (r"ill", "ij"),
    # Nasal vowels, where no vowel nor a second n or m follows.
    (r"(?:ain|aim|ein|in|im|yn|ym|un|um)(?![aeiouyéèêînmh])", "I"), (r"(?:an|am|en|em)(?![aeiouyéèêînmh])", "A"),
    (r"(?:on|om)(?![aeiouyéèêînmh])", "O"),
    (r"aî|ai|ei|[éèêë]", "e"), (r"ay(?=[aeiou])", "ej"),
    # Consonants.
    (r"gn", "N"), (r"ch", "S"), (r"ph", "f"), (r"qu?", "k"), (r"ge(?=[aoâô])", "Z"), (r"gu(?=[eiéèêy])", "g"),
    (r"g(?=[eiyéèê])", "Z"), (r"j", "Z"), (r"sc(?=[eiy])", "s"), (r"c(?=[eiyéèê])|ç", "s"), (r"c", "k"),
    (r"ss", "s"), (r"(?<=[aeiouyéèê])s(?=[aeiouyéèê])", "z"), (r"x", "ks"), (r"h", ""), (r"w", "v"),
    (r"[uûü]", "y"), (r"[yîï]", "i"), (r"[àâ]", "a"), (r"[ôö]", "o"),
]
ENGLISH = [
    (r"tch|ch", "C"), (r"sh|tion|sion", "S"), (r"th", "T"), (r"ph", "f"), (r"dge?", "J"), (r"ck", "k"), (r"<kn", "n"),
    (r"<wr", "r"), (r"wh", "w"), (r"qu", "kw"), (r"igh", "Y"), (r"gh", ""), (r"mb$", "m"), (r"sc(?=[eiy])", "s"),
    (r"c(?=[eiy])", "s"), (r"c", "k"), (r"ge$", "J"), (r"g(?=[iy])", "J"), (r"x", "ks"), (r"z", "s"), (r"ti(?=[ao])", "S"),
    (r"(?<=[aeiou][bcdfgklmnprstvz])le$", "ul"), (r"le$", "ul"), (r"e$", ""), (r"es$", "s"),
    (r"ee|ea|ie|ey$|y$", "i"), (r"oo|ew|ui", "u"), (r"ou", "W"), (r"ow$", "o"), (r"ow", "W"), (r"ai|ay|ei", "e"), (r"oa", "o"),
    (r"aw|au", "O"), (r"oi|oy", "9"), (r"(?:er|or|ar|ur)$", "R"), (r"er|ir|ur", "R"), (r"y", "i"), (r"j", "J"), (r"h$", ""),
]
DUTCH = [
    (r"sch", "sx"), (r"ch", "x"), (r"ng", "N"), (r"g", "x"), (r"ij|ei", "E"), (r"ui", "Y"), (r"ou|au", "W"), (r"oe", "u"),
    (r"ie", "i"), (r"eu", "2"), (r"aa", "a"), (r"ee|é", "e"), (r"oo", "o"), (r"uu", "y"), (r"ph", "f"), (r"v", "f"),
    (r"z", "s"), (r"c(?=[eiy])", "s"), (r"c|q", "k"), (r"x", "ks"), (r"d$|dt$", "t"), (r"b$", "p"), (r"en$", "0"), (r"e$", "0"),
    (r"el$", "l"), (r"er$", "R"), (r"y", "i"),
]
GERMAN = [
    (r"tsch", "C"), (r"sch", "S"), (r"<st", "St"), (r"<sp", "Sp"), (r"chs", "ks"), (r"ch", "x"), (r"ck", "k"), (r"ph", "f"),
    (r"ei|ai|ey", "E"), (r"eu|äu", "Y"), (r"au", "W"), (r"ie", "i"), (r"tz|z", "c"), (r"c(?=[eiy])", "s"), (r"c", "k"), (r"qu", "kw"),
    (r"x", "ks"), (r"v", "f"), (r"ng", "N"), (r"(?<=[aeiouäöü])h", ""), (r"d$", "t"), (r"b$", "p"), (r"g$", "k"), (r"er$", "R"),
    (r"en$", "n"), (r"el$", "l"), (r"e$", "0"), (r"ä", "e"), (r"ö", "2"), (r"ü", "y"), (r"ß", "s"), (r"aa", "a"), (r"ee", "e"), (r"oo", "o"),
]
RULES = {
    language: [(re.compile(pattern), sound) for pattern, sound in rules]
    for language, rules in {"fr": FRENCH, "en": ENGLISH, "nl": DUTCH, "de": GERMAN}.items()
}


def folded(word):
    """Lower case without accents, as a person who types it would write it."""
    decomposed = unicodedata.normalize("NFD", word.lower().replace("œ", "oe").replace("ß", "ss"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def phonetic_key(word, language):
    """The sounds of a word, one character each; a doubled sound is one."""
    text = "<" + word.lower()
    key, place = "", 0
    while place < len(text):
        for pattern, sound in RULES[language]:
            match = pattern.match(text, place)
            if match and match.end() > place:
                key, place = key + sound, match.end()
                break
        else:
            key, place = key + text[place].replace("<", ""), place + 1
    return re.sub(r"(.)\1+", r"\1", key)


def distance(left, right, limit=DISTANCE):
    """Levenshtein's distance, or `limit` if it is at least that."""
    if abs(len(left) - len(right)) >= limit:
        return limit
    row = list(range(len(right) + 1))
    for index, sound in enumerate(left, 1):
        above, row[0] = row[0], index
        for column, other in enumerate(right, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (sound != other))
    return min(row[-1], limit)


def faults(words, language):
    """What is wrong with a list, one sentence each."""
    found = []
    if len(words) != COUNT:
        found.append(f"{len(words)} words in place of {COUNT}")
    if words != sorted(words, key=folded):
        found.append("not in alphabetical order")
    for word in words:
        if not word.isalpha() or len(word) not in LENGTHS or word != unicodedata.normalize("NFC", word):
            found.append(f"{word!r} is not 4 to 10 letters")
        if word != (word.capitalize() if language == "de" else word.lower()):
            found.append(f"{word!r} is in the wrong case")
    keys = [phonetic_key(word, language) for word in words]
    for index, word in enumerate(words):
        for other in range(index):
            if folded(word)[:PREFIX] == folded(words[other])[:PREFIX]:
                found.append(f"{words[other]} and {word} begin alike")
            if distance(keys[index], keys[other]) < DISTANCE:
                found.append(f"{words[other]} [{keys[other]}] and {word} [{keys[index]}] sound alike")
    return found


def swift(lists, digests):
    """The Swift file of all lists."""
    lines = ["// Written by Scripts/word-lists.py from Web/words/*.txt: change those and run it again.", "",
             "extension WordList {",
             "    static func list(for language: LanguageCode) -> WordList? {", "        switch language {"]
    lines += [f"        case .{name}: self.{name}" for name in LANGUAGES.values()]
    lines += ["        default: nil", "        }", "    }"]
    for language, name in LANGUAGES.items():
        lines += ["", f"    private static let {name} = WordList(",
                  f'        sha256: "{digests[language]}",', '        text: """']
        line = ""
        for word in lists[language]:
            if len(line) + len(word) > 100:
                lines.append("            " + line.rstrip())
                line = ""
            line += word + " "
        lines += ["            " + line.rstrip(), '            """)']
    return "\n".join(lines + ["}", ""])


def main(arguments):
    if arguments not in ([], ["--write"]):
        print(__doc__.strip(), file=sys.stderr)
        return 64
    lists, digests, failed = {}, {}, False
    for language in LANGUAGES:
        octets = (LISTS / f"{language}.txt").read_bytes()
        lists[language], digests[language] = octets.decode().split(), hashlib.sha256(octets).hexdigest()
        found = faults(lists[language], language)
        if octets.decode() != "".join(word + "\n" for word in lists[language]):
            found.append("not one word a line")
        for fault in found:
            print(f"{language}.txt: {fault}", file=sys.stderr)
        failed = failed or bool(found)
        print(f"{language}.txt: {len(lists[language])} words, sha-256 {digests[language]}")
    if failed:
        return 1
    text = swift(lists, digests)
    if arguments:
        OUTPUT.write_text(text, encoding="utf-8")
    elif not OUTPUT.exists() or OUTPUT.read_text(encoding="utf-8") != text:
        print(f"{OUTPUT.relative_to(ROOT)} is out of date: run with --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
