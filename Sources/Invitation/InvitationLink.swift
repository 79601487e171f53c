/// A whole link: where the page is, and the invitation behind `#`.
package struct InvitationLink: Equatable, Sendable {
    package enum Scheme: String, Sendable {
        case https
        /// Fit for the machine itself only (a browser grants no microphone to another plain origin).
        case http

        var defaultPort: UInt16 { self == .https ? 443 : 80 }
    }

    package let scheme: Scheme
    /// Lower case; an IPv6 address keeps its brackets.
    package let host: String
    package let port: UInt16
    package let invitation: Invitation

    /// Reads `https://HOST[:PORT]/#F`, blanks around it included. A query is ignored: mail trackers add them.
    package init(_ text: some StringProtocol) throws(InvitationError) {
        guard text.utf8.count <= Self.maximumLength else { throw .notALink }
        let trimmed = String(text).trimmingBlanks
        let (address, fragment) = trimmed.split(atFirst: "#")
        let (schemeText, rest) = address.split(atFirst: "://")
        guard let rest, let scheme = Scheme(rawValue: schemeText.lowercased()) else { throw .notALink }
        let (withoutQuery, _) = rest.split(atFirst: "?")
        let (authority, path) = withoutQuery.split(atFirst: "/")
        guard path ?? "" == "", let (host, port) = parseAuthority(authority) else { throw .notALink }
        self.scheme = scheme
        self.host = host
        self.port = port ?? scheme.defaultPort
        self.invitation = try Invitation(fragment: fragment ?? "")
    }

    /// - Parameter origin: `https://HOST[:PORT]`, with or without a slash behind it.
    package init(origin: some StringProtocol, invitation: Invitation) throws(InvitationError) {
        try self.init("\(origin)#\(invitation.fragment)")
    }

    private static let maximumLength = 4096

    /// `host`, or `host:port` when the port is not the scheme's own.
    package var authority: String {
        self.port == self.scheme.defaultPort ? self.host : "\(self.host):\(self.port)"
    }

    /// What the patient receives. It is the room's key, as ``Invitation/fragment`` is.
    package var text: String {
        "\(self.scheme.rawValue)://\(self.authority)/#\(self.invitation.fragment)"
    }
}

private func parseAuthority(_ text: String) -> (host: String, port: UInt16?)? {
    guard text.utf8.count <= 261 else { return nil }  // 255 for a name, 6 for ":65535"
    let hostEnd: String.Index
    if text.hasPrefix("[") {
        guard let close = text.firstIndex(of: "]") else { return nil }
        let inside = text[text.index(after: text.startIndex)..<close]
        guard inside.contains(":"), inside.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
        hostEnd = text.index(after: close)
    } else {
        hostEnd = text.firstIndex(of: ":") ?? text.endIndex
        guard isHostName(text[..<hostEnd]) else { return nil }
    }
    let host = text[..<hostEnd].lowercased()
    guard hostEnd != text.endIndex else { return (host, nil) }
    let digits = text[hostEnd...].dropFirst()
    guard text[hostEnd] == ":", digits.utf8.allSatisfy({ (48...57).contains($0) }),
        let port = UInt16(digits), port > 0
    else { return nil }
    return (host, port)
}

/// Letters, digits and hyphens in non-empty labels (RFC 1123 §2.1), which covers dotted quads too.
private func isHostName(_ text: Substring) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    return labels.allSatisfy { label in
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
            && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        let start = self.firstIndex { !$0.isWhitespace } ?? self.endIndex
        let end = self.lastIndex { !$0.isWhitespace }.map { self.index(after: $0) } ?? start
        return String(self[start..<end])
    }

    /// The text before the first `separator`, and the text behind it if there is one.
    fileprivate func split(atFirst separator: String) -> (String, String?) {
        var start = self.startIndex
        while start < self.endIndex {
            if self[start...].hasPrefix(separator) {
                return (String(self[..<start]), String(self[start...].dropFirst(separator.count)))
            }
            start = self.index(after: start)
        }
        return (self, nil)
    }
}
