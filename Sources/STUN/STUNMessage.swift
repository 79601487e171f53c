internal import Primitives
internal import Wire

/// Why octets are not a STUN message this project reads. Whoever sent them learns nothing.
package enum STUNDecodingError: Error, Equatable, Sendable {
    /// `need` octets were announced or required and `have` are there.
    case truncated(have: Int, need: Int)
    /// More than ``STUNMessage/maximumSize`` octets, or octets after the announced end.
    case oversized
    /// Top bits or magic cookie of something else (RFC 7983).
    case notSTUN
    /// A message length that is not a multiple of four.
    case misaligned
    case tooManyAttributes
    /// FINGERPRINT present and wrong, or not last (RFC 8489 §14.7).
    case badFingerprint
}

/// A received STUN message (RFC 8489 §5), read in place.
///
/// Attributes behind MESSAGE-INTEGRITY other than MESSAGE-INTEGRITY-SHA256 and FINGERPRINT are not
/// covered by it, hence dropped (§14.5). Of a repeated attribute the first counts (§14).
package struct STUNMessage: Sendable {
    package let messageClass: STUNClass
    package let method: STUNMethod
    package let transactionID: TransactionID
    /// Read anew each time, in order; nothing is allocated for them.
    package let attributes: STUNAttributes

    /// The whole message, header included.
    private var encoded: ArraySlice<UInt8> { self.attributes.message }
    /// Where MESSAGE-INTEGRITY starts, counted from the start of the message.
    private var integrityOffset: Int? { self.attributes.integrityOffset }

    /// Reads one datagram that is exactly one message.
    package init(decoding datagram: ArraySlice<UInt8>) throws(STUNDecodingError) {
        guard datagram.count <= Self.maximumSize else { throw .oversized }
        let header = try Header(decoding: datagram)
        let need = Self.headerSize + header.length
        guard datagram.count >= need else { throw .truncated(have: datagram.count, need: need) }
        guard datagram.count == need else { throw .oversized }

        var attributeCount = 0
        var integrityOffset: Int?
        var sawFingerprint = false
        var position = datagram.startIndex + Self.headerSize
        while position < datagram.endIndex {
            guard !sawFingerprint else { throw .badFingerprint }
            guard attributeCount < Self.maximumAttributes else { throw .tooManyAttributes }
            let start = position
            let attribute = try STUNAttribute(in: datagram, at: &position)
            if STUNAttributes.counts(attribute.type, isCovered: integrityOffset == nil) { attributeCount += 1 }
            switch attribute.type {
            case .fingerprint:
                guard Fingerprint.isValid(attribute.value, of: datagram[..<start]) else { throw .badFingerprint }
                sawFingerprint = true
            case .messageIntegrity where integrityOffset == nil: integrityOffset = start - datagram.startIndex
            default: break
            }
        }

        self.messageClass = header.type.messageClass
        self.method = header.type.method
        self.transactionID = header.transactionID
        self.attributes = STUNAttributes(message: datagram, integrityOffset: integrityOffset)
    }

    package init(decoding datagram: [UInt8]) throws(STUNDecodingError) {
        try self.init(decoding: datagram[...])
    }

    /// The value of the first attribute of this type.
    package subscript(type: STUNAttributeType) -> ArraySlice<UInt8>? {
        for attribute in self.attributes where attribute.type == type {
            return attribute.value
        }
        return nil
    }

    /// Comprehension-required types outside `known`, in order; non-empty means 420 to a request and a
    /// failed transaction for a response (RFC 8489 §§6.3.1, 6.3.3).
    package func unknownRequired(besides known: Set<STUNAttributeType>) -> [STUNAttributeType] {
        self.attributes.lazy.map(\.type).filter { $0.isComprehensionRequired && !known.contains($0) }
    }

    package enum Integrity: Sendable {
        case absent, valid, invalid
    }

    /// Checks MESSAGE-INTEGRITY, SHA-1 (RFC 8489 §14.5).
    /// - Parameter key: The password's octets (short-term), or MD5(user:realm:password) (long-term).
    package func integrity(key: [UInt8]) -> Integrity {
        guard let offset = self.integrityOffset else { return .absent }
        guard let received = self[.messageIntegrity], received.count == 20 else { return .invalid }
        let expected = MessageIntegrity.code(over: self.encoded.prefix(offset), key: key)
        return Self.equalsInConstantTime(expected, received) ? .valid : .invalid
    }

    private static func equalsInConstantTime(_ code: InlineArray<20, UInt8>, _ received: ArraySlice<UInt8>) -> Bool {
        var difference: UInt8 = 0
        for place in code.indices { difference |= code[place] ^ received[received.startIndex + place] }
        return difference == 0
    }

    /// RFC 8489 §5.
    package static let headerSize = 20
    static let magicCookie: UInt32 = 0x2112_A442

    /// No path carries more unfragmented (RFC 8489 §6.1).
    package static let maximumSize = 1500
    package static let maximumAttributes = 32
}

/// The fixed 20 octets.
private struct Header {
    let type: STUNMessageType
    let length: Int
    let transactionID: TransactionID

    init(decoding datagram: ArraySlice<UInt8>) throws(STUNDecodingError) {
        guard datagram.count >= STUNMessage.headerSize else {
            throw .truncated(have: datagram.count, need: STUNMessage.headerSize)
        }
        var reader = ByteReader(datagram)
        do {
            let word = try reader.readUInt16()
            let length = Int(try reader.readUInt16())
            let cookie = try reader.readUInt32()
            guard let type = STUNMessageType(word: word), cookie == STUNMessage.magicCookie else {
                throw STUNDecodingError.notSTUN
            }
            guard length % 4 == 0 else { throw STUNDecodingError.misaligned }
            self.type = type
            self.length = length
            self.transactionID = TransactionID(high: try reader.readUInt32(), low: try reader.readUInt64())
        } catch let error as STUNDecodingError {
            throw error
        } catch {
            throw .truncated(have: datagram.count, need: STUNMessage.headerSize)
        }
    }
}
