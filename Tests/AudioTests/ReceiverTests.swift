import Audio
import Testing
import Wire

@Suite("From packets to sound")
struct ReceiverTests {
    /// 20 ms on the way, to the nanosecond.
    private static func steady(_ index: Int, _ random: inout RandomSource) -> [Duration] { [.milliseconds(20)] }

    private static func speech() throws -> [[UInt8]] {
        try #require(Material.speechPayloads)
    }

    @Test("silence before the first packet")
    func nothingYet() throws {
        let outcome = try SimulatedCall(payloads: [], seed: 0, path: Self.steady).run()
        #expect(outcome.playouts.allSatisfy { $0 == .waiting })
        #expect(outcome.recorded.allSatisfy { $0 == 0 })
        #expect(outcome.statistics.concealedSamples == 0)
    }

    @Test("a clean path gives back all of the speech, soon and unstretched")
    func clean() throws {
        let outcome = try SimulatedCall(payloads: Self.speech(), pullCount: 660, path: Self.steady).run()
        #expect(outcome.statistics.concealedSamples == 0)
        #expect(outcome.statistics.lost == 0)
        #expect(outcome.statistics.insertedSamples == 0)
        let alignment = try #require(SignalAlignment.find(Material.speech, in: outcome.recorded))
        #expect(alignment.coefficient > 0.9, "\(alignment)")
        // 20 ms path, at most 27 ms wait, 6.5 ms codec.
        #expect(alignment.delayMilliseconds < 55, "\(alignment)")
        #expect(outcome.statistics.delay.p95 ?? 99 < 28)
        #expect(outcome.statistics.jitterMilliseconds < 0.01)
    }

    @Test("the first sound comes with the second pull at the latest")
    func firstSound() throws {
        let outcome = try SimulatedCall(payloads: Self.speech(), pullCount: 20, path: Self.steady).run()
        // Sent at 0, there at 20 ms; pulls at 7, 27, 47 ms.
        #expect(outcome.playouts.firstIndex(of: .decoded) ?? 99 <= 2)
    }

    @Test("jitter is learnt: little concealment, bounded delay", arguments: 1...4 as ClosedRange<UInt64>)
    func jitter(seed: UInt64) throws {
        let payloads = try Self.speech() + Self.speech()
        let outcome = try SimulatedCall(
            payloads: payloads, seed: seed, pullJitter: .milliseconds(3), pullCount: payloads.count,
            path: { _, random in [.milliseconds(20 + 60 * random.unitInterval())] }
        ).run()
        let statistics = outcome.statistics
        #expect(statistics.concealedMilliseconds < 700, "seed \(seed): \(statistics.concealedMilliseconds)")
        #expect(statistics.delay.p50 ?? 999 < 90, "seed \(seed): \(statistics.delay.p50 ?? 999)")
        #expect(statistics.late < payloads.count / 25, "seed \(seed): \(statistics.late)")
    }

    @Test("random loss is mostly recovered, reordering and copies do no harm", arguments: 1...4 as ClosedRange<UInt64>)
    func loss(seed: UInt64) throws {
        let payloads = try Self.speech()
        let outcome = try SimulatedCall(
            payloads: payloads, seed: seed, pullCount: payloads.count - 5,
            path: { _, random in
                let chance = random.unitInterval()
                if chance < 0.1 { return [] }
                let transit = Duration.milliseconds(20 + 5 * random.unitInterval())
                if chance < 0.13 { return [transit, transit + .milliseconds(9)] }
                return chance < 0.16 ? [transit + .milliseconds(25)] : [transit]
            }
        ).run()
        let statistics = outcome.statistics
        #expect((40...100).contains(statistics.lost), "seed \(seed): \(statistics.lost) lost")
        #expect(statistics.duplicates >= 5, "seed \(seed)")
        #expect(
            statistics.recoveredFEC * 3 > statistics.lost, "seed \(seed): \(statistics.recoveredFEC)/\(statistics.lost)"
        )
        #expect(statistics.delay.p95 ?? 999 < 80, "seed \(seed): \(statistics.delay.p95 ?? 999)")
        let segments = SignalAlignment.segments(of: Material.speech, in: outcome.recorded, around: 2_400)
        let alike = segments.filter { $0.coefficient > 0.6 }.count
        #expect(alike * 10 >= segments.count * 8, "seed \(seed): \(alike) of \(segments.count)")
    }

    @Test("a tone over loss and jitter is as whole as libopus alone leaves it", arguments: 1...3 as ClosedRange<UInt64>)
    func continuity(seed: UInt64) throws {
        let payloads = try Material.payloads(Material.tone(hertz: 400, seconds: 12))
        var random = RandomSource.seeded(seed)
        let isLost = payloads.map { _ in random.unitInterval() < 0.05 }
        let outcome = try SimulatedCall(
            payloads: payloads, seed: seed, pullCount: 590,
            path: { index, random in
                isLost[index] ? [] : [.milliseconds(20 + 20 * random.unitInterval())]
            }
        ).run()

        var decoder = try OpusPacketDecoder()
        var block = [Int16](repeating: 0, count: 960)
        var alone: [Int16] = []
        for (index, payload) in payloads.enumerated() {
            var room = block.mutableSpan
            _ =
                isLost[index]
                ? try decoder.conceal(sampleCount: 960, into: &room)
                : try decoder.decode(payload.span, into: &room)
            alone += block
        }
        // The copy that a packet carries of its predecessor is a coarser tone than libopus extrapolates.
        for (purity, margin) in [(0.9, 0.06), (0.5, 0.01)] {
            let ours = Material.impureShare(outcome.recorded[96_000...], hertz: 400, purity: purity)
            let theirs = Material.impureShare(alone[96_000...], hertz: 400, purity: purity)
            #expect(ours < theirs + margin, "seed \(seed), purity \(purity): \(ours) against \(theirs)")
        }
    }

    @Test("a gap fades to silence and its end is heard at once")
    func gap() throws {
        let payloads = try Material.payloads(Material.tone(hertz: 400, seconds: 5))
        let outcome = try SimulatedCall(
            payloads: payloads, seed: 1, pullCount: 245,
            path: { index, _ in (100..<150).contains(index) ? [] : [.milliseconds(20)] }
        ).run()
        // Packets 100 to 149 would play from about 2.04 s to 3.04 s.
        let level = { (from: Double, to: Double) in
            ToneDetector.level(of: outcome.recorded[Int(from * 48_000)..<Int(to * 48_000)])
        }
        #expect(level(1.8, 2.0) > 6_000)
        #expect(level(2.25, 3.0) < 10)
        #expect(level(3.15, 3.25) > 6_000)
        #expect(outcome.statistics.lost == 50)
        #expect((900...1100).contains(outcome.statistics.concealedMilliseconds))
        #expect(outcome.statistics.delay.p95 ?? 999 < 50)
    }

    @Test("a stall loses nothing short and its delay goes away again")
    func stall() throws {
        let payloads = try Material.payloads(Material.tone(hertz: 400, seconds: 10))
        let outcome = try SimulatedCall(
            payloads: payloads, seed: 1, pullCount: 495,
            path: { index, _ in
                // From 2 s on nothing gets through for 160 ms, then all of it.
                [.milliseconds(20 + ((100..<108).contains(index) ? (108 - index) * 20 : 0))]
            }
        ).run()
        #expect(outcome.statistics.lost == 0)
        #expect(outcome.statistics.late == 0)
        #expect((140...200).contains(outcome.statistics.concealedMilliseconds))
        #expect(outcome.statistics.removedSamples >= 100 * 48)
        #expect(outcome.statistics.delay.p50 ?? 999 < 50)
    }

    @Test("a path that becomes longer for good is followed")
    func longerPath() throws {
        let payloads = try Material.payloads(Material.tone(hertz: 400, seconds: 12))
        let outcome = try SimulatedCall(
            payloads: payloads, seed: 1, pullCount: 600,
            path: { index, _ in [.milliseconds(index < 200 ? 20 : 420)] }
        ).run()
        #expect(outcome.statistics.concealedMilliseconds < 1_000)
        let impure = Material.impureShare(outcome.recorded[(48_000 * 7)...], hertz: 400, purity: 0.9)
        #expect(impure < 0.05, "\(impure)")
    }

    @Test("clocks that drift apart for ten minutes build up no delay", arguments: [-300.0, 300.0])
    func drift(partsPerMillion: Double) throws {
        let minute = try Material.payloads(
            Material.tone(hertz: 400, seconds: 60), settings: OpusEncoderSettings(complexity: 0))
        let payloads = (0..<30_000).map { minute[$0 % minute.count] }
        let outcome = try SimulatedCall(
            payloads: payloads, seed: 5, receiverPartsPerMillion: partsPerMillion, pullCount: 29_980,
            path: { _, random in [.milliseconds(20 + 2 * random.unitInterval())] }
        ).run()
        let statistics = outcome.statistics
        // 300 ppm of ten minutes are 180 ms.
        let stretched = statistics.insertedSamples - statistics.removedSamples
        #expect(abs(stretched - Int(180 * 48 * partsPerMillion / 300)) < 40 * 48, "\(stretched)")
        #expect(statistics.delay.p95 ?? 999 < 50)
        #expect(statistics.concealedMilliseconds < 300, "\(statistics.concealedMilliseconds)")
        let impure = Material.impureShare(outcome.recorded.suffix(48_000 * 60), hertz: 400, purity: 0.9)
        #expect(impure < 0.02, "\(impure)")
    }

    @Test("sequence numbers and timestamps wrap unheard")
    func wraps() throws {
        let payloads = try Self.speech().prefix(400)
        let call = SimulatedCall(
            payloads: Array(payloads), seed: 1, firstSequence: 65_400, firstTimestamp: .max - 100_000,
            path: { index, _ in [130, 137, 138].contains(index) ? [] : [.milliseconds(20)] })
        let outcome = try call.run()
        #expect(outcome.statistics.received == 397)
        #expect(outcome.statistics.lost == 3)
        #expect(outcome.statistics.discarded == 0)
        #expect(outcome.statistics.sourceChanges == 0)
    }

    @Test("packets of 10, 40 and 60 ms play as well", arguments: [480, 1920, 2880])
    func durations(samples: Int) throws {
        // A SILK or CELT frame of that duration with nothing in it.
        let toc: [Int: UInt8] = [480: 0xF0, 1920: 0x50, 2880: 0x58]
        let packet: [UInt8] = [try #require(toc[samples]), 0xFF, 0xFE, 0]
        let outcome = try SimulatedCall(
            payloads: [[UInt8]](repeating: packet, count: 100), packetSamples: samples, seed: 2,
            pullCount: 100 * samples / 960 - 5, path: Self.steady
        ).run()
        #expect(outcome.statistics.lost == 0)
        #expect(outcome.statistics.concealedSamples == 0)
        #expect(!outcome.playouts.dropFirst(3).contains(.waiting))
        #expect(outcome.statistics.delay.p95 ?? 999 < 70)
    }

    @Test(
        "packets of 10, 20, 40 and 60 ms in any order play as one sound, also where some are lost",
        arguments: [0, 0.03])
    func mixedDurations(loss: Double) throws {
        let tone = Material.tone(hertz: 440, seconds: 20)
        var encoder = try OpusPacketEncoder()
        var random = RandomSource.seeded(11)
        var underway: [(arrival: Int64, timestamp: Int, payload: [UInt8])] = []
        var start = 0
        while start + 2880 <= tone.count {
            let samples = [480, 960, 1920, 2880][Int(random.next() % 4)]
            try encoder.apply(OpusEncoderSettings(complexity: 1, expectedLossPercentage: 0, packetSamples: samples))
            var payload: [UInt8] = []
            try encoder.encode(tone.span.extracting(start..<start + samples), into: &payload)
            // It can leave when its sound is whole.
            let sent = Int64(start + samples) * 62_500 / 3
            underway.append((sent + Int64(random.unitInterval() * 10e6), start, payload))
            start += samples
        }
        var receiver = try AudioReceiver()
        var block = [Int16](repeating: 0, count: 960)
        var recorded: [Int16] = []
        var next = 0
        for pull in 0..<950 {
            let now = Int64(pull) * 20_000_000 + 7_000_000
            while next < underway.count, underway[next].arrival <= now {
                if random.unitInterval() >= loss {
                    let (arrival, timestamp, payload) = underway[next]
                    receiver.receive(
                        ssrc: 1, sequence: UInt16(next), timestamp: UInt32(timestamp), payload: payload.span,
                        arrival: Instant(nanoseconds: arrival))
                }
                next += 1
            }
            var room = block.mutableSpan
            _ = receiver.pull(into: &room, now: Instant(nanoseconds: now))
            recorded += block
        }
        let statistics = receiver.statistics
        // Before it knows how long packets are, and, of what is lost, its own length.
        let lost = statistics.lost * 2880
        #expect(statistics.concealedSamples <= 9_600 + lost, "\(statistics)")
        #expect(statistics.late + statistics.discarded <= 3, "\(statistics)")
        let impure = Material.impureShare(recorded[48_000...], hertz: 440, purity: 0.9)
        #expect(impure <= (loss == 0 ? 0.02 : 0.1), "\(impure) \(statistics)")
    }

    @Test("another source takes over, and stragglers of the old one do not bring it back")
    func sourceChange() throws {
        let payloads = try Self.speech()
        var receiver = try AudioReceiver()
        var block = [Int16](repeating: 0, count: 960)
        var decoded = 0
        for index in 0..<200 {
            let payload = payloads[index]
            let now = Instant(nanoseconds: Int64(index) * 20_000_000)
            let isSecond = index >= 100
            receiver.receive(
                ssrc: isSecond ? 2 : 1, sequence: UInt16(index) &+ (isSecond ? 40_000 : 0),
                timestamp: UInt32(index) * 960 &+ (isSecond ? 3_000_000_000 : 0), payload: payload.span,
                arrival: now)
            if index == 103 {
                let payload = payloads[99]
                receiver.receive(
                    ssrc: 1, sequence: 99, timestamp: 99 * 960, payload: payload.span, arrival: now)
            }
            var room = block.mutableSpan
            if receiver.pull(into: &room, now: now + .milliseconds(10)) == .decoded { decoded += 1 }
        }
        #expect(receiver.statistics.sourceChanges == 1)
        #expect(receiver.statistics.discarded == 1)
        #expect(decoded >= 196)
        #expect(receiver.firstDecoded == Instant(nanoseconds: 10_000_000))
    }

    @Test("packets that nobody pulls are dropped, the latest are kept")
    func unpulled() throws {
        let payloads = try Self.speech()
        var receiver = try AudioReceiver()
        var block = [Int16](repeating: 0, count: 960)
        for index in 0..<5_000 {
            let payload = payloads[index % payloads.count]
            receiver.receive(
                ssrc: 1, sequence: UInt16(index), timestamp: UInt32(index) * 960, payload: payload.span,
                arrival: Instant(nanoseconds: Int64(index) * 20_000_000))
        }
        #expect(receiver.statistics.discarded == 5_000 - 64)
        var room = block.mutableSpan
        #expect(receiver.pull(into: &room, now: Instant(nanoseconds: 5_000 * 20_000_000)) == .decoded)
        // All but about 300 ms of what was kept is too old.
        #expect(receiver.statistics.discarded > 5_000 - 24)
        #expect(receiver.statistics.lost == 0)
    }

    @Test("timestamps that leap about are played as they come")
    func wildTimestamps() throws {
        let payloads = try Self.speech()
        let seed: UInt64 = 0x71
        var random = RandomSource.seeded(seed)
        var receiver = try AudioReceiver()
        var block = [Int16](repeating: 0, count: 960)
        var decoded = 0
        for index in 0..<2_000 {
            let now = Instant(nanoseconds: Int64(index) * 20_000_000)
            let payload = payloads[index % payloads.count]
            receiver.receive(
                ssrc: 1, sequence: UInt16(index),
                timestamp: index < 1_000 ? UInt32(truncatingIfNeeded: random.next()) : UInt32(index) &* 0x7FFF_FFFF,
                payload: payload.span, arrival: now)
            var room = block.mutableSpan
            if receiver.pull(into: &room, now: now) == .decoded { decoded += 1 }
        }
        #expect(decoded > 500, "seed \(seed): \(decoded)")
    }

    @Test("any path leaves counters that add up", arguments: 1...40 as ClosedRange<UInt64>)
    func accounting(seed: UInt64) throws {
        let payloads = Array(try Self.speech().prefix(250))
        var random = RandomSource.seeded(seed &* 77)
        let loss = random.unitInterval() * 0.4
        let jitter = random.unitInterval() * 250
        var sent = 0
        let call = SimulatedCall(
            payloads: payloads, seed: seed, receiverPartsPerMillion: (random.unitInterval() - 0.5) * 2_000,
            pullJitter: .milliseconds(random.unitInterval() * 30),
            path: { _, random in
                guard random.unitInterval() >= loss else { return [] }
                return [.milliseconds(random.unitInterval() * jitter)]
            })
        var counting = call
        counting.path = { index, random in
            let transits = call.path(index, &random)
            sent += transits.count
            return transits
        }
        let outcome = try counting.run()
        let statistics = outcome.statistics
        #expect(statistics.received == sent, "seed \(seed)")
        #expect(
            statistics.lost >= 0 && statistics.lost <= 250 - sent + statistics.discarded + 1,
            "seed \(seed): \(statistics)")
        #expect(statistics.duplicates == 0, "seed \(seed)")
        #expect(statistics.delay.p95 ?? 0 < 500, "seed \(seed)")
        #expect(outcome.recorded.count == 270 * 960)
    }
}

extension SimulatedCall {
    init(payloads: [[UInt8]], pullCount: Int, path: @escaping Path) {
        self.init(payloads: payloads, seed: 0, pullCount: pullCount, path: path)
    }
}
