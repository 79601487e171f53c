import Audio
import Foundation
import Testing
import Wire

@Suite("Sound over bad paths")
struct ResilienceTests {
    private static func speech() throws -> [[UInt8]] { try #require(Material.speechPayloads) }

    /// Feeds packets that carry copies of those `copies` before them, and pulls.
    private static func redundant(
        _ payloads: [[UInt8]], copies: [Int], seed: UInt64, transit: (Int, inout RandomSource) -> Duration?
    ) throws -> (statistics: ReceiverStatistics, concealed: Int) {
        var random = RandomSource.seeded(seed)
        var arrivals: [(at: Instant, index: Int)] = []
        for index in payloads.indices {
            guard let transit = transit(index, &random) else { continue }
            arrivals.append((Instant(nanoseconds: Int64(index) * 20_000_000) + transit, index))
        }
        arrivals.sort { $0.at < $1.at }
        var receiver = try AudioReceiver()
        var block = [Int16](repeating: 0, count: 960)
        var next = 0
        var concealed = 0
        for pull in 0..<payloads.count {
            let now = Instant(nanoseconds: Int64(pull) * 20_000_000 + 7_000_000)
            while next < arrivals.count, arrivals[next].at <= now {
                let (at, index) = arrivals[next]
                let payload = payloads[index]
                receiver.receive(
                    ssrc: 1, sequence: UInt16(truncatingIfNeeded: index + 65_500),
                    timestamp: UInt32(truncatingIfNeeded: index * 960) &- 5_000, payload: payload.span, arrival: at)
                for distance in copies where index >= distance {
                    let copy = payloads[index - distance]
                    receiver.receiveCopy(timestampOffset: distance * 960, payload: copy.span, arrival: at)
                }
                next += 1
            }
            var room = block.mutableSpan
            if receiver.pull(into: &room, now: now) == .concealed { concealed += 1 }
        }
        return (receiver.statistics, concealed)
    }

    @Test("three copies fill every run of three losses once playout waits for them", arguments: [1, 2, 3])
    func copies(runLength: Int) throws {
        let payloads = try Self.speech()
        let result = try Self.redundant(payloads, copies: [3, 2, 1], seed: 1) { index, _ in
            index % 40 >= 30 && index % 40 < 30 + runLength ? nil : .milliseconds(20)
        }
        let runs = payloads.count / 40
        #expect(result.statistics.recoveredRED >= (runs - 1) * runLength, "\(result.statistics)")
        // The first run is met unprepared.
        #expect(result.concealed <= 4, "\(result.concealed)")
        #expect(abs(result.statistics.lost - runs * runLength) <= 3)
    }

    @Test("copies of the packet five before fill runs of five once playout waits for them", arguments: [3, 5])
    func farCopies(runLength: Int) throws {
        let payloads = try Self.speech()
        let result = try Self.redundant(payloads, copies: [5, 3, 1], seed: 1) { index, _ in
            index % 40 >= 30 && index % 40 < 30 + runLength ? nil : .milliseconds(20)
        }
        let runs = payloads.count / 40
        #expect(result.statistics.recoveredRED >= (runs - 1) * runLength, "\(result.statistics)")
        #expect(result.concealed <= 6, "\(result.concealed)")
    }

    @Test("playout waits for a far copy no longer once copies are near again")
    func nearAgain() throws {
        let payloads = try Self.speech()
        var receiver = try AudioReceiver()
        var block = [Int16](repeating: 0, count: 960)
        var delays: [Double] = []
        for index in 0..<3000 {
            let now = Instant(nanoseconds: Int64(index) * 20_000_000)
            if index % 10 != 9 {
                let payload = payloads[index % payloads.count]
                receiver.receive(
                    ssrc: 1, sequence: UInt16(index), timestamp: UInt32(index * 960), payload: payload.span,
                    arrival: now)
                for distance in index < 1000 ? [5] : [1] where index >= distance {
                    let copy = payloads[(index - distance) % payloads.count]
                    receiver.receiveCopy(timestampOffset: distance * 960, payload: copy.span, arrival: now)
                }
            }
            var room = block.mutableSpan
            _ = receiver.pull(into: &room, now: now + .milliseconds(7))
            delays.append(receiver.statistics.targetMilliseconds)
        }
        #expect(delays[990] > 95, "\(delays[990])")
        #expect(delays[2990] < 45, "\(delays[2990])")
    }

    @Test("copies neither double sound nor count when nothing is lost")
    func copiesUnneeded() throws {
        let payloads = try Self.speech()
        let result = try Self.redundant(payloads, copies: [3, 2, 1], seed: 1) { _, _ in .milliseconds(20) }
        #expect(result.statistics.received == payloads.count - 1)
        #expect(result.statistics.recoveredRED == 0)
        #expect(result.statistics.duplicates == 0)
        #expect(result.statistics.lost == 0)
        #expect(result.concealed == 0)
        #expect(result.statistics.delay.p95 ?? 99 < 28)
    }

    @Test("a packet that comes after its copy was played is late and not lost")
    func lateOriginal() throws {
        let result = try Self.redundant(Self.speech(), copies: [1], seed: 1) { index, _ in
            index % 100 == 50 ? .milliseconds(150) : .milliseconds(20)
        }
        #expect(result.statistics.lost == 0)
        #expect(result.statistics.duplicates == 0)
        #expect(result.statistics.late == result.statistics.recoveredRED)
    }

    @Test("a peer that sends next to nothing while silent is not concealed, and its delay stays")
    func pause() throws {
        let payloads = try Self.speech()
        // 2 s of speech, then for 4 s a packet of one octet every 400 ms, then speech again.
        var receiver = try AudioReceiver()
        var block = [Int16](repeating: 0, count: 960)
        var sequence: UInt16 = 65_500
        var playouts: [AudioReceiver.Playout] = []
        var firstAfter: Int?
        for beat in 0..<500 {
            let now = Instant(nanoseconds: Int64(beat) * 20_000_000)
            let isPause = (100..<300).contains(beat)
            if !isPause || beat % 20 == 0 {
                let payload = isPause ? [payloads[0][0] & 0xFC] : payloads[beat % payloads.count]
                receiver.receive(
                    ssrc: 1, sequence: sequence, timestamp: UInt32(beat * 960), payload: payload.span, arrival: now)
                sequence &+= 1
            }
            var room = block.mutableSpan
            playouts.append(receiver.pull(into: &room, now: now + .milliseconds(7)))
            if beat > 300, firstAfter == nil, block.contains(where: { abs(Int($0)) > 1_000 }) { firstAfter = beat }
        }
        #expect(!playouts[2...].contains(.concealed))
        #expect(receiver.statistics.concealedSamples == 0)
        #expect(receiver.statistics.late == 0 && receiver.statistics.lost == 0)
        #expect(receiver.statistics.delay.p95 ?? 99 < 30)
        #expect(firstAfter != nil)
    }

    @Test(
        "after 30 s of 20 % loss a clean path sounds clean within 2 s, and as soon as before",
        arguments: 1...5 as ClosedRange<UInt64>, [0, 3])
    func recovery(seed: UInt64, copies: Int) throws {
        let payloads = try Self.speech()
        var call = SimulatedCall(
            payloads: (0..<2_000).map { payloads[$0 % payloads.count] }, seed: seed, pullCount: 1_990,
            path: { index, random in
                index < 1_500 && random.unitInterval() < 0.2 ? [] : [.milliseconds(20)]
            })
        call.copies = copies
        let outcome = try call.run()
        #expect(!outcome.playouts[1_600...].contains(.concealed), "seed \(seed)")
        let delay = outcome.delays[1_600...].max() ?? 999
        #expect(delay < 32, "seed \(seed), \(copies) copies: \(delay) ms")
    }

    /// Steady paths: 10 % lost, or one packet of ten 50 ms late, or up to 60 ms of jitter with or without loss.
    enum SteadyPath: String, CaseIterable {
        case loss, reordering, jitter, jitterAndLoss

        func transits(_ random: inout RandomSource) -> [Duration] {
            let chance = random.unitInterval()
            let late = 60 * random.unitInterval()
            switch self {
            case .loss: return chance < 0.1 ? [] : [.milliseconds(20)]
            case .reordering: return [.milliseconds(chance < 0.1 ? 70 : 20)]
            case .jitter: return [.milliseconds(20 + late)]
            case .jitterAndLoss: return chance < 0.1 ? [] : [.milliseconds(20 + late)]
            }
        }
    }

    @Test(
        "on a steady path the wait is found within 5 s and changes at most once in the 35 s after",
        arguments: SteadyPath.allCases, [0, 1, 2, 3])
    func steady(path: SteadyPath, copies: Int) throws {
        let payloads = try Self.speech()
        var changes = 0
        for seed in 1...3 as ClosedRange<UInt64> {
            var call = SimulatedCall(
                payloads: (0..<2_000).map { payloads[$0 % payloads.count] }, seed: seed, pullCount: 1_990,
                path: { _, random in path.transits(&random) })
            call.copies = copies
            call.isRecording = false
            let targets = try call.run().targets[250...]
            var last = targets.first ?? 0
            for target in targets where abs(target - last) > 5 {
                changes += 1
                last = target
            }
        }
        #expect(changes <= 3, "\(changes) in three calls")
    }

    @Test("behind a bottleneck the delay is again what it was within 10 s", arguments: 1...3 as ClosedRange<UInt64>)
    func bottleneck(seed: UInt64) throws {
        let payloads = try Self.speech()
        // From 4 s to 10 s a queue that grows by 4 ms per packet up to 200 ms; then it drains at once.
        var queue = 0.0
        let outcome = try SimulatedCall(
            payloads: (0..<1_200).map { payloads[$0 % payloads.count] }, seed: seed, pullCount: 1_190,
            path: { index, random in
                queue = (200..<500).contains(index) ? min(queue + 4, 200) : max(0, queue - 20)
                return [.milliseconds(20 + queue + 2 * random.unitInterval())]
            }
        ).run()
        let before = outcome.delays[150..<200].max() ?? 999
        let after = outcome.delays[1_000...].max() ?? 999
        #expect(after < before + 22, "seed \(seed): \(before) ms before, \(after) ms after")
        // While the queue grows the sound is late once for each block of delay that it takes.
        let concealed = outcome.playouts[200..<500].count { $0 == .concealed }
        #expect(concealed < 25, "seed \(seed): \(concealed)")
        #expect(!outcome.playouts[520...].contains(.concealed), "seed \(seed)")
    }

    @Test("a path whose fastest packet becomes slower is not waited for twice", arguments: [40, 80, 150])
    func longerPath(milliseconds: Int) throws {
        let payloads = try Self.speech()
        let outcome = try SimulatedCall(
            payloads: (0..<1_000).map { payloads[$0 % payloads.count] }, seed: 1, pullCount: 990,
            path: { index, random in
                [.milliseconds(Double(20 + (index < 300 ? 0 : milliseconds)) + 2 * random.unitInterval())]
            }
        ).run()
        // What came later by one step was the whole change: from then on packets wait as before.
        let after = outcome.delays[600...].max() ?? 999
        #expect(after < 34, "\(after) ms")
        #expect(outcome.statistics.insertedSamples < 40 * 48, "\(outcome.statistics.insertedSamples)")
    }

    @Test(
        "speech over clocks 300 ppm apart waits as long in every minute",
        arguments: [-300.0, 300.0])
    func driftOfSpeech(partsPerMillion: Double) throws {
        let payloads = try Self.speech()
        // An hour takes less than one: COLLOQUE_LONG_MINUTES=60.
        let minutes = Int(ProcessInfo.processInfo.environment["COLLOQUE_LONG_MINUTES"] ?? "") ?? 2
        var call = SimulatedCall(
            payloads: (0..<minutes * 3_000).map { payloads[$0 % payloads.count] }, seed: 3,
            receiverPartsPerMillion: partsPerMillion, pullCount: minutes * 3_000 - 60,
            path: { _, random in [.milliseconds(20 + 4 * random.unitInterval())] })
        call.isRecording = false
        let outcome = try call.run()
        let medians = (0..<minutes).map { minute in
            let delays = outcome.delays[minute * 3_000..<min((minute + 1) * 3_000, outcome.delays.count)].sorted()
            return delays[delays.count / 2]
        }
        print("\(partsPerMillion) ppm, \(minutes) min: medians \(medians.min() ?? 0) to \(medians.max() ?? 0) ms")
        // A packet more or less may wait, and no more of them with time.
        #expect((medians.max() ?? 999) - (medians.min() ?? 0) < 24, "\(medians)")
        #expect(medians.max() ?? 999 < 45, "\(medians)")
        #expect(outcome.statistics.concealedMilliseconds < Double(minutes) * 30)
    }

    @Test("fifty wraps with losses around each lose nothing else", arguments: 1...3 as ClosedRange<UInt64>)
    func manyWraps(seed: UInt64) throws {
        // Silence of one octet is decoded fast: an hour and more of packets per wrap.
        let packet: [UInt8] = [0x78 | 0x80, 0xFF, 0xFE]
        var receiver = try AudioReceiver()
        var block = [Int16](repeating: 0, count: 960)
        var random = RandomSource.seeded(seed)
        var sent = 0
        var index: Int64 = 65_400
        for wrap in 1...50 {
            // Around the wrap packet by packet, between the wraps in leaps that stay below a restart.
            while index < Int64(wrap) * 65_536 + 150 {
                let near = abs(index - Int64(wrap) * 65_536) < 130
                // Whole around the first: until 500 packets have come, error correction is waited for.
                let isLost = near && wrap > 1 && random.unitInterval() < 0.3
                let now = Instant(nanoseconds: index * 20_000_000)
                if !isLost {
                    sent += 1
                    receiver.receive(
                        ssrc: 1, sequence: UInt16(truncatingIfNeeded: index),
                        timestamp: UInt32(truncatingIfNeeded: index * 960), payload: packet.span, arrival: now)
                }
                var room = block.mutableSpan
                _ = receiver.pull(into: &room, now: now + .milliseconds(7))
                index += near ? 1 : 50
            }
        }
        let statistics = receiver.statistics
        #expect(statistics.received == sent)
        #expect(statistics.sourceChanges == 0, "seed \(seed): \(statistics)")
        #expect(statistics.discarded == 0, "seed \(seed): \(statistics)")
        #expect(statistics.duplicates == 0, "seed \(seed)")
    }

    @Test("an hour of clocks 300 ppm apart moves the delay by less than 40 ms", arguments: [-300.0, 300.0])
    func driftForAnHour(partsPerMillion: Double) throws {
        // Silence: the codec's work would take minutes.
        let packet: [UInt8] = [0x78 | 0x80, 0xFF, 0xFE]
        var receiver = try AudioReceiver()
        var block = [Int16](repeating: 0, count: 960)
        var random = RandomSource.seeded(7)
        let count = 180_000
        var next = 0
        var early = ReceiverStatistics()
        for pull in 0..<count {
            let now = Instant(nanoseconds: Int64(20_000_000 * Double(pull) / (1 + partsPerMillion / 1e6)) + 7_000_000)
            while next < count, case let at = Int64(next) * 20_000_000 + Int64(2e6 * random.unitInterval()),
                at <= now.nanoseconds
            {
                receiver.receive(
                    ssrc: 1, sequence: UInt16(truncatingIfNeeded: next),
                    timestamp: UInt32(truncatingIfNeeded: next * 960), payload: packet.span,
                    arrival: Instant(nanoseconds: at))
                next += 1
            }
            var room = block.mutableSpan
            _ = receiver.pull(into: &room, now: now)
            if pull == 3_000 { early = receiver.statistics }
        }
        // Distributions over the whole hour: had delay piled up, the median would have gone with it.
        let change = (receiver.statistics.delay.p95 ?? 999) - (early.delay.p50 ?? 0)
        #expect(abs(change) < 40, "\(change) ms")
        #expect(receiver.statistics.delay.p95 ?? 999 < 60)
        // 300 ppm of an hour are 1080 ms, stretched away or filled.
        let stretched = receiver.statistics.insertedSamples - receiver.statistics.removedSamples
        let filled = partsPerMillion > 0 ? receiver.statistics.concealedSamples : 0
        #expect(abs(stretched + filled - Int(1_080 * 48 * partsPerMillion / 300)) < 100 * 48, "\(stretched) \(filled)")
    }
}
