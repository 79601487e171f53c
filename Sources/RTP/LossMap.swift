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
