/// What a RED packet carries: copies of earlier payloads, oldest first, then the payload itself (RFC 2198 §3).
///
/// Read without allocation; ranges are octet positions in the span that was read.
package struct RedundantPayload {
    package struct Block: Equatable, Sendable {
        package var payloadType: UInt8
        /// Timestamp units by which the block is earlier than the packet, 0 for the payload itself.
        package var timestampOffset: Int
        package var range: Range<Int>

        package init(payloadType: UInt8, timestampOffset: Int, range: Range<Int>) {
            self.payloadType = payloadType
            self.timestampOffset = timestampOffset
            self.range = range
        }
    }

    /// Blocks in all, the payload itself included: at least one.
    package private(set) var count = 0
    private var blocks: InlineArray<8, Block>

    /// - Precondition: `index` is less than ``count``.
    package subscript(index: Int) -> Block {
        precondition(index < self.count, "no such block")
        return self.blocks[index]
    }

    /// The payload itself.
    package var primary: Block { self.blocks[self.count - 1] }

    /// Reads the headers and checks that their lengths fit.
    package init(_ bytes: Span<UInt8>) throws(RTPError) {
        self.blocks = InlineArray(repeating: Block(payloadType: 0, timestampOffset: 0, range: 0..<0))
        var cursor = 0
        while true {
            guard cursor < bytes.count else { throw .truncated(have: bytes.count, need: cursor + 1) }
            guard self.count < self.blocks.count else { throw .badCompound }
            let first = bytes[cursor]
            guard first & 0x80 != 0 else {
                self.blocks[self.count] = Block(payloadType: first, timestampOffset: 0, range: 0..<0)
                self.count += 1
                cursor += 1
                break
            }
            guard bytes.count - cursor >= Self.headerSize else {
                throw .truncated(have: bytes.count, need: cursor + Self.headerSize)
            }
            // 14 bits of offset, 10 of length.
            let offset = Int(bytes[cursor + 1]) << 6 | Int(bytes[cursor + 2]) >> 2
            let length = Int(bytes[cursor + 2] & 3) << 8 | Int(bytes[cursor + 3])
            self.blocks[self.count] = Block(
                payloadType: first & 0x7F, timestampOffset: offset, range: 0..<length)
            self.count += 1
            cursor += Self.headerSize
        }
        for index in 0..<self.count - 1 {
            let end = cursor + self.blocks[index].range.count
            guard end <= bytes.count else { throw .truncated(have: bytes.count, need: end) }
            self.blocks[index].range = cursor..<end
            cursor = end
        }
        self.blocks[self.count - 1].range = cursor..<bytes.count
    }

    /// Octets of a copy's header; that of the payload itself has one.
    static let headerSize = 4
    /// What fits into the fields.
    static let longestOffset = (1 << 14) - 1
    static let longestCopy = (1 << 10) - 1
}

/// The payloads sent lately, and RED packets made of them. One per stream; nothing is allocated after `init`.
package struct RedundancyHistory: Sendable {
    private struct Entry: Sendable {
        var timestamp: UInt32 = 0
        var count = 0
    }

    private var storage: [UInt8]
    private var entries: [Entry]
    private var newest = 0
    private var filled = 0

    package init() {
        self.storage = [UInt8](repeating: 0, count: Self.depth * RedundantPayload.longestCopy)
        self.entries = [Entry](repeating: Entry(), count: Self.depth)
    }

    /// What a packet made now is short of one with `copies` payloads of `count` octets: of the first packets of a
    /// stream, and the first behind smaller ones.
    package func shortage(copies: CopySpread, count: Int, timestamp: UInt32) -> Int {
        copies.distances.reduce(0) { shortage, distance in
            guard let entry = self.entry(distance, before: timestamp) else {
                return shortage + RedundantPayload.headerSize + count
            }
            return shortage + max(0, count - entry.count)
        }
    }

    /// Appends to `packet` the payload behind copies of those before it that `copies` names.
    ///
    /// With payloads of one size all packets have one size, but for what ``shortage(copies:count:timestamp:)`` tells.
    /// - Parameter payloadType: Of the payloads inside.
    package func append(
        _ payload: Span<UInt8>, timestamp: UInt32, copies: CopySpread, payloadType: UInt8, to packet: inout [UInt8]
    ) {
        let distances = copies.distances
        for distance in distances {
            guard let entry = self.entry(distance, before: timestamp) else { continue }
            let offset = Int(timestamp &- entry.timestamp)
            packet.append(0x80 | payloadType)
            packet.append(UInt8(offset >> 6))
            packet.append(UInt8(offset & 0x3F) << 2 | UInt8(entry.count >> 8))
            packet.append(UInt8(entry.count & 0xFF))
        }
        packet.append(payloadType & 0x7F)
        for distance in distances {
            guard let entry = self.entry(distance, before: timestamp) else { continue }
            let start = self.index(distance) * RedundantPayload.longestCopy
            packet.append(contentsOf: self.storage[start..<start + entry.count])
        }
        for index in 0..<payload.count { packet.append(payload[index]) }
    }

    /// Remembers a payload; one that no copy's length could tell is forgotten at once.
    package mutating func remember(_ payload: Span<UInt8>, timestamp: UInt32) {
        guard payload.count <= RedundantPayload.longestCopy else {
            self.filled = 0
            return
        }
        self.newest = (self.newest + 1) % Self.depth
        self.filled = min(self.filled + 1, Self.depth)
        self.entries[self.newest] = Entry(timestamp: timestamp, count: payload.count)
        let start = self.newest * RedundantPayload.longestCopy
        for index in 0..<payload.count { self.storage[start + index] = payload[index] }
    }

    /// The payload `distance` before the next one, if it was sent and its offset can be told.
    private func entry(_ distance: Int, before timestamp: UInt32) -> Entry? {
        guard distance <= self.filled else { return nil }
        let entry = self.entries[self.index(distance)]
        return Int(timestamp &- entry.timestamp) <= RedundantPayload.longestOffset ? entry : nil
    }

    /// The place of the payload `distance` before the next one, 1 for the newest.
    private func index(_ distance: Int) -> Int { (self.newest + Self.depth - (distance - 1)) % Self.depth }

    /// Payloads remembered: as far back as copies reach.
    private static let depth = CopySpread.reach
}
