package import Wire

/// A report to send: SR or RR first, then the canonical name, then perhaps losses and BYE (RFC 3550 §6.1).
package struct RTCPCompound: Equatable, Sendable {
    package var packets: [RTCPPacket]

    /// - Parameters:
    ///   - report: ``RTCPPacket/senderReport(_:)`` or ``RTCPPacket/receiverReport(sender:blocks:)``.
    ///   - cname: See ``canonicalName(from:)``.
    ///   - losses: Which packets of the peer came, for an extended report.
    package init(
        report: RTCPPacket, source: UInt32, cname: [UInt8], losses: LossMap? = nil, isGoodbye: Bool = false
    ) {
        self.packets = [report, .sourceDescription([source: cname])]
        if let losses { self.packets.append(.extendedReport(sender: source, losses: [losses])) }
        if isGoodbye { self.packets.append(.goodbye(sources: [source])) }
    }

    /// The plain datagram, a multiple of four octets.
    package var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 128)
        for packet in self.packets { packet.write(to: &writer) }
        return writer.bytes
    }

    /// A fresh name for one call: 96 random bits in base64 (RFC 7022 §4.2); it links nothing to nobody.
    package static func canonicalName(from random: inout RandomSource) -> [UInt8] {
        Array(random.bytes(count: 12).base64URL.utf8)
    }
}

extension RTCPPacket {
    func write(to writer: inout ByteWriter) {
        var body = ByteWriter(capacity: 64)
        switch self {
        case .senderReport(let report):
            body.write(report.sender)
            body.write(report.ntpTimestamp)
            body.write(report.rtpTimestamp)
            body.write(report.packetCount)
            body.write(report.octetCount)
            writeBlocks(report.blocks.prefix(maximumCount), to: &body)
            finish(RTCPType.senderReport, count: report.blocks.count, body, into: &writer)
        case .receiverReport(let sender, let blocks):
            body.write(sender)
            writeBlocks(blocks.prefix(maximumCount), to: &body)
            finish(RTCPType.receiverReport, count: blocks.count, body, into: &writer)
        case .sourceDescription(let names):
            for (source, name) in names.sorted(by: { $0.key < $1.key }).prefix(maximumCount) {
                let name = name.prefix(255)
                body.write(source)
                body.write(SourceDescriptionItem.cname)
                body.write(UInt8(name.count))
                body.write(name)
                // At least one null octet ends the list, and pads the chunk.
                body.writeZeros(4 - (2 + name.count) % 4)
            }
            finish(RTCPType.sourceDescription, count: names.count, body, into: &writer)
        case .goodbye(let sources):
            for source in sources.prefix(maximumCount) { body.write(source) }
            finish(RTCPType.goodbye, count: sources.count, body, into: &writer)
        case .extendedReport(let sender, let losses):
            body.write(sender)
            for map in losses { map.write(to: &body) }
            finish(RTCPType.extendedReport, count: 0, body, into: &writer)
        case .unknown:
            break
        }
    }
}

private func writeBlocks(_ blocks: ArraySlice<ReportBlock>, to body: inout ByteWriter) {
    for block in blocks {
        body.write(block.source)
        let lost = max(-(1 << 23), min((1 << 23) - 1, block.cumulativeLost))
        body.write(UInt32(block.fractionLost) << 24 | UInt32(bitPattern: lost) & 0xFF_FFFF)
        body.write(block.extendedHighestSequenceNumber)
        body.write(block.jitter)
        body.write(block.lastSenderReport)
        body.write(block.delaySinceLastSenderReport)
    }
}

private func finish(_ type: UInt8, count: Int, _ body: ByteWriter, into writer: inout ByteWriter) {
    writer.write(0x80 | UInt8(min(count, maximumCount)))
    writer.write(type)
    writer.write(UInt16(body.bytes.count / 4))
    writer.write(body.bytes)
}

/// Five bits (RFC 3550 §6.4.1).
private let maximumCount = 31
