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

    package init(_ messageClass: STUNClass, _ method: STUNMethod, transactionID: TransactionID) {
        var writer = ByteWriter(capacity: 128)
        writer.write(STUNMessageType(messageClass: messageClass, method: method).word)
        writer.write(UInt16(0))
        writer.write(STUNMessage.magicCookie)
        writer.write(transactionID.bytes)
        self.bytes = writer.bytes
        self.transactionID = transactionID
    }

    /// Appends one attribute and its padding.
    /// - Precondition: the message stays below 64 KiB; what we send is our own.
    package mutating func add(_ type: STUNAttributeType, _ value: some Collection<UInt8> = EmptyCollection()) {
        precondition(self.bytes.count + value.count < Int(UInt16.max), "a STUN message stays below 64 KiB")
        self.bytes += type.rawValue.bigEndianBytes
        self.bytes += UInt16(value.count).bigEndianBytes
        self.bytes += value
        self.bytes += repeatElement(0, count: -value.count & 3)
        self.writeLength(self.bytes.count - STUNMessage.headerSize)
    }

    package mutating func add(_ type: STUNAttributeType, uint32 value: UInt32) {
        self.add(type, value.bigEndianBytes)
    }

    package mutating func add(_ type: STUNAttributeType, uint64 value: UInt64) {
        self.add(type, value.bigEndianBytes)
    }

    package mutating func add(_ type: STUNAttributeType, text: String) {
        self.add(type, text.utf8)
    }

    package mutating func add(_ type: STUNAttributeType, xor address: TransportAddress) {
        self.add(type, XORAddress.encode(address, transactionID: self.transactionID))
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
        self.add(.messageIntegrity, MessageIntegrity.code(over: self.bytes[...], key: key))
    }

    /// FINGERPRINT over everything added so far; nothing may follow (RFC 8489 §14.7).
    package mutating func addFingerprint() {
        self.writeLength(self.bytes.count - STUNMessage.headerSize + 8)
        self.add(.fingerprint, uint32: Fingerprint.value(of: self.bytes[...]))
    }

    private mutating func writeLength(_ length: Int) {
        self.bytes[2] = UInt8(truncatingIfNeeded: length >> 8)
        self.bytes[3] = UInt8(truncatingIfNeeded: length)
    }
}

enum MessageIntegrity {
    /// HMAC-SHA1 over the message up to, not including, the attribute, with a length field that
    /// already counts the attribute's 24 octets.
    static func code(over message: ArraySlice<UInt8>, key: [UInt8]) -> [UInt8] {
        var covered = [UInt8](message)
        let length = covered.count - STUNMessage.headerSize + 24
        covered[2] = UInt8(truncatingIfNeeded: length >> 8)
        covered[3] = UInt8(truncatingIfNeeded: length)
        return HMACSHA1.authenticate(covered, key: key)
    }
}

enum Fingerprint {
    /// CRC-32 of the message up to the attribute, its length field already counting it, XORed with "STUN".
    static func value(of message: ArraySlice<UInt8>) -> UInt32 {
        var crc: UInt32 = .max
        for byte in message {
            crc = Self.table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ (crc >> 8)
        }
        return ~crc ^ 0x5354_554E
    }

    static func isValid(_ value: ArraySlice<UInt8>, of message: ArraySlice<UInt8>) -> Bool {
        value.elementsEqual(Self.value(of: message).bigEndianBytes)
    }

    /// CRC-32 of ISO 3309, reflected polynomial.
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 0 ? crc >> 1 : 0xEDB8_8320 ^ (crc >> 1) }
    }
}
