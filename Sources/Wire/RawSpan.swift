/// Unaligned big-endian reads; every caller has compared the position with `byteCount` before.
extension RawSpan {
    @inlinable package func octet(at position: Int) -> UInt8 {
        self.unsafeLoadUnaligned(fromByteOffset: position, as: UInt8.self)
    }

    @inlinable package func bigEndian16(at position: Int) -> UInt16 {
        UInt16(bigEndian: self.unsafeLoadUnaligned(fromByteOffset: position, as: UInt16.self))
    }

    @inlinable package func bigEndian64(at position: Int) -> UInt64 {
        UInt64(bigEndian: self.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    @inlinable package func bigEndian32(at position: Int) -> UInt32 {
        UInt32(bigEndian: self.unsafeLoadUnaligned(fromByteOffset: position, as: UInt32.self))
    }
}

extension MutableRawSpan {
    @inlinable package mutating func store(_ value: UInt8, at position: Int) {
        self.storeBytes(of: value, toByteOffset: position, as: UInt8.self)
    }

    @inlinable package mutating func store(_ value: UInt16, at position: Int) {
        self.storeBytes(of: value.bigEndian, toByteOffset: position, as: UInt16.self)
    }

    @inlinable package mutating func store(_ value: UInt32, at position: Int) {
        self.storeBytes(of: value.bigEndian, toByteOffset: position, as: UInt32.self)
    }

    @inlinable package mutating func store(_ value: UInt64, at position: Int) {
        self.storeBytes(of: value.bigEndian, toByteOffset: position, as: UInt64.self)
    }

    /// - Precondition: all octets fit behind `position`.
    @inlinable package mutating func store(_ octets: [UInt8], at position: Int) {
        for (offset, octet) in octets.enumerated() { self.store(octet, at: position + offset) }
    }
}
