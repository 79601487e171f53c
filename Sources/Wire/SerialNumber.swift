/// A counter that wraps, compared by serial number arithmetic (RFC 1982; RTP sequence numbers and
/// timestamps, RFC 3550 §A.1).
package struct SerialNumber<Value: FixedWidthInteger & UnsignedInteger & Sendable>: Hashable, Sendable {
    package var value: Value

    @inlinable package init(_ value: Value) {
        self.value = value
    }

    /// Steps from `other` to `self`, negative when `self` is the older; in ±half the range.
    @inlinable package func distance(from other: SerialNumber) -> Int {
        let forward = self.value &- other.value
        let half = Value(1) << (Value.bitWidth - 1)
        return forward < half ? Int(forward) : -Int(0 &- forward)
    }

    @inlinable package func advanced(by steps: Int) -> SerialNumber {
        SerialNumber(self.value &+ Value(truncatingIfNeeded: steps))
    }

    @inlinable package func isNewer(than other: SerialNumber) -> Bool {
        self.distance(from: other) > 0
    }
}
