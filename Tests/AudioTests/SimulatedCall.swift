import Audio
import Wire

/// One direction of a call in virtual time: packets go over a path, a receiver pulls at its beat.
struct SimulatedCall {
    /// What one packet meets: its transit, or `nil` for loss; two transits for a duplicate.
    typealias Path = (_ index: Int, _ random: inout RandomSource) -> [Duration]

    var payloads: [[UInt8]]
    var packetSamples = 960
    var seed: UInt64
    var firstSequence: UInt16 = 0
    var firstTimestamp: UInt32 = 0
    /// The receiver's sound clock against the sender's: positive when it runs faster.
    var receiverPartsPerMillion = 0.0
    /// How late each pull is, at most.
    var pullJitter: Duration = .zero
    var pullCount: Int?
    /// How many copies of earlier packets come with each one (RFC 2198).
    var copies = 0
    /// Whether the sound is kept.
    var isRecording = true
    var path: Path

    struct Outcome {
        var recorded: [Int16] = []
        var statistics = ReceiverStatistics()
        var playouts: [AudioReceiver.Playout] = []
        /// What the packet decoded last had waited, in milliseconds, at every pull.
        var delays: [Double] = []
        /// What playout wanted to wait, in milliseconds, at every pull.
        var targets: [Double] = []
    }

    func run() throws -> Outcome {
        var random = RandomSource.seeded(self.seed)
        var arrivals: [(at: Int64, index: Int)] = []
        for index in self.payloads.indices {
            let sent = Int64(index) * Int64(self.packetSamples) * 62_500 / 3
            for transit in self.path(index, &random) {
                arrivals.append((sent + transit.wholeNanoseconds, index))
            }
        }
        arrivals.sort { ($0.at, $0.index) < ($1.at, $1.index) }

        var receiver = try AudioReceiver()
        var outcome = Outcome()
        var block = [Int16](repeating: 0, count: 960)
        let count = self.pullCount ?? self.payloads.count * self.packetSamples / 960 + 20
        if self.isRecording { outcome.recorded.reserveCapacity(count * 960) }
        var next = 0
        for pull in 0..<count {
            let beat = 20_000_000 * Double(pull) / (1 + self.receiverPartsPerMillion / 1e6)
            let lateness = Double(self.pullJitter.wholeNanoseconds) * random.unitInterval()
            // The sound card started 7 ms after the stream.
            let now = Instant(nanoseconds: Int64(beat + lateness) + 7_000_000)
            while next < arrivals.count, arrivals[next].at <= now.nanoseconds {
                let index = arrivals[next].index
                let payload = self.payloads[index]
                receiver.receive(
                    ssrc: 1, sequence: self.firstSequence &+ UInt16(truncatingIfNeeded: index),
                    timestamp: self.firstTimestamp &+ UInt32(truncatingIfNeeded: index * self.packetSamples),
                    payload: payload.span, arrival: Instant(nanoseconds: arrivals[next].at))
                for distance in stride(from: self.copies, to: 0, by: -1) where index >= distance {
                    let copy = self.payloads[index - distance]
                    receiver.receiveCopy(
                        timestampOffset: distance * self.packetSamples, payload: copy.span,
                        arrival: Instant(nanoseconds: arrivals[next].at))
                }
                next += 1
            }
            var room = block.mutableSpan
            outcome.playouts.append(receiver.pull(into: &room, now: now))
            if self.isRecording { outcome.recorded += block }
            outcome.delays.append(receiver.statistics.latestDelayMilliseconds)
            outcome.targets.append(receiver.statistics.targetMilliseconds)
        }
        outcome.statistics = receiver.statistics
        return outcome
    }
}

/// Sound and its packets, made once for all tests.
enum Material {
    static let speech: [Int16] = (try? Greeting.samples()) ?? []

    /// `seconds` of a tone at `hertz`.
    static func tone(hertz: Double, seconds: Double) -> [Int16] {
        var tone = Tone(hertz: hertz)
        var samples = [Int16](repeating: 0, count: Int(seconds * 48_000))
        var room = samples.mutableSpan
        tone.read(into: &room)
        return samples
    }

    static func noise(seconds: Double, seed: UInt64) -> [Int16] {
        var random = RandomSource.seeded(seed)
        return (0..<Int(seconds * 48_000)).map { _ in Int16((random.unitInterval() - 0.5) * 20_000) }
    }

    /// The payloads of `samples`, 20 ms each.
    static func payloads(
        _ samples: [Int16], settings: OpusEncoderSettings = OpusEncoderSettings(complexity: 1)
    ) throws -> [[UInt8]] {
        var sender = try AudioSender(settings: settings)
        var payload: [UInt8] = []
        return try stride(from: 0, through: samples.count - 960, by: 960).map { start in
            _ = try sender.send(samples.span.extracting(start..<start + 960), into: &payload)
            return payload
        }
    }

    static let speechPayloads = try? payloads(speech)

    /// The share of 20 ms windows in which `hertz` is not at least `purity` of the sound.
    static func impureShare(_ samples: ArraySlice<Int16>, hertz: Double, purity: Double) -> Double {
        var impure = 0
        var count = 0
        for start in stride(from: samples.startIndex, through: samples.endIndex - 960, by: 960) {
            count += 1
            let window = samples[start..<start + 960]
            if ToneDetector.share(of: hertz, in: window) < purity { impure += 1 }
        }
        return Double(impure) / Double(max(count, 1))
    }
}
