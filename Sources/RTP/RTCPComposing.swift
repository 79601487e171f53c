package import Wire

/// A report to send: SR or RR first, then the canonical name, then perhaps losses and BYE (RFC 3550 §6.1).
package struct RTCPCompound: Sendable {
    private let report: RTCPPacket
    private let source: UInt32
    private let cname: [UInt8]
    private let losses: LossMap?
    private let isGoodbye: Bool

    /// - Parameters:
    ///   - report: ``RTCPPacket/senderReport(_:)`` or ``RTCPPacket/receiverReport(sender:blocks:)``.
    ///   - cname: See ``canonicalName(from:)``; at most 255 octets.
    ///   - losses: Which packets of the peer came, for an extended report.
    package init(
        report: RTCPPacket, source: UInt32, cname: [UInt8], losses: LossMap? = nil, isGoodbye: Bool = false
    ) {
        self.report = report
        self.source = source
        self.cname = cname
        self.losses = losses
        self.isGoodbye = isGoodbye
    }

    /// The plain datagram, a multiple of four octets.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        self.append(to: &bytes)
        return bytes
    }

    /// Writes the plain datagram; where the array has room nothing is allocated.
    package func append(to bytes: inout [UInt8]) {
        switch self.report {
        case .senderReport(let report):
            let start = begin(RTCPType.senderReport, count: report.blocks.count, in: &bytes)
            bytes.append(bigEndian: report.sender)
            bytes.append(bigEndian: report.ntpTimestamp)
            bytes.append(bigEndian: report.rtpTimestamp)
            bytes.append(bigEndian: report.packetCount)
            bytes.append(bigEndian: report.octetCount)
            write(report.blocks, to: &bytes)
            finish(start, in: &bytes)
        case .receiverReport(let sender, let blocks):
            let start = begin(RTCPType.receiverReport, count: blocks.count, in: &bytes)
            bytes.append(bigEndian: sender)
            write(blocks, to: &bytes)
            finish(start, in: &bytes)
        case .sourceDescription, .goodbye, .extendedReport, .unknown: break
        }
        let names = begin(RTCPType.sourceDescription, count: 1, in: &bytes)
        let name = self.cname.prefix(255)
        bytes.append(bigEndian: self.source)
        bytes.append(SourceDescriptionItem.cname)
        bytes.append(UInt8(name.count))
        bytes.append(contentsOf: name)
        // At least one null octet ends the list, and pads the chunk.
        for _ in 0..<4 - (2 + name.count) % 4 { bytes.append(0) }
        finish(names, in: &bytes)
        if let losses = self.losses {
            let start = begin(RTCPType.extendedReport, count: 0, in: &bytes)
            bytes.append(bigEndian: self.source)
            losses.append(to: &bytes)
            finish(start, in: &bytes)
        }
        if self.isGoodbye {
            let start = begin(RTCPType.goodbye, count: 1, in: &bytes)
            bytes.append(bigEndian: self.source)
            finish(start, in: &bytes)
        }
    }

    /// A fresh name for one call: 96 random bits in base64 (RFC 7022 §4.2); it links nothing to nobody.
    package static func canonicalName(from random: inout RandomSource) -> [UInt8] {
        Array(random.bytes(count: 12).base64URL.utf8)
    }
}

private func write(_ blocks: ReportBlocks, to bytes: inout [UInt8]) {
    for block in blocks {
        bytes.append(bigEndian: block.source)
        let lost = max(-(1 << 23), min((1 << 23) - 1, block.cumulativeLost))
        bytes.append(bigEndian: UInt32(block.fractionLost) << 24 | UInt32(bitPattern: lost) & 0xFF_FFFF)
        bytes.append(bigEndian: block.extendedHighestSequenceNumber)
        bytes.append(bigEndian: block.jitter)
        bytes.append(bigEndian: block.lastSenderReport)
        bytes.append(bigEndian: block.delaySinceLastSenderReport)
    }
}

/// - Returns: where the packet starts.
private func begin(_ type: UInt8, count: Int, in bytes: inout [UInt8]) -> Int {
    let start = bytes.count
    bytes.append(0x80 | UInt8(truncatingIfNeeded: count))
    bytes.append(type)
    bytes.append(bigEndian: UInt16(0))
    return start
}

/// The length in words, less one (RFC 3550 §6.4.1).
private func finish(_ start: Int, in bytes: inout [UInt8]) {
    let words = (bytes.count - start) / 4 - 1
    bytes[start + 2] = UInt8(truncatingIfNeeded: words >> 8)
    bytes[start + 3] = UInt8(truncatingIfNeeded: words)
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            self.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
