/// A session description as its lines tell it (RFC 8866): attributes of the session, then media sections in order.
///
/// Knows no meaning. ``RemoteAudio`` draws from it what a call needs.
package struct SessionDescription: Equatable, Sendable {
    /// One `a=` line. A property attribute has no value.
    package struct Attribute: Equatable, Sendable {
        package var name: String
        package var value: String?
    }

    package struct MediaSection: Equatable, Sendable {
        /// `audio`, `video`, `application`, …
        package var kind: String
        /// 0 for a rejected section, or one that is only there bundled (RFC 9143 §6).
        package var port: UInt16
        /// `UDP/TLS/RTP/SAVPF`
        package var transport: String
        /// Payload types, or whatever the transport's formats are; at least one.
        package var formats: [String]
        package var attributes: [Attribute]
    }

    package private(set) var attributes: [Attribute] = []
    package private(set) var media: [MediaSection] = []

    /// Reads a description; lines may end in CR LF or LF, unknown line types are skipped (RFC 8866 §5).
    package init(parsing text: String) throws(SDPError) {
        guard text.utf8.count <= maximumSize else { throw .tooLarge }
        // Octets, not characters: in Swift a CR LF pair is one character.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.count <= maximumLineCount else { throw .tooLarge }
        for (index, octets) in lines.enumerated() {
            var line = Substring(octets)
            if line.utf8.last == UInt8(ascii: "\r") { line = Substring(line.utf8.dropLast()) }
            if index == 0 {
                guard line == "v=0" else { throw .malformedLine(1) }
                continue
            }
            if line.isEmpty, index == lines.count - 1 { continue }
            guard let (type, value) = Self.splitLine(line) else { throw .malformedLine(index + 1) }
            switch type {
            case UInt8(ascii: "m"):
                guard let section = MediaSection(value) else { throw .malformedLine(index + 1) }
                guard self.media.count < maximumSectionCount else { throw .tooLarge }
                self.media.append(section)
            case UInt8(ascii: "a"):
                self.append(Attribute(value))
            default:
                continue
            }
        }
    }

    private static func splitLine(_ line: Substring) -> (type: UInt8, value: Substring)? {
        let octets = line.utf8
        guard let type = octets.first, octets.dropFirst().first == UInt8(ascii: "="),
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(type),
            octets.allSatisfy({ $0 != 0 && $0 != UInt8(ascii: "\r") })
        else { return nil }
        return (type, Substring(octets.dropFirst(2)))
    }

    private mutating func append(_ attribute: Attribute) {
        if self.media.isEmpty {
            self.attributes.append(attribute)
        } else {
            self.media[self.media.count - 1].attributes.append(attribute)
        }
    }
}

extension SessionDescription.Attribute {
    fileprivate init(_ line: Substring) {
        guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            self.init(name: String(line), value: nil)
            return
        }
        let value = line[line.utf8.index(after: colon)...]
        self.init(name: String(line[..<colon]), value: String(value))
    }
}

extension SessionDescription.MediaSection {
    /// Reads what follows `m=`: kind, port (a count behind `/` is skipped), transport, formats.
    fileprivate init?(_ line: Substring) {
        let parts = line.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count >= 4, parts.allSatisfy(isToken),
            let port = parts[1].split(separator: "/", maxSplits: 1).first.flatMap({ UInt16($0) })
        else { return nil }
        self.init(
            kind: String(parts[0]), port: port, transport: String(parts[2]),
            formats: parts[3...].map { String($0) }, attributes: [])
    }

    /// The values of all attributes called `name`, in order; property attributes have none.
    func values(of name: String) -> [String] {
        self.attributes.compactMap { $0.name == name ? $0.value : nil }
    }

    func hasProperty(_ name: String) -> Bool {
        self.attributes.contains { $0.name == name }
    }
}

extension SessionDescription {
    func values(of name: String) -> [String] {
        self.attributes.compactMap { $0.name == name ? $0.value : nil }
    }
}

/// Visible ASCII: wide enough for transports with `/`, and nothing that could break a line when it is echoed.
func isToken(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
}

/// Octets. Chromium's offer of audio, video and data has 7000.
private let maximumSize = 32 * 1024
private let maximumLineCount = 1024
private let maximumSectionCount = 16
