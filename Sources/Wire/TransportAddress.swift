/// An IP address without a zone. IPv4-mapped IPv6 addresses stay distinct from IPv4 ones: see ``unmapped``.
package enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    package var isIPv6: Bool {
        if case .v6 = self { true } else { false }
    }

    package var isLoopback: Bool {
        switch self {
        case .v4(let word): word >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }

    package var isLinkLocal: Bool {
        switch self {
        case .v4(let word): word >> 16 == 0xA9FE
        case .v6(let high, _): high >> 54 == 0xFE80 >> 6
        }
    }

    package var isUnspecified: Bool {
        switch self {
        case .v4(let word): word == 0
        case .v6(let high, let low): high == 0 && low == 0
        }
    }

    /// The IPv4 address inside an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2), else the address itself.
    package var unmapped: IPAddress {
        if case .v6(0, let low) = self, low >> 32 == 0xFFFF {
            return .v4(UInt32(truncatingIfNeeded: low))
        }
        return self
    }

    /// 4 or 16 octets in network order.
    package var bytes: [UInt8] {
        switch self {
        case .v4(let word): word.bigEndianBytes
        case .v6(let high, let low): high.bigEndianBytes + low.bigEndianBytes
        }
    }

    /// - Returns: `nil` unless there are exactly 4 or 16 octets.
    package init?(bytes: some Collection<UInt8>) {
        func word(_ part: some Sequence<UInt8>) -> UInt64 {
            part.reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch bytes.count {
        case 4: self = .v4(UInt32(truncatingIfNeeded: word(bytes)))
        case 16: self = .v6(high: word(bytes.prefix(8)), low: word(bytes.dropFirst(8)))
        default: return nil
        }
    }
}

/// An IP address and a port.
package struct TransportAddress: Hashable, Sendable {
    package var ip: IPAddress
    package var port: UInt16

    package init(_ ip: IPAddress, port: UInt16) {
        self.ip = ip
        self.port = port
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted quad, or RFC 5952 text.
    package var description: String {
        switch self {
        case .v4(let word):
            return word.bigEndianBytes.map { String($0) }.joined(separator: ".")
        case .v6(let high, let low):
            let groups = [high, low].flatMap { half in
                [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> UInt64($0)) }
            }
            guard let gap = longestZeroRun(groups) else {
                return groups.map { String($0, radix: 16) }.joined(separator: ":")
            }
            let before = groups[..<gap.lowerBound].map { String($0, radix: 16) }.joined(separator: ":")
            let after = groups[gap.upperBound...].map { String($0, radix: 16) }.joined(separator: ":")
            return "\(before)::\(after)"
        }
    }

    /// Reads a dotted quad or an IPv6 address without zone.
    package init?(_ text: some StringProtocol) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let groups = parseIPv6(String(text)) else { return nil }
            let words = groups.map { UInt64($0) }
            self = .v6(
                high: words[0] << 48 | words[1] << 32 | words[2] << 16 | words[3],
                low: words[4] << 48 | words[5] << 32 | words[6] << 16 | words[7])
        } else {
            guard let word = parseIPv4(String(text)) else { return nil }
            self = .v4(word)
        }
    }
}

extension TransportAddress: CustomStringConvertible {
    /// `192.0.2.1:3478` or `[2001:db8::1]:3478`.
    package var description: String {
        self.ip.isIPv6 ? "[\(self.ip)]:\(self.port)" : "\(self.ip):\(self.port)"
    }

    /// Reads `192.0.2.1:3478` or `[2001:db8::1]:3478`.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard let ip = IPAddress(host) else { return nil }
        self.init(ip, port: port)
    }
}

private func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
    var best: Range<Int>?
    var start: Int?
    for index in 0...groups.count {
        if index < groups.count, groups[index] == 0 {
            start = start ?? index
        } else if let first = start {
            if index - first > max(1, best?.count ?? 0) { best = first..<index }
            start = nil
        }
    }
    return best
}

private func parseIPv4(_ text: String) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var word: UInt32 = 0
    for part in parts {
        guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
            part.utf8.count == 1 || part.utf8.first != UInt8(ascii: "0"), let octet = UInt8(part)
        else { return nil }
        word = word << 8 | UInt32(octet)
    }
    return word
}

private func parseIPv6(_ text: String) -> [UInt16]? {
    guard text.utf8.count <= 45 else { return nil }
    let halves = splitAtDoubleColon(text)
    guard halves.count <= 2 else { return nil }
    var parsed: [[UInt16]] = []
    for (index, half) in halves.enumerated() {
        guard let groups = parseGroups(half, mayEndInIPv4: index == halves.count - 1) else { return nil }
        parsed.append(groups)
    }
    if parsed.count == 1 {
        return parsed[0].count == 8 ? parsed[0] : nil
    }
    let zeros = 8 - parsed[0].count - parsed[1].count
    guard zeros >= 1 else { return nil }
    return parsed[0] + [UInt16](repeating: 0, count: zeros) + parsed[1]
}

private func splitAtDoubleColon(_ text: String) -> [String] {
    var halves: [String] = []
    var current = ""
    var rest = Substring(text)
    while let character = rest.first {
        if rest.hasPrefix("::") {
            halves.append(current)
            current = ""
            rest = rest.dropFirst(2)
        } else {
            current.append(character)
            rest = rest.dropFirst()
        }
    }
    return halves + [current]
}

private func parseGroups(_ text: String, mayEndInIPv4: Bool) -> [UInt16]? {
    guard !text.isEmpty else { return [] }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    var groups: [UInt16] = []
    for (index, part) in parts.enumerated() {
        if part.contains("."), mayEndInIPv4, index == parts.count - 1 {
            guard let word = parseIPv4(String(part)) else { return nil }
            groups += [UInt16(word >> 16), UInt16(word & 0xFFFF)]
        } else {
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
    }
    return groups.count <= 8 ? groups : nil
}
