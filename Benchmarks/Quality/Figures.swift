import Audio

/// How the sender protects its sound.
enum Mode: String, CaseIterable {
    /// 32 kbit/s with in-band error correction for 10 % loss.
    case fec

    func payloads(of speech: [Int16]) throws -> [[UInt8]] {
        var sender = try AudioSender()
        var payload: [UInt8] = []
        return try (0..<speech.count / AudioFormat.blockSamples).map { block in
            let start = block * AudioFormat.blockSamples
            _ = try sender.send(speech.span.extracting(start..<start + AudioFormat.blockSamples), into: &payload)
            return payload
        }
    }
}

/// One run as a line of JSON.
enum Figures {
    static func line(
        mode: String, trace: String, voice: String, seed: UInt64, samples: Int, outcome: VirtualCall.Outcome
    ) -> String {
        let statistics = outcome.statistics
        let fields: [(String, String)] = [
            ("mode", "\"\(mode)\""), ("trace", "\"\(trace)\""), ("voice", "\"\(voice)\""), ("seed", "\(seed)"),
            ("concealment", "\(Double(statistics.concealedSamples) / Double(max(samples, 1)))"),
            ("received", "\(statistics.received)"), ("lost", "\(statistics.lost)"), ("late", "\(statistics.late)"),
            ("recoveredFEC", "\(statistics.recoveredFEC)"), ("discarded", "\(statistics.discarded)"),
            ("inserted", "\(statistics.insertedSamples)"), ("removed", "\(statistics.removedSamples)"),
            ("bufferP50", "\(statistics.delay.p50 ?? 0)"), ("bufferP95", "\(statistics.delay.p95 ?? 0)"),
        ]
        return "{" + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }
}
