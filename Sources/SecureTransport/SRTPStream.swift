/// The packet indices of one source under one key: extends sequence numbers by their roll-over count and knows which
/// were used (RFC 3711 §3.3).
struct SRTPStream {
    let ssrc: UInt32
    private var highest: UInt64?
    /// One bit for each of the last ``windowSize`` indices, at its remainder.
    private var used: InlineArray<16, UInt64> = InlineArray(repeating: 0)

    init(ssrc: UInt32) {
        self.ssrc = ssrc
    }

    /// The 48-bit index that `sequence` most likely stands for (RFC 3711 §3.3.1, appendix A).
    /// - Returns: `nil` if it would lie before the first or behind the last index of a key.
    func index(of sequence: UInt16) -> UInt64? {
        guard let highest = self.highest else { return UInt64(sequence) }
        let newest = UInt16(truncatingIfNeeded: highest)
        var rollover = Int64(highest >> 16)
        if newest < 0x8000 {
            if Int(sequence) - Int(newest) > 0x8000 { rollover -= 1 }
        } else if Int(newest) - 0x8000 > Int(sequence) {
            rollover += 1
        }
        guard rollover >= 0, rollover <= Int64(UInt32.max) else { return nil }
        return UInt64(rollover) << 16 | UInt64(sequence)
    }

    /// Whether an index may still be taken.
    func isFresh(_ index: UInt64) -> Bool {
        guard let highest = self.highest, index <= highest else { return true }
        guard highest - index < UInt64(Self.windowSize) else { return false }
        return self.used[Self.word(index)] & Self.bit(index) == 0
    }

    /// Marks an index as taken; the caller found it fresh, and the packet authentic.
    mutating func take(_ index: UInt64) {
        if let highest = self.highest {
            if index > highest {
                let passed = min(index - highest, UInt64(Self.windowSize))
                for step in 0..<passed { self.used[Self.word(index - step)] &= ~Self.bit(index - step) }
                self.highest = index
            }
        } else {
            self.highest = index
        }
        self.used[Self.word(index)] |= Self.bit(index)
    }

    private static func word(_ index: UInt64) -> Int { Int(index / 64 % 16) }
    private static func bit(_ index: UInt64) -> UInt64 { 1 << (index % 64) }

    /// Packets a straggler may lie behind the newest one; 20 s of audio.
    static let windowSize = 1024
}

/// The streams of one direction, few: looked up by walking. Streams are made only for packets found authentic.
struct SRTPStreams {
    private var streams: [SRTPStream] = []

    init() {
        self.streams.reserveCapacity(8)
    }

    /// The stream of a source as it is, or a new one that nobody knows yet.
    subscript(ssrc: UInt32) -> SRTPStream {
        for stream in self.streams where stream.ssrc == ssrc { return stream }
        return SRTPStream(ssrc: ssrc)
    }

    /// Whether a packet of this source can be taken: a peer with ever new sources must not fill the memory.
    func hasRoom(for ssrc: UInt32) -> Bool {
        self.streams.count < Self.maximumCount || self.streams.contains { $0.ssrc == ssrc }
    }

    mutating func take(_ index: UInt64, of ssrc: UInt32) {
        for place in self.streams.indices where self.streams[place].ssrc == ssrc {
            self.streams[place].take(index)
            return
        }
        var stream = SRTPStream(ssrc: ssrc)
        stream.take(index)
        self.streams.append(stream)
    }

    /// A peer may change its source in mid-call (RFC 8108), but has little cause to.
    private static let maximumCount = 64
}
