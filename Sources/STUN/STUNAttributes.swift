/// The attributes of a message whose form was checked, read in place one by one.
package struct STUNAttributes: Sequence, Sendable {
    let message: ArraySlice<UInt8>
    /// Where MESSAGE-INTEGRITY starts, counted from the start of the message.
    let integrityOffset: Int?

    package struct Iterator: IteratorProtocol {
        fileprivate let attributes: STUNAttributes
        fileprivate var position: Int

        package mutating func next() -> STUNAttribute? {
            let message = self.attributes.message
            while self.position < message.endIndex {
                let offset = self.position - message.startIndex
                guard let attribute = try? STUNAttribute(in: message, at: &self.position) else { return nil }
                // Before MESSAGE-INTEGRITY, or that itself.
                let isCovered = self.attributes.integrityOffset.map { offset <= $0 } ?? true
                if STUNAttributes.counts(attribute.type, isCovered: isCovered) { return attribute }
            }
            return nil
        }
    }

    package func makeIterator() -> Iterator {
        Iterator(attributes: self, position: self.message.startIndex + STUNMessage.headerSize)
    }

    package var count: Int { self.reduce(0) { count, _ in count + 1 } }

    /// What MESSAGE-INTEGRITY does not cover is dropped, but for what may stand behind it (RFC 8489 §14.5).
    static func counts(_ type: STUNAttributeType, isCovered: Bool) -> Bool {
        isCovered || type == .messageIntegritySHA256 || type == .fingerprint
    }
}

extension STUNAttribute {
    /// Reads one attribute, and steps over its padding.
    init(in message: ArraySlice<UInt8>, at position: inout Int) throws(STUNDecodingError) {
        let left = message.endIndex - position
        guard left >= 4 else { throw .truncated(have: left, need: 4) }
        let type = UInt16(message[position]) << 8 | UInt16(message[position + 1])
        let length = Int(message[position + 2]) << 8 | Int(message[position + 3])
        let padded = (length + 3) & ~3
        guard left - 4 >= padded else { throw .truncated(have: left - 4, need: padded) }
        self.init(
            type: STUNAttributeType(rawValue: type), value: message[position + 4..<position + 4 + length])
        position += 4 + padded
    }
}
