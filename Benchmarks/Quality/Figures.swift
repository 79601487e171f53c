import Audio
import RTP

/// How the sender protects its sound.
enum Mode: String, CaseIterable {
    /// 32 kbit/s with in-band error correction for 10 % loss.
    case fec
    /// 24 kbit/s without, and copies of the one, two or three packets before (RFC 2198).
    case red1
    case red2
    case red3

    var copies: Int {
        switch self {
        case .fec: 0
        case .red1: 1
        case .red2: 2
        case .red3: 3
        }
    }

    func payloads(of speech: [Int16]) throws -> [[UInt8]] {
        let settings =
            self == .fec
            ? OpusEncoderSettings() : OpusEncoderSettings(bitsPerSecond: 24_000, expectedLossPercentage: 0)
        var sender = try AudioSender(settings: settings)
        var history = RedundancyHistory()
        var payload: [UInt8] = []
        return try (0..<speech.count / AudioFormat.blockSamples).map { block in
            let start = block * AudioFormat.blockSamples
            let placement = try sender.send(
                speech.span.extracting(start..<start + AudioFormat.blockSamples), into: &payload)
            guard self != .fec else { return payload }
            var redundant: [UInt8] = []
            history.append(
                payload.span, timestamp: placement.timestamp, copies: self.copies, payloadType: 96, to: &redundant)
            history.remember(payload.span, timestamp: placement.timestamp)
            return redundant
        }
    }
}

/// One run as a line of JSON.
enum Figures {
    static func line(
        mode: String, trace: String, voice: String, seed: UInt64, samples: Int, outcome: VirtualCall.Outcome
    ) -> String {
        let statistics = outcome.statistics
        let concealed = statistics.concealedSamples - outcome.settled.concealedSamples
        let spoken = samples - VirtualCall.silentBlocks * AudioFormat.blockSamples
        let fields: [(String, String)] = [
            ("mode", "\"\(mode)\""), ("trace", "\"\(trace)\""), ("voice", "\"\(voice)\""), ("seed", "\(seed)"),
            ("concealment", "\(Double(concealed) / Double(max(spoken, 1)))"),
            ("received", "\(statistics.received)"), ("lost", "\(statistics.lost)"), ("late", "\(statistics.late)"),
            ("recoveredFEC", "\(statistics.recoveredFEC)"), ("recoveredRED", "\(statistics.recoveredRED)"),
            ("discarded", "\(statistics.discarded)"),
            ("inserted", "\(statistics.insertedSamples)"), ("removed", "\(statistics.removedSamples)"),
            ("bufferP50", "\(statistics.delay.p50 ?? 0)"), ("bufferP95", "\(statistics.delay.p95 ?? 0)"),
        ]
        return "{" + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }
}
