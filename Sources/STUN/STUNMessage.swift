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
    package let attributes: [STUNAttribute]

    /// The whole message, header included.
    private let encoded: ArraySlice<UInt8>
    /// Where MESSAGE-INTEGRITY starts, counted from the start of the message.
    private let integrityOffset: Int?

    /// Reads one datagram that is exactly one message.
    package init(decoding datagram: ArraySlice<UInt8>) throws(STUNDecodingError) {
        guard datagram.count <= Self.maximumSize else { throw .oversized }
        let header = try Header(decoding: datagram)
        let need = Self.headerSize + header.length
        guard datagram.count >= need else { throw .truncated(have: datagram.count, need: need) }
        guard datagram.count == need else { throw .oversized }

        var attributes: [STUNAttribute] = []
        var integrityOffset: Int?
        var sawFingerprint = false
        var position = datagram.startIndex + Self.headerSize
        while position < datagram.endIndex {
            guard !sawFingerprint else { throw .badFingerprint }
            guard attributes.count < Self.maximumAttributes else { throw .tooManyAttributes }
            let start = position
            let attribute = try Self.readAttribute(in: datagram, at: &position)
            switch attribute.type {
            case .fingerprint:
                guard Fingerprint.isValid(attribute.value, of: datagram[..<start]) else { throw .badFingerprint }
                sawFingerprint = true
                attributes.append(attribute)
            case .messageIntegrity where integrityOffset == nil:
                integrityOffset = start - datagram.startIndex
                attributes.append(attribute)
            case .messageIntegritySHA256:
                attributes.append(attribute)
            default:
                if integrityOffset == nil { attributes.append(attribute) }
            }
        }

        self.messageClass = header.type.messageClass
        self.method = header.type.method
        self.transactionID = header.transactionID
        self.attributes = attributes
        self.encoded = datagram
        self.integrityOffset = integrityOffset
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
        let covered = self.encoded.prefix(offset)
        let expected = MessageIntegrity.code(over: covered, key: key)
        return constantTimeEquals(expected, [UInt8](received)) ? .valid : .invalid
    }

    private static func readAttribute(
        in datagram: ArraySlice<UInt8>, at position: inout Int
    ) throws(STUNDecodingError) -> STUNAttribute {
        let left = datagram.endIndex - position
        guard left >= 4 else { throw .truncated(have: left, need: 4) }
        let type = UInt16(datagram[position]) << 8 | UInt16(datagram[position + 1])
        let length = Int(datagram[position + 2]) << 8 | Int(datagram[position + 3])
        let padded = (length + 3) & ~3
        guard left - 4 >= padded else { throw .truncated(have: left - 4, need: padded) }
        let value = datagram[position + 4..<position + 4 + length]
        position += 4 + padded
        return STUNAttribute(type: STUNAttributeType(rawValue: type), value: value)
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
