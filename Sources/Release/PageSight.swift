package import Page
internal import Primitives
internal import Wire

/// What somebody was served who asked a broker for the page.
package struct PageSight: Equatable, Sendable {
    package var status: Int
    /// As they came, with those of the transport.
    package var fields: [PageHeaders.Field]
    /// Without its compression.
    package var body: [UInt8]

    package init(status: Int, fields: [PageHeaders.Field], body: [UInt8]) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// Which page a broker should serve, under which names.
package struct PageReference: Sendable {
    package enum Release: Sendable {
        /// The page of this build.
        case own
        case manifest(ReleaseManifest)
    }

    package var release: Release
    /// Where the page's WebSocket may go, in the broker's order.
    package var socketOrigins: [String]
    package var isTLS: Bool

    package init(release: Release, socketOrigins: [String], isTLS: Bool) {
        self.release = release
        self.socketOrigins = socketOrigins
        self.isTLS = isTLS
    }

    /// What differs, in a few words each, an octet of the body or a field; empty if nothing does.
    package func differences(in sight: PageSight) -> [String] {
        guard sight.status == 200 else { return ["status \(sight.status)"] }
        let own = self.differencesFromOwnFields(in: sight)
        switch self.release {
        case .own: return own + self.differencesFromOwnBody(in: sight)
        case .manifest(let manifest):
            var differences: [String] = []
            if manifest.digests[ReleaseManifest.headersPath] != SHA256.hash(self.canonicalFields(of: sight)).hex {
                // Which of them, only this build's own can tell.
                differences += own.isEmpty ? ["header fields"] : own
            }
            if manifest.digests[ReleaseManifest.pagePath] != SHA256.hash(sight.body).hex {
                differences.append("body: \(sight.body.count) octets that the release does not have")
            }
            return differences
        }
    }

    private func differencesFromOwnBody(in sight: PageSight) -> [String] {
        let own = Array(Page.html.utf8)
        guard sight.body != own else { return [] }
        let first = zip(sight.body, own).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        return [
            "body: \(sight.body.count) octets in place of \(own.count), other from octet "
                + "\(first ?? min(sight.body.count, own.count)) on"
        ]
    }

    private func differencesFromOwnFields(in sight: PageSight) -> [String] {
        let wanted = PageHeaders(socketOrigins: self.socketOrigins, isTLS: self.isTLS).fields
        let found = sight.fields.filter { !Self.isOfTransport($0) }
        var differences: [String] = []
        for field in wanted {
            let values = found.filter { Self.same($0.name, field.name) }.map(\.value)
            if values.isEmpty {
                differences.append("\(field.name): missing")
            } else if values != [field.value] {
                differences.append("\(field.name): \(values.joined(separator: " | "))")
            }
        }
        for field in found where !wanted.contains(where: { Self.same($0.name, field.name) }) {
            differences.append("\(field.name): not of the release")
        }
        return differences
    }

    /// The fields as a manifest counts them: sorted lines, the broker's own name taken out, as over TLS.
    private func canonicalFields(of sight: PageSight) -> [UInt8] {
        let own = " connect-src \((["'self'"] + self.socketOrigins).joined(separator: " "));"
        let neutral = " connect-src 'self' \(Self.anySocket);"
        var fields = sight.fields.filter { !Self.isOfTransport($0) }.map { field in
            guard Self.same(field.name, "content-security-policy") else { return field }
            return PageHeaders.Field(name: field.name, value: replacing(own, by: neutral, in: field.value))
        }
        // Without TLS this one must be missing, and counts as there.
        let transport = Self.transportSecurity
        if !self.isTLS {
            fields =
                fields.contains { Self.same($0.name, transport?.name ?? "") }
                ? [] : fields + [transport].compactMap { $0 }
        }
        return Self.canonical(fields)
    }

    /// What a manifest's entry for the header fields is the digest of.
    package static var ownCanonicalFields: [UInt8] {
        self.canonical(PageHeaders(socketOrigins: [self.anySocket], isTLS: true).fields)
    }

    private static func canonical(_ fields: [PageHeaders.Field]) -> [UInt8] {
        [UInt8](fields.map { "\($0.name.lowercased()): \($0.value)\n" }.sorted().joined().utf8)
    }

    private static var transportSecurity: PageHeaders.Field? {
        PageHeaders(socketOrigins: [], isTLS: true).fields.first { self.same($0.name, "strict-transport-security") }
    }

    /// Fields that say how the octets came and do nothing to the page.
    private static func isOfTransport(_ field: PageHeaders.Field) -> Bool {
        switch field.name.lowercased() {
        case "date", "content-length": true
        case "connection": ["close", "keep-alive"].contains(field.value.lowercased())
        case "content-encoding": ["br", "gzip"].contains(field.value.lowercased())
        case "transfer-encoding": field.value.lowercased() == "chunked"
        default: false
        }
    }

    private static func same(_ left: String, _ right: String) -> Bool {
        left.lowercased() == right.lowercased()
    }

    private static let anySocket = "wss://HOST"
}

private func replacing(_ part: String, by other: String, in text: String) -> String {
    guard let start = text.firstRange(of: part) else { return text }
    return text.replacingCharacters(in: start, with: other)
}

extension String {
    fileprivate func firstRange(of part: String) -> Range<String.Index>? {
        var start = self.startIndex
        while start < self.endIndex {
            if self[start...].hasPrefix(part) { return start..<self.index(start, offsetBy: part.count) }
            start = self.index(after: start)
        }
        return nil
    }

    fileprivate func replacingCharacters(in range: Range<String.Index>, with other: String) -> String {
        String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}
