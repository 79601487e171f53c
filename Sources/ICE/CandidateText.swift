internal import Wire

/// The `candidate` attribute of SDP and of trickled candidates (RFC 8839 §5.1).
extension Candidate {
    /// Reads `candidate:…`, with or without `a=` before it.
    ///
    /// Names, TCP and unknown extensions are kept; what may be checked is decided later. Unknown
    /// candidate types are refused, as nothing can be said about their address.
    package init(sdp text: some StringProtocol) throws(ICEError) {
        guard text.utf8.count <= Self.maximumTextSize else { throw .malformedCandidate }
        var rest = Substring(text)
        if rest.hasPrefix("a=") { rest = rest.dropFirst(2) }
        guard rest.hasPrefix("candidate:") else { throw .malformedCandidate }
        let words = rest.dropFirst("candidate:".count).split { $0 == " " || $0.isNewline }
        guard words.count >= 8, (1...32).contains(words[0].utf8.count), words[0].utf8.allSatisfy(isPrintable),
            let component = UInt16(words[1]), (1...256).contains(component),
            (1...16).contains(words[2].utf8.count), words[2].utf8.allSatisfy(isPrintable),
            let priority = UInt32(words[3]), priority > 0,
            let port = UInt16(words[5]), words[6] == "typ", let type = CandidateType(rawValue: String(words[7]))
        else { throw .malformedCandidate }
        self.foundation = String(words[0])
        self.component = component
        self.transport = words[2].lowercased()
        self.priority = min(priority, Self.maximumPriority)
        self.address = try Self.address(words[4], port: port)
        self.type = type
        try self.readExtensions(words.dropFirst(8))
    }

    /// The attribute's value, `candidate:…` without `a=`.
    package var sdp: String {
        let (host, port) =
            switch self.address {
            case .ip(let address): (address.ip.description, address.port)
            case .name(let name, let port): (name, port)
            }
        var text = "candidate:\(self.foundation) \(self.component) \(self.transport) \(self.priority)"
        text += " \(host) \(port) typ \(self.type.rawValue)"
        if let related = self.relatedAddress { text += " raddr \(related.ip) rport \(related.port)" }
        for item in self.extensions { text += " \(item.name) \(item.value)" }
        return text
    }

    private static func address(_ text: Substring, port: UInt16) throws(ICEError) -> Address {
        if let ip = IPAddress(text) { return .ip(TransportAddress(ip, port: port)) }
        guard (1...253).contains(text.utf8.count), text.utf8.allSatisfy(isNameCharacter) else {
            throw .malformedCandidate
        }
        return .name(String(text), port: port)
    }

    private mutating func readExtensions(_ words: ArraySlice<Substring>) throws(ICEError) {
        guard words.count % 2 == 0 else { throw .malformedCandidate }
        var relatedIP: IPAddress?
        var relatedPort: UInt16?
        for index in stride(from: words.startIndex, to: words.endIndex, by: 2) {
            let (name, value) = (words[index], words[index + 1])
            guard name.utf8.allSatisfy(isPrintable), value.utf8.allSatisfy(isPrintable) else {
                throw .malformedCandidate
            }
            switch name {
            case "raddr": relatedIP = IPAddress(value)
            case "rport": relatedPort = UInt16(value)
            default: self.extensions.append(Extension(name: String(name), value: String(value)))
            }
        }
        if let relatedIP, let relatedPort {
            self.relatedAddress = TransportAddress(relatedIP, port: relatedPort)
        }
    }

    /// Chromium's longest are near 200 octets.
    package static let maximumTextSize = 512
    /// RFC 8445 §5.1.2.
    private static let maximumPriority: UInt32 = .max >> 1
}

private func isPrintable(_ character: UInt8) -> Bool {
    (0x21...0x7E).contains(character)
}

private func isNameCharacter(_ character: UInt8) -> Bool {
    switch character {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
        true
    default: false
    }
}
