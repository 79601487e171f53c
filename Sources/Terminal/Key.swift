/// What a person pressed, or pasted.
package enum Key: Hashable, Sendable {
    /// One Unicode scalar as typed; combining marks come as keys of their own.
    case character(Character)
    /// Ctrl with a small letter: `.control("c")`. Enter, Tab and Backspace have their own names.
    case control(Character)
    /// Alt (or Esc followed at once) with a character.
    case alt(Character)
    case enter, tab, backTab, escape, backspace, delete, insert
    case up, down, left, right, home, end, pageUp, pageDown
    /// F1 to F12.
    case function(Int)
    /// One bracketed paste, at most ``KeyDecoder/longestPaste`` octets; line ends as `\n`, unfiltered otherwise.
    case paste(String)
}
