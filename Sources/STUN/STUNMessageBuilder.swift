internal import Primitives
package import Wire

/// Writes one STUN message: attributes in order, then integrity, then fingerprint.
///
///     var builder = STUNMessageBuilder(.success, .binding, transactionID: request.transactionID)
///     builder.add(.xorMappedAddress, xor: source)
///     builder.addIntegrity(key: password)
///     builder.addFingerprint()
///     send(builder.bytes)
package struct STUNMessageBuilder: Sendable {
    /// The message so far, its length field always right.
    package private(set) var bytes: [UInt8]
    private let transactionID: TransactionID

    /// - Parameter memory: An array of whose memory the message is made; what it holds is forgotten.
    package init(
        _ messageClass: STUNClass, _ method: STUNMethod, transactionID: TransactionID,
        reusing memory: consuming [UInt8] = []
    ) {
        self.bytes = consume memory
        self.transactionID = transactionID
        self.bytes.removeAll(keepingCapacity: true)
        self.bytes.reserveCapacity(Self.usualSize)
        self.bytes.append(bigEndian: STUNMessageType(messageClass: messageClass, method: method).word)
        self.bytes.append(bigEndian: UInt16(0))
        self.bytes.append(bigEndian: STUNMessage.magicCookie)
        self.bytes.append(bigEndian: transactionID.high)
        self.bytes.append(bigEndian: transactionID.low)
    }

    /// Appends one attribute and its padding.
    /// - Precondition: the message stays below 64 KiB; what we send is our own.
    package mutating func add(_ type: STUNAttributeType, _ value: some Collection<UInt8> = EmptyCollection()) {
        self.begin(type, count: value.count)
        self.bytes.append(contentsOf: value)
        self.finish(count: value.count)
    }

    package mutating func add(_ type: STUNAttributeType, uint32 value: UInt32) {
        self.begin(type, count: 4)
        self.bytes.append(bigEndian: value)
        self.finish(count: 4)
    }

    package mutating func add(_ type: STUNAttributeType, uint64 value: UInt64) {
        self.begin(type, count: 8)
        self.bytes.append(bigEndian: value)
        self.finish(count: 8)
    }

    package mutating func add(_ type: STUNAttributeType, text: String) {
        self.add(type, text.utf8)
    }

    /// USERNAME of a check: two fragments and a colon between (RFC 8445 §7.2.2).
    package mutating func add(username first: String, _ second: String) {
        let count = first.utf8.count + 1 + second.utf8.count
        self.begin(.username, count: count)
        self.bytes.append(contentsOf: first.utf8)
        self.bytes.append(UInt8(ascii: ":"))
        self.bytes.append(contentsOf: second.utf8)
        self.finish(count: count)
    }

    package mutating func add(_ type: STUNAttributeType, xor address: TransportAddress) {
        let count = XORAddress.count(address)
        self.begin(type, count: count)
        XORAddress.append(address, transactionID: self.transactionID, to: &self.bytes)
        self.finish(count: count)
    }

    /// ERROR-CODE (RFC 8489 §14.8). The reason phrase is for people's eyes and may be empty.
    package mutating func add(_ code: STUNErrorCode, reason: String = "") {
        let number = [0, 0, UInt8(truncatingIfNeeded: code.rawValue / 100), UInt8(code.rawValue % 100)]
        self.add(.errorCode, number + Array(reason.utf8))
    }

    /// UNKNOWN-ATTRIBUTES (RFC 8489 §14.9).
    package mutating func add(unknown types: [STUNAttributeType]) {
        self.add(.unknownAttributes, types.flatMap { $0.rawValue.bigEndianBytes })
    }

    /// MESSAGE-INTEGRITY, SHA-1, over everything added so far (RFC 8489 §14.5).
    package mutating func addIntegrity(key: [UInt8]) {
        // The length already counts the attribute.
        self.writeLength(self.bytes.count - STUNMessage.headerSize + 24)
        let code = HMACSHA1.authenticate(self.bytes.span, key: key.span)
        self.begin(.messageIntegrity, count: 20)
        for place in code.indices { self.bytes.append(code[place]) }
    }

    /// FINGERPRINT over everything added so far; nothing may follow (RFC 8489 §14.7).
    package mutating func addFingerprint() {
        self.writeLength(self.bytes.count - STUNMessage.headerSize + 8)
        let value = Fingerprint.value(of: self.bytes.span)
        self.add(.fingerprint, uint32: value)
    }

    private mutating func begin(_ type: STUNAttributeType, count: Int) {
        precondition(self.bytes.count + count < Int(UInt16.max), "a STUN message stays below 64 KiB")
        self.bytes.append(bigEndian: type.rawValue)
        self.bytes.append(bigEndian: UInt16(count))
    }

    private mutating func finish(count: Int) {
        for _ in 0..<(-count & 3) { self.bytes.append(0) }
        self.writeLength(self.bytes.count - STUNMessage.headerSize)
    }

    private mutating func writeLength(_ length: Int) {
        self.bytes[2] = UInt8(truncatingIfNeeded: length >> 8)
        self.bytes[3] = UInt8(truncatingIfNeeded: length)
    }

    /// Octets: room for every message of ICE.
    private static let usualSize = 160
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            self.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}

enum MessageIntegrity {
    /// HMAC-SHA1 over the message up to, not including, the attribute, with a length field that
    /// already counts the attribute's 24 octets.
    static func code(over message: ArraySlice<UInt8>, key: [UInt8]) -> InlineArray<20, UInt8> {
        let length = UInt16(truncatingIfNeeded: message.count - STUNMessage.headerSize + 24)
        let start = message.startIndex
        let head: InlineArray<4, UInt8> = [
            message[start], message[start + 1], UInt8(truncatingIfNeeded: length >> 8),
            UInt8(truncatingIfNeeded: length),
        ]
        let rest = message.dropFirst(4)
        return HMACSHA1.authenticate(head.span, rest.span, key: key.span)
    }
}

enum Fingerprint {
    /// CRC-32 of the message up to the attribute, its length field already counting it, XORed with "STUN".
    static func value(of message: Span<UInt8>) -> UInt32 {
        var crc: UInt32 = .max
        for place in message.indices {
            crc = Self.table[Int(UInt8(truncatingIfNeeded: crc) ^ message[place])] ^ (crc >> 8)
        }
        return ~crc ^ 0x5354_554E
    }

    static func isValid(_ value: ArraySlice<UInt8>, of message: ArraySlice<UInt8>) -> Bool {
        guard value.count == 4 else { return false }
        return value.reduce(0) { $0 << 8 | UInt32($1) } == Self.value(of: message.span)
    }

    /// CRC-32 of ISO 3309, reflected polynomial.
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 0 ? crc >> 1 : 0xEDB8_8320 ^ (crc >> 1) }
    }
}
