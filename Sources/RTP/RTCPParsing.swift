import Wire

extension RTCPPacket {
    /// Reads all packets of one datagram (RFC 3550 §A.2, reduced size accepted: RFC 5506), and hands each to `body`
    /// once the form of the whole is known to be right. For reports nothing is allocated.
    ///
    /// An SDES or BYE whose inside is damaged becomes ``unknown(type:)``; the others still count.
    /// - Parameter bytes: The plain datagram (after SRTCP), at most 64 packets.
    package static func parse(_ bytes: [UInt8], _ body: (RTCPPacket) -> Void) throws(RTPError) {
        try self.walk(bytes[...]) { _, _, _ in }
        try self.walk(bytes[...]) { type, count, octets in
            body(self.parseOne(type: type, count: count, octets))
        }
    }

    private static func walk(
        _ bytes: ArraySlice<UInt8>, _ body: (UInt8, Int, ArraySlice<UInt8>) -> Void
    ) throws(RTPError) {
        var packetCount = 0
        var rest = bytes
        repeat {
            guard rest.count >= 4 else { throw .truncated(have: rest.count, need: 4) }
            let start = rest.startIndex
            let first = rest[start]
            guard first >> 6 == 2 else { throw .unsupportedVersion(first >> 6) }
            let length = 4 * (Int(rest[start + 2]) << 8 | Int(rest[start + 3])) + 4
            guard rest.count >= length else { throw .truncated(have: rest.count, need: length) }
            var end = start + length
            if first & 0x20 != 0 {
                // Only the last packet may be padded.
                let padding = Int(rest[end - 1])
                guard length == rest.count, padding > 0, padding % 4 == 0, padding <= length - 4 else {
                    throw .badPadding
                }
                end -= padding
            }
            guard packetCount < maximumPackets else { throw .badCompound }
            packetCount += 1
            body(rest[start + 1], Int(first & 0x1F), rest[(start + 4)..<end])
            rest = rest[(start + length)...]
        } while !rest.isEmpty
    }

    /// All of them.
    package static func parse(_ bytes: [UInt8]) throws(RTPError) -> [RTCPPacket] {
        var packets: [RTCPPacket] = []
        try self.parse(bytes) { packets.append($0) }
        return packets
    }

    private static func parseOne(type: UInt8, count: Int, _ body: ArraySlice<UInt8>) -> RTCPPacket {
        var reader = ByteReader(body)
        do {
            switch type {
            case RTCPType.senderReport:
                var report = SenderReport(
                    sender: try reader.readUInt32(), ntpTimestamp: try reader.readUInt64(),
                    rtpTimestamp: try reader.readUInt32(), packetCount: try reader.readUInt32(),
                    octetCount: try reader.readUInt32(), blocks: ReportBlocks(nil))
                report.blocks = try ReportBlocks(count: count, from: &reader)
                return .senderReport(report)
            case RTCPType.receiverReport:
                return .receiverReport(
                    sender: try reader.readUInt32(), blocks: try ReportBlocks(count: count, from: &reader))
            case RTCPType.sourceDescription:
                try checkNames(chunks: count, from: &reader)
                return .sourceDescription
            case RTCPType.goodbye:
                var sources: [UInt32] = []
                for _ in 0..<count { sources.append(try reader.readUInt32()) }
                return .goodbye(sources: sources)
            case RTCPType.extendedReport:
                let sender = try reader.readUInt32()
                guard let losses = try readLosses(from: &reader) else { return .unknown(type: type) }
                return .extendedReport(sender: sender, losses: losses)
            default:
                return .unknown(type: type)
            }
        } catch {
            return .unknown(type: type)
        }
    }
}

/// The first loss map among the blocks of an extended report (RFC 3611 §3): a peer has one source to tell of.
private func readLosses(from reader: inout ByteReader) throws(ByteReader.Failure) -> LossMap? {
    while !reader.isAtEnd {
        let type = try reader.readUInt8()
        let thinning = try reader.readUInt8() & 0x0F
        var block = ByteReader(try reader.readSlice(4 * Int(try reader.readUInt16())))
        // A map of every second or fourth packet says nothing of runs.
        if type == LossMap.blockType, thinning == 0 { return try LossMap(reading: &block) }
    }
    return nil
}

private func checkNames(chunks: Int, from reader: inout ByteReader) throws(ByteReader.Failure) {
    for _ in 0..<chunks {
        _ = try reader.readUInt32()
        var itemOctets = 0
        while true {
            let item = try reader.readUInt8()
            itemOctets += 1
            if item == SourceDescriptionItem.end { break }
            let count = Int(try reader.readUInt8())
            _ = try reader.readSlice(count)
            itemOctets += 1 + count
        }
        // Each chunk ends on a 32-bit border (RFC 3550 §6.5).
        _ = try reader.readSlice((4 - itemOctets % 4) % 4)
    }
}

/// A datagram of 1500 octets holds more only in an attack.
private let maximumPackets = 64
