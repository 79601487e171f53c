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
    static func encode(_ address: TransportAddress, transactionID: TransactionID) -> [UInt8] {
        let family: UInt8 = address.ip.isIPv6 ? 2 : 1
        let port = (address.port ^ UInt16(STUNMessage.magicCookie >> 16)).bigEndianBytes
        return [0, family] + port + zip(address.ip.bytes, Self.mask(transactionID)).map { $0 ^ $1 }
    }

    static func decode(_ value: ArraySlice<UInt8>, transactionID: TransactionID) -> TransportAddress? {
        guard value.count >= 8 else { return nil }
        let family = value[value.startIndex + 1]
        let port = UInt16(value[value.startIndex + 2]) << 8 | UInt16(value[value.startIndex + 3])
        let masked = value.dropFirst(4)
        guard (family == 1 && masked.count == 4) || (family == 2 && masked.count == 16),
            let ip = IPAddress(bytes: zip(masked, Self.mask(transactionID)).map { $0 ^ $1 })
        else { return nil }
        return TransportAddress(ip, port: port ^ UInt16(STUNMessage.magicCookie >> 16))
    }

    private static func mask(_ transactionID: TransactionID) -> [UInt8] {
        STUNMessage.magicCookie.bigEndianBytes + transactionID.bytes
    }
}
