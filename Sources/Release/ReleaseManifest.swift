internal import Primitives
internal import Wire

/// What a release consists of, signed by a key that is kept off every network.
///
///     colloque release manifest 1
///     SHA-256 in 64 digits, two blanks, path        one line a file, sorted by path
///     ed25519 KEY SIGNATURE                         base64url; over all octets before this line
package struct ReleaseManifest: Equatable, Sendable {
    /// Lower-case hexadecimal by path.
    package let digests: [String: String]

    package enum Failure: Error, Equatable, Sendable {
        /// No manifest, or one of another form than above.
        case malformed
        /// Signed by another key than the one that is believed.
        case otherKey
        case signature
    }

    /// - Parameter key: the release key, Ed25519, 32 octets.
    package init(verifying text: [UInt8], key: [UInt8]) throws(Failure) {
        guard text.count <= Self.maximumLength, text.last == UInt8(ascii: "\n"),
            let before = text.dropLast().lastIndex(of: UInt8(ascii: "\n"))
        else { throw .malformed }
        let signed = [UInt8](text[...before])
        let words = String(decoding: text[(before + 1)...], as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 3, words[0] == "ed25519", let signer = [UInt8](base64URL: String(words[1])),
            let signature = [UInt8](base64URL: String(words[2]))
        else { throw .malformed }
        guard signer == key else { throw .otherKey }
        guard Ed25519.verify(signature: signature, message: signed, publicKey: key) else { throw .signature }
        self.digests = try Self.entries(of: signed)
    }

    private static func entries(of signed: [UInt8]) throws(Failure) -> [String: String] {
        guard let text = String(validating: signed, as: UTF8.self) else { throw .malformed }
        var lines = text.split(separator: "\n")
        guard !lines.isEmpty, lines.removeFirst() == Self.title else { throw .malformed }
        var digests: [String: String] = [:]
        var previous = ""
        for line in lines {
            let digest = String(line.prefix(64))
            let path = String(line.dropFirst(66))
            guard digest.utf8.count == 64, [UInt8](hex: digest)?.hex == digest, line.dropFirst(64).hasPrefix("  "),
                !path.isEmpty, previous.isEmpty || previous.utf8.lexicographicallyPrecedes(path.utf8)
            else { throw .malformed }
            digests[path] = digest
            previous = path
        }
        return digests
    }

    /// The page as it is served, without compression.
    package static let pagePath = "index.html"
    /// Its header fields over TLS, one a line, sorted, with HOST for the broker's name.
    package static let headersPath = "index.html.headers"
    package static let wellKnownPath = "/.well-known/colloque-manifest"
    private static let title = "colloque release manifest 1"
    private static let maximumLength = 65536
}
