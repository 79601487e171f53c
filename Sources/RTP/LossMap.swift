internal import Wire

/// Which packets of a source came and which did not: the loss RLE block of an extended report (RFC 3611 §4.1).
package struct LossMap: Equatable, Sendable {
    package var source: UInt32
    package var firstSequence: UInt16
    /// From `firstSequence` on.
    package var received: ReceivedBits

    package init(source: UInt32, firstSequence: UInt16, received: ReceivedBits) {
        self.source = source
        self.firstSequence = firstSequence
        self.received = received
    }

    /// As many packets as a map of ours tells of: more than come between two reports of ours, mostly.
    static let packetCount = chunkCount * bitsPerChunk
    private static let chunkCount = 12
    private static let bitsPerChunk = 15
    static let blockType: UInt8 = 1

    /// Writes the block, of one size whatever was lost: bit vectors, then null chunks.
    /// - Precondition: ``received`` holds at most ``packetCount``.
    func append(to bytes: inout [UInt8]) {
        precondition(self.received.count <= Self.packetCount, "a map of ours has fixed room")
        bytes.append(Self.blockType)
        bytes.append(0)
        bytes.append(bigEndian: UInt16(2 + Self.chunkCount / 2))
        bytes.append(bigEndian: self.source)
        bytes.append(bigEndian: self.firstSequence)
        bytes.append(bigEndian: self.firstSequence &+ UInt16(self.received.count))
        for chunk in 0..<Self.chunkCount {
            let start = chunk * Self.bitsPerChunk
            guard start < self.received.count else {
                bytes.append(bigEndian: UInt16(0))
                continue
            }
            var bits: UInt16 = 0x8000
            for index in start..<min(start + Self.bitsPerChunk, self.received.count) where self.received[index] {
                bits |= 0x4000 >> UInt16(index - start)
            }
            bytes.append(bigEndian: bits)
        }
    }

    /// Reads what follows the block's own header.
    init(reading reader: inout ByteReader) throws(ByteReader.Failure) {
        self.source = try reader.readUInt32()
        self.firstSequence = try reader.readUInt16()
        let count = min(Int(try reader.readUInt16() &- self.firstSequence), ReceivedBits.capacity)
        self.received = ReceivedBits()
        while self.received.count < count, reader.remainingCount >= 2 {
            let chunk = try reader.readUInt16()
            guard chunk != 0 else { break }
            let isVector = chunk & 0x8000 != 0
            let room = count - self.received.count
            if isVector {
                for bit in 0..<min(Self.bitsPerChunk, room) {
                    self.received.append(chunk & (0x4000 >> UInt16(bit)) != 0)
                }
            } else {
                let run = min(Int(chunk & 0x3FFF), room)
                for _ in 0..<run { self.received.append(chunk & 0x4000 != 0) }
            }
        }
    }
}

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

/// Whether losses come in runs, from the peer's maps of them.
struct LossBurstiness: Sendable {
    private(set) var isBursty = false
    private var losses = 0.0
    private var runs = 0.0
    private var nextSequence: UInt16?
    private var wasLost = false

    mutating func receive(_ map: LossMap) {
        self.losses *= Self.memory
        self.runs *= Self.memory
        // Maps overlap: what was told before is passed over.
        var known = self.nextSequence.map { Int($0 &- map.firstSequence) } ?? 0
        if known > map.received.count {
            self.wasLost = false
            known = 0
        }
        for hasCome in map.received.dropFirst(known) {
            if !hasCome {
                self.losses += 1
                if !self.wasLost { self.runs += 1 }
            }
            self.wasLost = !hasCome
        }
        self.nextSequence = map.firstSequence &+ UInt16(map.received.count)
        guard self.losses >= Self.enough else { return }
        let length = self.losses / max(self.runs, 1)
        self.isBursty = length >= (self.isBursty ? Self.shortRuns : Self.longRuns)
    }

    /// Per report: half is forgotten after 2.4, some 6 s.
    private static let memory = 0.75
    /// Losses of which something can be said.
    private static let enough = 8.0
    /// Packets: losses by chance make runs of 1.1 at a tenth and of 1.25 at a fifth.
    private static let longRuns = 1.8
    private static let shortRuns = 1.4
}
