internal import Audio
internal import RTP
internal import Wire

/// One direction of a call in virtual time: packets over a trace into a receiver that a sound card pulls.
struct VirtualCall {
    let payloads: [[UInt8]]
    let trace: Trace
    /// When the sound card's first beat falls after the first packet was sent, 0 ..< 20 ms.
    let phaseMilliseconds: Double
    /// Whether the payloads are RED (RFC 2198).
    let isRedundant: Bool

    struct Outcome {
        /// From the moment when the first sample was spoken.
        var heard: [Int16] = []
        var statistics = ReceiverStatistics()
        /// The same at the end of the silence before the speech.
        var settled = ReceiverStatistics()
    }

    func run() throws -> Outcome {
        var arrivals: [(at: Int64, index: Int)] = []
        for (index, transit) in self.trace.transits.enumerated() where index < self.payloads.count {
            guard let transit else { continue }
            arrivals.append((Self.sent(index) + Int64(transit * 1e6), index))
        }
        arrivals.sort { ($0.at, $0.index) < ($1.at, $1.index) }

        var receiver = try AudioReceiver()
        var outcome = Outcome()
        var block = [Int16](repeating: 0, count: AudioFormat.blockSamples)
        // Recording begins at the beat's first instant, not when the first word was spoken.
        let lead = Int(self.phaseMilliseconds * 48)
        outcome.heard = [Int16](repeating: 0, count: lead)
        var next = 0
        for pull in 0..<self.payloads.count + 25 {
            let now = Instant(nanoseconds: Int64(self.phaseMilliseconds * 1e6) + Int64(pull) * 20_000_000)
            while next < arrivals.count, arrivals[next].at <= now.nanoseconds {
                let index = arrivals[next].index
                try self.hand(
                    self.payloads[index], index: index, arrival: Instant(nanoseconds: arrivals[next].at), to: &receiver)
                next += 1
            }
            var room = block.mutableSpan
            _ = receiver.pull(into: &room, now: now)
            outcome.heard += block
            if pull == Self.silentBlocks { outcome.settled = receiver.statistics }
            // What is concealed behind the last packet says nothing.
            if pull == self.payloads.count - 5 { outcome.statistics = receiver.statistics }
        }
        return outcome
    }

    private func hand(
        _ payload: [UInt8], index: Int, arrival: Instant, to receiver: inout AudioReceiver
    ) throws {
        let sequence = UInt16(truncatingIfNeeded: index)
        guard self.isRedundant else {
            receiver.receive(
                ssrc: 1, sequence: sequence, timestamp: UInt32(index * 960), payload: payload.span, arrival: arrival)
            return
        }
        let blocks = try RedundantPayload(payload.span)
        receiver.receive(
            ssrc: 1, sequence: sequence, timestamp: UInt32(index * 960),
            payload: payload.span.extracting(blocks.primary.range), arrival: arrival)
        for copy in 0..<blocks.count - 1 {
            receiver.receiveCopy(
                timestampOffset: blocks[copy].timestampOffset, payload: payload.span.extracting(blocks[copy].range),
                arrival: arrival)
        }
    }

    /// Speech files begin with 3 s of silence, in which a receiver may settle.
    static let silentBlocks = 150

    /// A packet can be sent when its last sample was spoken.
    private static func sent(_ index: Int) -> Int64 { Int64(index + 1) * 20_000_000 }
}
