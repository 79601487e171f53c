/// Remembers which of the last packets came. Nothing is allocated for a packet.
struct ArrivalHistory: Sendable {
    /// One bit for each sequence number, by its low octet.
    private var bits: [UInt64] = [0, 0, 0, 0]
    private var first: Int64
    private var highest: Int64

    /// - Parameter first: The extended number of the first packet, which has come.
    init(first: Int64) {
        self.first = first
        self.highest = first - 1
        self.note(first)
    }

    /// - Parameter sequence: Extended over wraps.
    mutating func note(_ sequence: Int64) {
        if sequence > self.highest {
            let passed = min(sequence - self.highest, Self.capacity)
            for number in (sequence - passed + 1)...sequence { self.set(number, to: false) }
            self.highest = sequence
        }
        guard self.highest - sequence < Self.capacity else { return }
        self.first = min(self.first, sequence)
        self.set(sequence, to: true)
    }

    /// What came of the last packets but those that may still be on their way.
    func map(source: UInt32) -> LossMap {
        let end = max(self.highest - Self.unsettled, self.first)
        let start = max(self.first, end - Int64(LossMap.packetCount))
        return LossMap(
            source: source, firstSequence: UInt16(truncatingIfNeeded: start),
            received: ReceivedBits((start..<end).lazy.map { self.bits[Self.word(of: $0)] & Self.bit(of: $0) != 0 }))
    }

    private mutating func set(_ sequence: Int64, to hasCome: Bool) {
        if hasCome {
            self.bits[Self.word(of: sequence)] |= Self.bit(of: sequence)
        } else {
            self.bits[Self.word(of: sequence)] &= ~Self.bit(of: sequence)
        }
    }

    private static func word(of sequence: Int64) -> Int { Int(sequence >> 6 & 3) }
    private static func bit(of sequence: Int64) -> UInt64 { 1 << UInt64(sequence & 63) }

    private static let capacity: Int64 = 256
    /// 100 ms: what is reordered farther is called lost here.
    private static let unsettled: Int64 = 5
}
