internal import Terminal

extension Line {
    /// The line as octets for standard output, with colours or without, and no cursor movement.
    package func printed(hasColours: Bool) -> String {
        guard hasColours else { return (self.left + self.right).map(\.text).joined() }
        return (self.left + self.right).map { $0.style.marking($0.text) }.joined()
    }
}
