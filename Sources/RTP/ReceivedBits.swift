/// Whether packets in a row came, one bit each: at most ``capacity``. Nothing is allocated.
package struct ReceivedBits: RandomAccessCollection, Equatable, Sendable {
    /// 10 s of packets.
    package static let capacity = 8 * 64

    private var words = InlineArray<8, UInt64>(repeating: 0)
    package private(set) var endIndex = 0

    package init() {}

    /// What goes beyond the capacity is left out.
    package init(_ received: some Sequence<Bool>) {
        for hasCome in received { self.append(hasCome) }
    }

    package var startIndex: Int { 0 }

    package subscript(index: Int) -> Bool {
        precondition(index >= 0 && index < self.endIndex, "a packet that the bits tell of")
        return self.words[index >> 6] & 1 << UInt64(index & 63) != 0
    }

    /// What goes beyond the capacity is left out.
    mutating func append(_ hasCome: Bool) {
        guard self.endIndex < Self.capacity else { return }
        if hasCome { self.words[self.endIndex >> 6] |= 1 << UInt64(self.endIndex & 63) }
        self.endIndex += 1
    }

    package static func == (left: Self, right: Self) -> Bool { left.elementsEqual(right) }
}
