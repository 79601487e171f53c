internal import Wire

/// What a doctor's home remembers besides secrets: lines of `name = value`, for people to read.
///
/// Lines that this version does not know stay as they are.
package struct Settings: Equatable, Sendable {
    private var lines: [String]

    package init() {
        self.lines = []
    }

    /// The broker used where none is named: `https://HOST[:PORT]`.
    package var broker: String? {
        get { self["broker"] }
        set { self["broker"] = newValue }
    }

    /// Whose signed manifests are believed besides this release's own page: Ed25519, base64url.
    package var releaseKey: String? {
        get { self["release-key"] }
        set { self["release-key"] = newValue }
    }

    /// The names the broker goes by, `HOST[:PORT]`, in its order, where they are more than the one in ``broker``.
    package var brokerNames: [String] {
        self["broker-names"]?.split(separator: " ").map(String.init) ?? []
    }

    /// - Precondition: names and values are single lines.
    package subscript(name: String) -> String? {
        get {
            self.lines.compactMap { Self.entry($0) }.last { $0.name == name }?.value
        }
        set {
            self.lines.removeAll { Self.entry($0)?.name == name }
            if let newValue {
                precondition(!newValue.contains(where: \.isNewline), "a value is one line")
                self.lines.append("\(name) = \(newValue)")
            }
        }
    }

    /// - Throws: `.damaged` for octets that are no text, or a line that is neither empty, a comment nor an entry.
    init(_ bytes: [UInt8], path: String) throws(KeystoreError) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .damaged(path: path) }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        for line in lines where !line.isEmpty && !line.hasPrefix("#") {
            guard Self.entry(line) != nil else { throw .damaged(path: path) }
        }
        self.lines = lines
    }

    var bytes: [UInt8] {
        [UInt8](self.lines.map { "\($0)\n" }.joined().utf8)
    }

    private static func entry(_ line: String) -> (name: String, value: String)? {
        guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { return nil }
        let name = line[..<equals].filter { $0 != " " }
        let value = line[line.index(after: equals)...].drop { $0 == " " }
        return name.isEmpty ? nil : (name, String(value))
    }

    static let name = "settings"
}
