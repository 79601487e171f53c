/// Reads big-endian fields from octets that a peer sent; every step is bounds-checked.
package struct ByteReader: Sendable {
    package enum Failure: Error, Equatable, Sendable {
        /// The field needs `need` octets and only `have` are left.
        case truncated(have: Int, need: Int)
    }

    private let bytes: ArraySlice<UInt8>
    private var position: Int

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.position = bytes.startIndex
    }

    package init(_ bytes: [UInt8]) {
        self.init(bytes[...])
    }

    /// Octets not yet read.
    package var remainingCount: Int { self.bytes.endIndex - self.position }

    package var isAtEnd: Bool { self.remainingCount == 0 }

    package mutating func readUInt8() throws(Failure) -> UInt8 {
        try self.require(1)
        defer { self.position += 1 }
        return self.bytes[self.position]
    }

    package mutating func readUInt16() throws(Failure) -> UInt16 {
        UInt16(truncatingIfNeeded: try self.readBigEndian(count: 2))
    }

    package mutating func readUInt32() throws(Failure) -> UInt32 {
        UInt32(truncatingIfNeeded: try self.readBigEndian(count: 4))
    }

    package mutating func readUInt64() throws(Failure) -> UInt64 {
        try self.readBigEndian(count: 8)
    }

    package mutating func readBytes(_ count: Int) throws(Failure) -> [UInt8] {
        [UInt8](try self.readSlice(count))
    }

    package mutating func readSlice(_ count: Int) throws(Failure) -> ArraySlice<UInt8> {
        try self.require(count)
        defer { self.position += count }
        return self.bytes[self.position..<self.position + count]
    }

    /// Everything not yet read, possibly nothing.
    package mutating func readRemainder() -> [UInt8] {
        defer { self.position = self.bytes.endIndex }
        return [UInt8](self.bytes[self.position...])
    }

    /// A u16 length, then that many octets (the `lp` form of the protocol).
    package mutating func readLengthPrefixed() throws(Failure) -> [UInt8] {
        let count = try self.readUInt16()
        return try self.readBytes(Int(count))
    }

    private mutating func readBigEndian(count: Int) throws(Failure) -> UInt64 {
        try self.require(count)
        var value: UInt64 = 0
        for offset in 0..<count {
            value = value << 8 | UInt64(self.bytes[self.position + offset])
        }
        self.position += count
        return value
    }

    private func require(_ count: Int) throws(Failure) {
        guard count >= 0, self.remainingCount >= count else {
            throw .truncated(have: self.remainingCount, need: count)
        }
    }
}
