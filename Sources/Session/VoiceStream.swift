package import Audio
package import RTP
package import SecureTransport
package import Wire

/// The voice both ways over one protected path: Opus in RTP in SRTP, with its reports.
///
/// Until ``isOpen`` nothing received is decoded and nothing captured is sent. What is sent adapts to the peer's
/// reports in steps (``SendAdaptation``). After warm-up nothing is allocated for a packet of voice. One owner thread.
package final class VoiceStream {
    /// Datagrams out, and what the peer's reports say.
    package enum Arrival: Equatable {
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
    /// Of RED (RFC 2198), where the peer takes it.
    private let redundancyType: UInt8?
    private let outgoing: SRTPSender
    private let incoming: SRTPReceiver
    private var encoder: AudioSender
    private var decoder: AudioReceiver
    private var schedule: ReportSchedule
    private var sequence: UInt16
    private let timestampOffset: UInt32
    private var payload: [UInt8] = []
    private var history = RedundancyHistory()
    private var adaptation: SendAdaptation
    private var breaker: CircuitBreaker
    private var effort: EncodingEffort
    /// Since when nothing is sent because the path plainly cannot bear it.
    private var restsSince: Instant?
    private var datagrams = DatagramRing(reserving: AudioFormat.maximumPayloadOctets)

    /// - Parameters:
    ///   - ssrc: what our description announced.
    ///   - redundancyType: of RED, if both descriptions name it.
    ///   - durations: of packets, as the peer's description has them.
    package init(
        keys: DTLSResult, ssrc: UInt32, cname: [UInt8], payloadType: UInt8, redundancyType: UInt8? = nil,
        durations: SendAdaptation.PacketDurations = .init(), encoder: OpusEncoderSettings,
        random: inout RandomSource, now: Instant
    ) throws {
        self.outgoing = try SRTPSender(keys)
        self.incoming = try SRTPReceiver(keys)
        self.adaptation = SendAdaptation(
            bitsPerSecond: encoder.bitsPerSecond, hasRedundancy: redundancyType != nil, durations: durations,
            isSteady: !encoder.adapts,
            now: now)
        self.breaker = CircuitBreaker(now: now)
        self.effort = EncodingEffort(complexity: encoder.complexity)
        self.encoder = try AudioSender(settings: encoder.adapted(to: self.adaptation.step))
        self.decoder = try AudioReceiver()
        self.ssrc = ssrc
        self.cname = cname
        self.payloadType = payloadType
        self.redundancyType = redundancyType
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

    /// Takes 960 samples and gives the datagram that is due: `nil` for the first half of a packet of 40 ms, and while
    /// the stream is not open. Of packets of 10 ms ``sendRest(now:)`` has another.
    package func send(_ block: Span<Int16>, now: Instant) throws -> [UInt8]? {
        guard self.isOpen, self.maySend(now: now) else {
            try self.encoder.drop()
            return nil
        }
        guard let placement = try self.encoder.take(block, into: &self.payload) else { return nil }
        return try self.datagram(at: placement, now: now)
    }

    /// The next datagram of sound that ``send(_:now:)`` took.
    package func sendRest(now: Instant) throws -> [UInt8]? {
        guard let placement = try self.encoder.next(into: &self.payload) else { return nil }
        return try self.datagram(at: placement, now: now)
    }

    /// The payload as RED or by itself, in RTP in SRTP.
    private func datagram(at placement: AudioSender.Placement, now: Instant) throws -> [UInt8] {
        let step = self.adaptation.step
        let copies = CopySpread(count: self.redundancyType == nil ? 0 : step.copies, isFar: step.copiesAreFar)
        let header = RTPHeader(
            marker: placement.isMarked, payloadType: copies.count > 0 ? self.redundancyType ?? 0 : self.payloadType,
            sequenceNumber: self.sequence, timestamp: self.timestampOffset &+ placement.timestamp, ssrc: self.ssrc)
        self.sequence &+= 1
        // Held for the moment, so that spans of it may be lent; not copied.
        let payload = self.payload
        var packet = self.datagrams.take()
        header.append(to: &packet)
        if copies.count > 0 {
            let shortage = self.history.shortage(
                copies: copies, count: payload.count, timestamp: placement.timestamp)
            var filled = payload
            if shortage > 0 { try OpusPacket.pad(&filled, to: payload.count + shortage) }
            self.history.append(
                filled.span, timestamp: placement.timestamp, copies: copies, payloadType: self.payloadType,
                to: &packet)
        } else {
            packet.append(contentsOf: payload)
        }
        if self.redundancyType != nil { self.history.remember(payload.span, timestamp: placement.timestamp) }
        self.sendStatistics.send(header, payloadCount: packet.count - RTPHeader.size, now: now)
        try self.outgoing.protectRTP(&packet)
        self.datagrams.keep(packet)
        return packet
    }

    /// Takes how the thread kept the beat: see ``EncodingEffort/observe(busy:late:now:)``.
    package func noteBeat(busy: Duration, late: Duration, now: Instant) {
        var settings = self.encoder.settings
        guard settings.adapts else { return }
        self.effort.observe(busy: busy, late: late, now: now)
        guard settings.complexity != self.effort.complexity else { return }
        settings.complexity = self.effort.complexity
        try? self.encoder.apply(settings)
    }

    /// How hard the encoder works at present, 0 … 10.
    package var complexity: Int { self.encoder.settings.complexity }

    /// How the peer's reports have us send at present.
    package var step: SendAdaptation.Step { self.adaptation.step }

    /// Not while the path plainly cannot bear it. After a rest it is tried again, as little as can be.
    private func maySend(now: Instant) -> Bool {
        guard let since = self.restsSince else { return true }
        // While nothing arrives there, ICE is likely finding another path: that must be heard soon.
        guard now - since >= (self.breaker.cause == .mediaMissing ? Self.shortRest : Self.rest) else { return false }
        self.resume(now: now)
        return true
    }

    /// ICE sends another way from here on, or has its way again: what was seen of the former one says nothing of it.
    package func pathChanged(now: Instant) {
        self.resume(now: now)
    }

    private func resume(now: Instant) {
        self.restsSince = nil
        self.breaker.reset(now: now)
    }

    /// Decides by a report about what we send.
    private func adapt(now: Instant) {
        guard let block = self.sendStatistics.lastBlock else { return }
        let roundTripTime = block.lastSenderReport == 0 ? nil : self.sendStatistics.roundTripTime
        self.breaker.receive(
            block, packetsSent: self.sendStatistics.packetsSent,
            packetsPerSecond: 1 / self.adaptation.step.packetDuration.fractionalSeconds, roundTripTime: roundTripTime,
            now: now)
        self.adaptation.receive(
            fractionLost: Double(block.fractionLost) / 256, roundTripTime: roundTripTime, now: now)
        self.applyStep()
    }

    private func applyStep() {
        let settings = self.encoder.settings.adapted(to: self.adaptation.step)
        // Settings within libopus's ranges: it does not refuse.
        if settings != self.encoder.settings { try? self.encoder.apply(settings) }
    }

    package var nextReport: Instant { self.schedule.nextReport }

    /// The report that is due, if one is.
    package func report(now: Instant) throws -> [UInt8]? {
        guard self.schedule.isDue(now: now) else { return nil }
        self.schedule.reportSent(now: now)
        if self.isOpen, self.restsSince == nil {
            if self.breaker.isTripped(now: now) { self.restsSince = now }
            if self.breaker.isUnheard(now: now) {
                self.adaptation.reportsMissing(now: now)
                self.applyStep()
            }
        }
        return self.isOpen ? try self.compound(isGoodbye: false, now: now) : nil
    }

    /// The last datagram of the stream.
    package func goodbye(now: Instant) throws -> [UInt8] {
        try self.compound(isGoodbye: true, now: now)
    }

    private func compound(isGoodbye: Bool, now: Instant) throws -> [UInt8] {
        let blocks = ReportBlocks(self.receiveStatistics.makeReportBlock(now: now))
        let report = self.sendStatistics.makeReport(blocks: blocks, now: now)
        var datagram = self.datagrams.take()
        let losses = self.receiveStatistics.makeLossMap()
        RTCPCompound(report: report, source: self.ssrc, cname: self.cname, losses: losses, isGoodbye: isGoodbye)
            .append(to: &datagram)
        try self.outgoing.protectRTCP(&datagram)
        self.datagrams.keep(datagram)
        return datagram
    }

    // MARK: In

    package func receiveRTP(_ datagram: inout [UInt8], now: Instant) {
        guard self.isOpen, (try? self.incoming.unprotectRTP(&datagram)) != nil,
            let view = try? RTPPacketView(datagram), self.take(view, of: datagram.span, now: now)
        else {
            self.rejectedCount += 1
            return
        }
        self.lastHeard = now
        self.receiveStatistics.receive(view.header, payloadCount: view.payload.count, now: now)
    }

    /// - Returns: `false` if the payload is of no kind that was agreed.
    private func take(_ view: RTPPacketView, of datagram: Span<UInt8>, now: Instant) -> Bool {
        let payload = datagram.extracting(view.payload)
        let header = view.header
        if header.payloadType == self.payloadType {
            self.decoder.receive(
                ssrc: header.ssrc, sequence: header.sequenceNumber, timestamp: header.timestamp, payload: payload,
                arrival: now)
            return true
        }
        guard header.payloadType == self.redundancyType, let blocks = try? RedundantPayload(payload),
            blocks.primary.payloadType == self.payloadType
        else { return false }
        self.decoder.receive(
            ssrc: header.ssrc, sequence: header.sequenceNumber, timestamp: header.timestamp,
            payload: payload.extracting(blocks.primary.range), arrival: now)
        for index in 0..<blocks.count - 1 where blocks[index].payloadType == self.payloadType {
            self.decoder.receiveCopy(
                timestampOffset: blocks[index].timestampOffset, payload: payload.extracting(blocks[index].range),
                arrival: now)
        }
        return true
    }

    package func receiveRTCP(_ datagram: inout [UInt8], now: Instant) -> Arrival {
        var arrival = Arrival.none
        do {
            try self.incoming.unprotectRTCP(&datagram)
            try RTCPPacket.parse(datagram) { packet in
                switch packet {
                case .senderReport(let report):
                    self.receiveStatistics.receive(report, now: now)
                    self.take(report.blocks, now: now)
                case .receiverReport(_, let blocks): self.take(blocks, now: now)
                case .goodbye: arrival = .goodbye
                case .extendedReport(_, let losses):
                    if losses.source == self.ssrc { self.adaptation.receive(losses) }
                case .sourceDescription, .unknown: break
                }
            }
        } catch {
            self.rejectedCount += 1
        }
        return arrival
    }

    private func take(_ blocks: ReportBlocks, now: Instant) {
        self.sendStatistics.receive(blocks, now: now)
        guard blocks.contains(where: { $0.source == self.ssrc }) else { return }
        // The peer is back.
        if self.restsSince != nil, self.breaker.cause == .reportsMissing { self.resume(now: now) }
        self.adapt(now: now)
    }

    /// Gives the next 20 ms to play: 960 samples, all written; silence while nothing may be heard.
    package func pull(into block: inout MutableSpan<Int16>, now: Instant) -> AudioReceiver.Playout {
        self.decoder.pull(into: &block, now: now)
    }

    /// A minute without a packet: nobody is blamed for trying again then.
    private static let rest: Duration = .seconds(60)
    private static let shortRest: Duration = .seconds(10)
}

extension OpusEncoderSettings {
    fileprivate func adapted(to step: SendAdaptation.Step) -> OpusEncoderSettings {
        var settings = self
        settings.bitsPerSecond = step.bitsPerSecond
        settings.expectedLossPercentage = step.expectedLossPercentage
        settings.packetSamples = Int(AudioFormat.samples(in: step.packetDuration))
        return settings
    }
}
