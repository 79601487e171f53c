package import Wire

/// What one sends, and what the peer's reports say about it (RFC 3550 §6.4).
package struct SendStatistics: Sendable {
    package let source: UInt32
    package private(set) var packetsSent: UInt64 = 0
    /// Octets of payload, without headers and padding.
    package private(set) var octetsSent: UInt64 = 0
    /// From the last report block that carried LSR and DLSR.
    package private(set) var roundTripTime: Duration?
    /// The peer's last report about ``source``.
    package private(set) var lastBlock: ReportBlock?

    private let clockRate: Double
    /// Where NTP time and RTP time met last.
    private var lastPacket: (timestamp: UInt32, sent: Instant)?

    package init(source: UInt32, clockRate: Int = 48_000) {
        self.source = source
        self.clockRate = Double(clockRate)
    }

    package mutating func send(_ header: RTPHeader, payloadCount: Int, now: Instant) {
        self.packetsSent += 1
        self.octetsSent += UInt64(max(0, payloadCount))
        self.lastPacket = (header.timestamp, now)
    }

    /// Reads the peer's report blocks; those about other sources are ignored.
    package mutating func receive(_ blocks: ReportBlocks, now: Instant) {
        var ours: ReportBlock?
        for block in blocks where block.source == self.source { ours = block }
        guard let block = ours else { return }
        self.lastBlock = block
        guard block.lastSenderReport != 0 else { return }
        // RFC 3550 §6.4.1, figure 2; in 1/65536 s, modulo 2^32.
        let elapsed =
            Self.middle(of: Self.ntpTimestamp(now))
            &- block.lastSenderReport &- block.delaySinceLastSenderReport
        // A negative difference (the peer's clock is coarse) shows as a huge value.
        let duration = Duration.nanoseconds(Int64(elapsed) * 1_000_000_000 / 65_536)
        self.roundTripTime = elapsed > 1 << 31 ? .zero : duration
    }

    /// A report for the peer: SR if a packet was sent since the call began, else RR.
    package func makeReport(blocks: ReportBlocks, now: Instant) -> RTCPPacket {
        guard let lastPacket = self.lastPacket else { return .receiverReport(sender: self.source, blocks: blocks) }
        let units = ((now - lastPacket.sent).fractionalSeconds * self.clockRate).rounded()
        let advance = UInt32(truncatingIfNeeded: Int64(max(0, min(units, 0x1p62))))
        return .senderReport(
            SenderReport(
                sender: self.source, ntpTimestamp: Self.ntpTimestamp(now),
                rtpTimestamp: lastPacket.timestamp &+ advance,
                packetCount: UInt32(truncatingIfNeeded: self.packetsSent),
                octetCount: UInt32(truncatingIfNeeded: self.octetsSent), blocks: blocks))
    }

    /// The session's monotonic clock in NTP's format: nobody learns the wall clock, and a step of it
    /// cannot spoil a round trip (RFC 3550 §6.4.1 allows any reference).
    package static func ntpTimestamp(_ now: Instant) -> UInt64 {
        let nanoseconds = UInt64(clamping: now.nanoseconds)
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return (seconds &+ 1) << 32 | rest << 32 / 1_000_000_000
    }

    private static func middle(of ntpTimestamp: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: ntpTimestamp >> 16)
    }
}
