package import Wire

/// Typed views of attribute values; `nil` when absent or malformed.
extension STUNMessage {
    /// An attribute that is exactly four octets: PRIORITY, LIFETIME.
    package func uint32(_ type: STUNAttributeType) -> UInt32? {
        guard let value = self[type], value.count == 4 else { return nil }
        return value.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// An attribute that is exactly eight octets: the tie-breakers.
    package func uint64(_ type: STUNAttributeType) -> UInt64? {
        guard let value = self[type], value.count == 8 else { return nil }
        return value.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// An attribute that is UTF-8 text: USERNAME, REALM, NONCE, SOFTWARE.
    package func text(_ type: STUNAttributeType) -> String? {
        self[type].flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// XOR-MAPPED-ADDRESS, XOR-PEER-ADDRESS or XOR-RELAYED-ADDRESS (RFC 8489 §14.2).
    package func xorAddress(_ type: STUNAttributeType) -> TransportAddress? {
        self[type].flatMap { XORAddress.decode($0, transactionID: self.transactionID) }
    }

    /// Every address of a type that may come several times: XOR-PEER-ADDRESS; `nil` for a malformed one.
    package func xorAddresses(_ type: STUNAttributeType) -> [TransportAddress?] {
        self.attributes.lazy.filter { $0.type == type }.map {
            XORAddress.decode($0.value, transactionID: self.transactionID)
        }
    }

    /// The number in ERROR-CODE (RFC 8489 §14.8).
    package var errorCode: STUNErrorCode? {
        guard let value = self[.errorCode], value.count >= 4 else { return nil }
        let hundreds = UInt16(value[value.startIndex + 2] & 7)
        let rest = UInt16(value[value.startIndex + 3])
        guard (3...6).contains(hundreds), rest < 100 else { return nil }
        return STUNErrorCode(rawValue: hundreds * 100 + rest)
    }

    /// The types listed in UNKNOWN-ATTRIBUTES of a 420.
    package var unknownAttributes: [STUNAttributeType] {
        guard let value = self[.unknownAttributes] else { return [] }
        return stride(from: value.startIndex, to: value.endIndex - 1, by: 2).map {
            STUNAttributeType(rawValue: UInt16(value[$0]) << 8 | UInt16(value[$0 + 1]))
        }
    }
}

/// The value of the XOR-…-ADDRESS attributes.
enum XORAddress {
    static func append(_ address: TransportAddress, transactionID: TransactionID, to bytes: inout [UInt8]) {
        bytes.append(0)
        bytes.append(address.ip.isIPv6 ? 2 : 1)
        bytes.append(bigEndian: address.port ^ UInt16(STUNMessage.magicCookie >> 16))
        switch address.ip {
        case .v4(let word): bytes.append(bigEndian: word ^ STUNMessage.magicCookie)
        case .v6(let high, let low):
            bytes.append(bigEndian: high ^ Self.highMask(transactionID))
            bytes.append(bigEndian: low ^ transactionID.low)
        }
    }

    /// Octets of the value.
    static func count(_ address: TransportAddress) -> Int { address.ip.isIPv6 ? 20 : 8 }

    static func decode(_ value: ArraySlice<UInt8>, transactionID: TransactionID) -> TransportAddress? {
        guard value.count == 8 || value.count == 20 else { return nil }
        func word(_ offset: Int, _ count: Int) -> UInt64 {
            var word: UInt64 = 0
            for place in value.startIndex + offset..<value.startIndex + offset + count {
                word = word << 8 | UInt64(value[place])
            }
            return word
        }
        let port = UInt16(word(2, 2)) ^ UInt16(STUNMessage.magicCookie >> 16)
        switch (value[value.startIndex + 1], value.count) {
        case (1, 8): return TransportAddress(.v4(UInt32(word(4, 4)) ^ STUNMessage.magicCookie), port: port)
        case (2, 20):
            let ip = IPAddress.v6(
                high: word(4, 8) ^ Self.highMask(transactionID), low: word(12, 8) ^ transactionID.low)
            return TransportAddress(ip, port: port)
        default: return nil
        }
    }

    /// The cookie and what follows it in the header.
    private static func highMask(_ transactionID: TransactionID) -> UInt64 {
        UInt64(STUNMessage.magicCookie) << 32 | UInt64(transactionID.high)
    }
}
