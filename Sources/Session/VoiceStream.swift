package import Audio
package import RTP
internal import SecureTransport
package import Wire

/// The voice both ways over one protected path: Opus in RTP in SRTP, with its reports.
///
/// Until ``isOpen`` nothing received is decoded and nothing captured is sent. One owner thread.
package final class VoiceStream {
    /// Datagrams out, and what the peer's reports say.
    enum Arrival: Equatable {
        /// Taken, or dropped and counted.
        case none
        /// The peer's RTCP BYE.
        case goodbye
    }

    package private(set) var sendStatistics: SendStatistics
    package private(set) var receiveStatistics = ReceiveStatistics()
    /// Datagrams that did not verify, or came before they may be heard.
    package private(set) var rejectedCount = 0
    /// When the last packet of the peer's voice came.
    package private(set) var lastHeard: Instant?
    /// Both ends saw the same certificates, and the patient agreed.
    package var isOpen = false

    private let ssrc: UInt32
    private let cname: [UInt8]
    private let payloadType: UInt8
    private let outgoing: SRTPSender
    private let incoming: SRTPReceiver
    private var encoder: AudioSender
    private var decoder: AudioReceiver
    private var schedule: ReportSchedule
    private var sequence: UInt16
    private let timestampOffset: UInt32
    private var payload: [UInt8] = []

    /// - Parameter ssrc: what our description announced.
    init(
        keys: DTLSResult, ssrc: UInt32, cname: [UInt8], payloadType: UInt8, encoder: OpusEncoderSettings,
        random: inout RandomSource, now: Instant
    ) throws {
        self.outgoing = try SRTPSender(keys)
        self.incoming = try SRTPReceiver(keys)
        self.encoder = try AudioSender(settings: encoder)
        self.decoder = try AudioReceiver()
        self.ssrc = ssrc
        self.cname = cname
        self.payloadType = payloadType
        self.sendStatistics = SendStatistics(source: ssrc)
        self.schedule = ReportSchedule(now: now, random: random.child())
        // RFC 3550 §5.1 asks for random starts; the upper half stays free so that loss cannot wrap early.
        self.sequence = UInt16(truncatingIfNeeded: random.next()) & 0x7FFF
        self.timestampOffset = UInt32(truncatingIfNeeded: random.next())
        self.payload.reserveCapacity(AudioFormat.maximumPayloadOctets)
    }

    package var audio: ReceiverStatistics { self.decoder.statistics }
    package var firstDecoded: Instant? { self.decoder.firstDecoded }

    // MARK: Out

    /// One block of 960 samples becomes one datagram; `nil` while the stream is not open.
    func send(_ block: Span<Int16>, now: Instant) throws -> [UInt8]? {
        guard self.isOpen else { return nil }
        let placement = try self.encoder.send(block, into: &self.payload)
        let header = RTPHeader(
            marker: placement.isMarked, payloadType: self.payloadType, sequenceNumber: self.sequence,
            timestamp: self.timestampOffset &+ placement.timestamp, ssrc: self.ssrc)
        self.sequence &+= 1
        var packet: [UInt8] = []
        packet.reserveCapacity(RTPHeader.size + self.payload.count + SRTPSender.rtpOverhead)
        packet.append(contentsOf: header.bytes)
        packet.append(contentsOf: self.payload)
        self.sendStatistics.send(header, payloadCount: self.payload.count, now: now)
        try self.outgoing.protectRTP(&packet)
        return packet
    }

    var nextReport: Instant { self.schedule.nextReport }

    /// The report that is due, if one is.
    func report(now: Instant) throws -> [UInt8]? {
        guard self.schedule.isDue(now: now) else { return nil }
        self.schedule.reportSent(now: now)
        return self.isOpen ? try self.compound(isGoodbye: false, now: now) : nil
    }

    /// The last datagram of the stream.
    func goodbye(now: Instant) throws -> [UInt8] {
        try self.compound(isGoodbye: true, now: now)
    }

    private func compound(isGoodbye: Bool, now: Instant) throws -> [UInt8] {
        let blocks = self.receiveStatistics.makeReportBlock(now: now).map { [$0] } ?? []
        let report = self.sendStatistics.makeReport(blocks: blocks, now: now)
        var datagram = RTCPCompound(report: report, source: self.ssrc, cname: self.cname, isGoodbye: isGoodbye).bytes
        try self.outgoing.protectRTCP(&datagram)
        return datagram
    }

    // MARK: In

    func receiveRTP(_ datagram: inout [UInt8], now: Instant) {
        guard self.isOpen, (try? self.incoming.unprotectRTP(&datagram)) != nil,
            let view = try? RTPPacketView(datagram), view.header.payloadType == self.payloadType
        else {
            self.rejectedCount += 1
            return
        }
        self.lastHeard = now
        self.receiveStatistics.receive(view.header, payloadCount: view.payload.count, now: now)
        self.decoder.receive(
            ssrc: view.header.ssrc, sequence: view.header.sequenceNumber, timestamp: view.header.timestamp,
            payload: datagram.span.extracting(view.payload), arrival: now)
    }

    func receiveRTCP(_ datagram: inout [UInt8], now: Instant) -> Arrival {
        guard (try? self.incoming.unprotectRTCP(&datagram)) != nil, let packets = try? RTCPPacket.parse(datagram)
        else {
            self.rejectedCount += 1
            return .none
        }
        var arrival = Arrival.none
        for packet in packets {
            switch packet {
            case .senderReport(let report):
                self.receiveStatistics.receive(report, now: now)
                self.sendStatistics.receive(report.blocks, now: now)
            case .receiverReport(_, let blocks): self.sendStatistics.receive(blocks, now: now)
            case .goodbye: arrival = .goodbye
            case .sourceDescription, .unknown: break
            }
        }
        return arrival
    }

    /// Gives the next 20 ms to play: 960 samples, all written; silence while nothing may be heard.
    func pull(into block: inout MutableSpan<Int16>, now: Instant) -> AudioReceiver.Playout {
        self.decoder.pull(into: &block, now: now)
    }
}
