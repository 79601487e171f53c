/// How much of what a person wrote goes on: enough to say it, never enough to fill a screen or burst a frame.
enum TextBounds {
    /// Octets of UTF-8 of a guest's name.
    static let nameOctets = 64
    /// UTF-16 units, as the page counts them, of a chat message or of what is said to those who wait.
    static let messageUnits = 2000
}

extension String {
    /// As many whole Unicode scalars from the beginning as fit `count` octets of UTF-8.
    func beginning(octets count: Int) -> String {
        guard self.utf8.count > count else { return self }
        return String(self[..<self.scalarBoundary(notAfter: self.utf8.index(self.startIndex, offsetBy: count))])
    }

    /// As many whole Unicode scalars from the beginning as fit `count` units of UTF-16.
    func beginning(units count: Int) -> String {
        guard self.utf16.count > count else { return self }
        return String(self[..<self.scalarBoundary(notAfter: self.utf16.index(self.startIndex, offsetBy: count))])
    }

    private func scalarBoundary(notAfter index: Index) -> Index {
        var index = index
        while index.samePosition(in: self.unicodeScalars) == nil { index = self.utf8.index(before: index) }
        return index
    }
}
