/// One packet of a compound RTCP datagram (RFC 3550 §6), as far as this end understands it.
package enum RTCPPacket: Equatable, Sendable {
    case senderReport(SenderReport)
    case receiverReport(sender: UInt32, blocks: ReportBlocks)
    /// Canonical names (RFC 3550 §6.5.1): nobody here asks for them, so they are checked and not kept.
    case sourceDescription
    case goodbye(sources: [UInt32])
    /// The loss maps of an extended report (RFC 3611); its other blocks are skipped.
    case extendedReport(sender: UInt32, losses: LossMap)
    /// Feedback (RFC 4585), extended reports without loss maps, APP and whatever comes later.
    case unknown(type: UInt8)
}

/// What a sender says about itself (RFC 3550 §6.4.1).
package struct SenderReport: Equatable, Sendable {
    package var sender: UInt32
    /// Seconds since 1900 in the upper half, their fraction in the lower.
    package var ntpTimestamp: UInt64
    package var rtpTimestamp: UInt32
    package var packetCount: UInt32
    package var octetCount: UInt32
    package var blocks: ReportBlocks

    package init(
        sender: UInt32, ntpTimestamp: UInt64, rtpTimestamp: UInt32, packetCount: UInt32, octetCount: UInt32,
        blocks: ReportBlocks
    ) {
        self.sender = sender
        self.ntpTimestamp = ntpTimestamp
        self.rtpTimestamp = rtpTimestamp
        self.packetCount = packetCount
        self.octetCount = octetCount
        self.blocks = blocks
    }
}

/// What a receiver says about one source (RFC 3550 §6.4.1).
package struct ReportBlock: Equatable, Sendable {
    package var source: UInt32
    /// Lost since the last report, in 1/256.
    package var fractionLost: UInt8
    /// Lost since the beginning, −2^23 … 2^23 − 1; negative with duplicates.
    package var cumulativeLost: Int32
    /// Wraps in the upper half, highest sequence number in the lower.
    package var extendedHighestSequenceNumber: UInt32
    /// In timestamp units.
    package var jitter: UInt32
    /// The middle 32 bits of the last SR's NTP time, or 0.
    package var lastSenderReport: UInt32
    /// Since that SR came, in 1/65536 s.
    package var delaySinceLastSenderReport: UInt32

    package init(
        source: UInt32, fractionLost: UInt8, cumulativeLost: Int32, extendedHighestSequenceNumber: UInt32,
        jitter: UInt32, lastSenderReport: UInt32, delaySinceLastSenderReport: UInt32
    ) {
        self.source = source
        self.fractionLost = fractionLost
        self.cumulativeLost = cumulativeLost
        self.extendedHighestSequenceNumber = extendedHighestSequenceNumber
        self.jitter = jitter
        self.lastSenderReport = lastSenderReport
        self.delaySinceLastSenderReport = delaySinceLastSenderReport
    }
}

/// Packet types (RFC 3550 §12.1).
enum RTCPType {
    static let senderReport: UInt8 = 200
    static let receiverReport: UInt8 = 201
    static let sourceDescription: UInt8 = 202
    static let goodbye: UInt8 = 203
    /// RFC 3611 §2.
    static let extendedReport: UInt8 = 207
}

/// SDES item types (RFC 3550 §12.2).
enum SourceDescriptionItem {
    static let end: UInt8 = 0
    static let cname: UInt8 = 1
}
