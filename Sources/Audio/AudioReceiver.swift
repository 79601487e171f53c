package import Wire

/// The way in: RTP payloads as they arrive become blocks of 960 samples at the playout clock's beat.
///
/// `receive` every packet of the stream, authenticated and stripped of its header, and `pull` every
/// 20 ms. Neither allocates. One owner thread.
package struct AudioReceiver: ~Copyable {
    /// What a block was made of.
    package enum Playout: Equatable, Sendable {
        /// Nothing has come yet: silence.
        case waiting
        /// Sound that was sent, recovered copies included.
        case decoded
        /// At least a part stands for sound that did not come.
        case concealed
    }

    /// When the first block with decoded sound was pulled.
    package private(set) var firstDecoded: Instant?

    private var buffer = JitterBuffer()
    private var decoder: OpusPacketDecoder
    private var queue = PlayoutQueue()
    private var order = StreamOrder()
    private var scratch: [Int16]
    private var concealment = ConcealmentFade()
    /// Likeness given up since sound was last stretched.
    private var insistence: Float = 0
    /// Where the packet last taken in stands; its copies are placed from there.
    private var lastPlace: StreamOrder.Place?

    package init() throws(AudioError) {
        self.decoder = try OpusPacketDecoder()
        self.scratch = [Int16](repeating: 0, count: AudioFormat.maximumPacketSamples)
    }

    package var statistics: ReceiverStatistics { self.buffer.statistics }

    /// Takes one packet's payload, in whatever order the network gives them.
    package mutating func receive(
        ssrc: UInt32, sequence: UInt16, timestamp: UInt32, payload: Span<UInt8>, arrival: Instant
    ) {
        self.lastPlace = nil
        guard let packet = try? OpusPacket(inspecting: payload) else {
            self.buffer.countUnplayable()
            return
        }
        switch self.order.place(ssrc: ssrc, sequence: sequence, timestamp: timestamp) {
        case .discard:
            self.buffer.countUnplayable()
            return
        case .restart(let place):
            self.buffer.restart()
            self.decoder.reset()
            self.insert(place, payload: payload, packet: packet, arrival: arrival)
        case .follow(let place):
            self.insert(place, payload: payload, packet: packet, arrival: arrival)
        }
    }

    /// Takes what the packet last given to ``receive(ssrc:sequence:timestamp:payload:arrival:)`` carries of an earlier
    /// one (RFC 2198).
    /// - Parameter timestampOffset: Samples by which it is earlier; whole packets of the copy's duration, else it is
    ///   dropped.
    package mutating func receiveCopy(timestampOffset: Int, payload: Span<UInt8>, arrival: Instant) {
        guard let place = self.lastPlace, let packet = try? OpusPacket(inspecting: payload) else { return }
        let (distance, rest) = timestampOffset.quotientAndRemainder(dividingBy: packet.sampleCount)
        guard distance > 0, rest == 0 else { return }
        self.buffer.insertCopy(
            sequence: place.sequence - Int64(distance), timestamp: place.timestamp &- Int64(timestampOffset),
            distance: distance, payload: payload, packet: packet, arrival: arrival)
    }

    /// Gives the next 20 ms.
    /// - Parameter block: 960 samples, all of them written.
    package mutating func pull(into block: inout MutableSpan<Int16>, now: Instant) -> Playout {
        self.buffer.beginPull()
        var playout = Playout.decoded
        while self.queue.count < AudioFormat.blockSamples {
            let step = self.buffer.next(queuedSamples: self.queue.count, now: now)
            switch self.perform(step) {
            case .waiting:
                self.queue.take(into: &block)
                return .waiting
            case .concealed: playout = .concealed
            case .decoded: break
            }
        }
        self.stretch(now: now)
        self.queue.take(into: &block)
        if playout == .decoded, self.firstDecoded == nil { self.firstDecoded = now }
        return playout
    }

    private mutating func insert(
        _ place: StreamOrder.Place, payload: Span<UInt8>, packet: OpusPacket, arrival: Instant
    ) {
        self.lastPlace = place
        self.buffer.insert(
            sequence: place.sequence, timestamp: place.timestamp, payload: payload, packet: packet, arrival: arrival)
    }

    /// Runs the decoder as the jitter buffer says, into the queue.
    private mutating func perform(_ step: JitterBuffer.Step) -> Playout {
        switch step {
        case .idle:
            return .waiting
        case .play(let slot):
            let written = self.decode(slot: slot, recovering: nil)
            guard written > 0 else { return self.conceal(AudioFormat.blockSamples) }
            self.concealment.fadeIn(&self.scratch, count: written)
            self.queue.append(self.scratch, count: written)
            return .decoded
        case .recover(let slot, let sampleCount):
            let written = self.decode(slot: slot, recovering: sampleCount)
            guard written > 0 else { return self.conceal(sampleCount) }
            self.concealment.fadeIn(&self.scratch, count: written)
            self.queue.append(self.scratch, count: written)
            return .decoded
        case .conceal(let sampleCount):
            return self.conceal(sampleCount)
        case .rest(let sampleCount):
            // libopus makes comfort noise of the background it heard last; that does not fade.
            let written = Self.conceal(sampleCount, with: &self.decoder, into: &self.scratch)
            guard written > 0 else { return self.conceal(sampleCount) }
            self.queue.append(self.scratch, count: written)
            return .decoded
        }
    }

    /// - Parameter recovering: Samples of the predecessor to recover, or `nil` for the packet itself.
    /// - Returns: Samples in `scratch`, 0 if libopus refused the packet.
    private mutating func decode(slot: Int, recovering: Int?) -> Int {
        let range = self.buffer.payloadRange(slot: slot)
        return Self.decode(
            self.buffer.storage, range, recovering: recovering, with: &self.decoder, into: &self.scratch)
    }

    private static func decode(
        _ storage: [UInt8], _ range: Range<Int>, recovering: Int?, with decoder: inout OpusPacketDecoder,
        into scratch: inout [Int16]
    ) -> Int {
        let payload = storage.span.extracting(range)
        var room = scratch.mutableSpan
        if let recovering {
            return (try? decoder.recoverPredecessor(of: payload, sampleCount: recovering, into: &room)) ?? 0
        }
        return (try? decoder.decode(payload, into: &room)) ?? 0
    }

    private mutating func conceal(_ sampleCount: Int) -> Playout {
        let written =
            self.concealment.isSilent
            ? 0 : Self.conceal(sampleCount, with: &self.decoder, into: &self.scratch)
        self.concealment.fadeOut(&self.scratch, written: written, count: sampleCount)
        let added = self.queue.append(self.scratch, count: sampleCount)
        self.buffer.count(concealed: added)
        return .concealed
    }

    private static func conceal(
        _ sampleCount: Int, with decoder: inout OpusPacketDecoder, into scratch: inout [Int16]
    ) -> Int {
        var room = scratch.mutableSpan
        return (try? decoder.conceal(sampleCount: sampleCount, into: &room)) ?? 0
    }

    /// Speeds up or slows down towards the target. The farther it is and the longer it is wanted, the less choosy.
    private mutating func stretch(now: Instant) {
        switch self.buffer.pace() {
        case .keep:
            self.insistence = 0
        case .lengthen(let samples):
            self.insist(samples)
            let inserted = self.queue.lengthen(by: samples, likeness: Self.likeness - self.insistence)
            self.note(inserted)
            self.buffer.count(inserted: inserted)
        case .shorten(let samples, let available, let fetching):
            self.insist(samples)
            if fetching {
                guard self.buffer.hasNext else { return }
                let step = self.buffer.next(queuedSamples: self.queue.count, now: now)
                _ = self.perform(step)
            }
            let spare = min(available, self.queue.count - AudioFormat.blockSamples)
            let isUrgent = samples > Self.urgentExcess
            let removed = self.queue.shorten(upTo: spare, likeness: isUrgent ? 0 : Self.likeness - self.insistence)
            self.note(removed)
            self.buffer.count(removed: removed)
        }
    }

    private mutating func insist(_ samples: Int) {
        self.insistence += Self.insistencePerPull + Float(samples) * Self.insistencePerSample
    }

    private mutating func note(_ changed: Int) {
        if changed > 0 { self.insistence = 0 }
    }

    /// How alike two places must be for them to be joined at once: pauses, and vowels held long.
    private static let likeness: Float = 0.98
    /// Likeness given up per pull, and for each sample that is wanted: 0.05 a second, and 0.01 for each millisecond.
    private static let insistencePerPull: Float = 0.001
    private static let insistencePerSample: Float = 0.0002 / 48
    /// 150 ms too much go where they are heard.
    private static let urgentExcess = 150 * AudioFormat.sampleRate / 1000
}
