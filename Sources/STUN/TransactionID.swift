package import Wire

/// The 96 bits that tie a response to its request (RFC 8489 §5).
package struct TransactionID: Hashable, Sendable {
    package let high: UInt32
    package let low: UInt64

    package init(high: UInt32, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A fresh identifier; unpredictable when `random` is the system's source.
    package init(random: inout RandomSource) {
        self.init(high: UInt32(truncatingIfNeeded: random.next()), low: random.next())
    }

    /// 12 octets, as on the wire.
    package var bytes: [UInt8] { self.high.bigEndianBytes + self.low.bigEndianBytes }
}
