internal import Audio
internal import RTP

/// How the sender protects its sound.
package enum Mode: String, CaseIterable, Sendable {
    /// 32 kbit/s with in-band error correction for 10 % loss.
    case fec
    /// 24 kbit/s without, and copies of the one, two or three packets before (RFC 2198).
    case red1
    case red2
    case red3
    /// Three copies far apart, as where losses come in runs.
    case far3

    var copies: CopySpread {
        switch self {
        case .fec: CopySpread(count: 0)
        case .red1: CopySpread(count: 1)
        case .red2: CopySpread(count: 2)
        case .red3: CopySpread(count: 3)
        case .far3: CopySpread(count: 3, isFar: true)
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

/// One call of ours in figures.
package struct Figures: Encodable, Sendable {
    package let mode: String
    package let trace: String
    package let voice: String
    package let seed: UInt64
    /// Share of the speech that was concealed, 0…1.
    package let concealment: Double
    package let received: Int
    package let lost: Int
    package let late: Int
    package let recoveredFEC: Int
    package let recoveredRED: Int
    package let discarded: Int
    /// Samples.
    package let inserted: Int
    package let removed: Int
    /// From a packet's arrival to its playout, in milliseconds.
    package let bufferP50: Double
    package let bufferP95: Double

    init(mode: Mode, trace: String, voice: String, seed: UInt64, samples: Int, outcome: VirtualCall.Outcome) {
        let statistics = outcome.statistics
        let spoken = samples - VirtualCall.silentBlocks * AudioFormat.blockSamples
        self.mode = mode.rawValue
        self.trace = trace
        self.voice = voice
        self.seed = seed
        self.concealment =
            Double(statistics.concealedSamples - outcome.settled.concealedSamples) / Double(max(spoken, 1))
        self.received = statistics.received
        self.lost = statistics.lost
        self.late = statistics.late
        self.recoveredFEC = statistics.recoveredFEC
        self.recoveredRED = statistics.recoveredRED
        self.discarded = statistics.discarded
        self.inserted = statistics.insertedSamples
        self.removed = statistics.removedSamples
        self.bufferP50 = statistics.delay.p50 ?? 0
        self.bufferP95 = statistics.delay.p95 ?? 0
    }
}
