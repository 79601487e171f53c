/// Appends big-endian fields to an octet buffer.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8]

    package init(capacity: Int = 0) {
        self.bytes = []
        self.bytes.reserveCapacity(capacity)
    }

    package mutating func write(_ value: UInt8) {
        self.bytes.append(value)
    }

    package mutating func write(_ value: UInt16) {
        self.writeBigEndian(UInt64(value), count: 2)
    }

    package mutating func write(_ value: UInt32) {
        self.writeBigEndian(UInt64(value), count: 4)
    }

    package mutating func write(_ value: UInt64) {
        self.writeBigEndian(value, count: 8)
    }

    package mutating func write(_ bytes: some Sequence<UInt8>) {
        self.bytes.append(contentsOf: bytes)
    }

    package mutating func writeZeros(_ count: Int) {
        self.bytes.append(contentsOf: repeatElement(0, count: count))
    }

    /// A u16 length, then the octets (the `lp` form of the protocol).
    /// - Precondition: at most 65 535 octets.
    package mutating func writeLengthPrefixed(_ bytes: some Collection<UInt8>) {
        precondition(bytes.count <= Int(UInt16.max), "a length-prefixed item holds at most 65535 octets")
        self.write(UInt16(bytes.count))
        self.write(bytes)
    }

    private mutating func writeBigEndian(_ value: UInt64, count: Int) {
        for shift in stride(from: (count - 1) * 8, through: 0, by: -8) {
            self.bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }
}

/// `lp(a, b, …)`: each item behind its u16 length; every hashed or signed structure is written so.
package func lengthPrefixed(_ items: [UInt8]...) -> [UInt8] {
    var writer = ByteWriter(capacity: items.reduce(0) { $0 + $1.count + 2 })
    for item in items {
        writer.writeLengthPrefixed(item)
    }
    return writer.bytes
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// The value's own width, most significant octet first.
    @inlinable package var bigEndianBytes: [UInt8] {
        withUnsafeBytes(of: self.bigEndian) { [UInt8]($0) }
    }
}
