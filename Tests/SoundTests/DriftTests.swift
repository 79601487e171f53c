import Audio
import Foundation
import Testing
import Wire

@testable import Sound

@Suite("Clocks that differ")
struct DriftTests {
    @Test(
        "mouth to ear stays within 40 ms for as long as the call, the two cards 600 ppm apart",
        arguments: [(300.0, -300.0), (-300.0, 300.0)])
    func drift(mouth: Double, ear: Double) throws {
        // An hour takes less than one minute: COLLOQUE_LONG_MINUTES=60.
        let minutes = Int(ProcessInfo.processInfo.environment["COLLOQUE_LONG_MINUTES"] ?? "") ?? 12
        let delays = try DriftingCall(mouthPartsPerMillion: mouth, earPartsPerMillion: ear).run(minutes: minutes)
        #expect(delays.count * 5 >= minutes * 4, "found in \(delays.count) of \(minutes) minutes")
        let sorted = delays.sorted()
        let median = sorted[sorted.count / 2]
        let (least, most) = (sorted.first ?? 0, sorted.last ?? 0)
        #expect(most - median < 40 && median - least < 40, "\(least) … \(median) … \(most) ms")
        #expect(most < 200)
        print("mouth \(mouth) ppm, ear \(ear) ppm: mouth to ear \(least) … \(median) … \(most) ms")
    }
}

/// A voice through sender, network and receiver to a loudspeaker of which the clock differs.
private struct DriftingCall {
    let mouthPartsPerMillion: Double
    let earPartsPerMillion: Double

    /// - Returns: Mouth to ear in ms, once a minute, where the sound was recognised.
    func run(minutes: Int) throws -> [Double] {
        let speech = try Greeting.samples()
        let blocks = speech.count / 960
        var sender = try AudioSender(settings: OpusEncoderSettings(complexity: 0))
        var payloads: [[UInt8]] = []
        for index in 0..<blocks {
            var payload: [UInt8] = []
            _ = try sender.send(speech.span.extracting(index * 960..<(index + 1) * 960), into: &payload)
            payloads.append(payload)
        }

        var receiver = try AudioReceiver()
        let playback = PlaybackLine(DeviceWatch.Attempt(number: 1, device: "drifting"), now: .zero)
        var store = PlaybackStore(now: .zero)
        var random = RandomSource.seeded(11)
        var device: [[Int16]] = []
        var block = [Int16](repeating: 0, count: 960)
        var frame = [Int16](repeating: 0, count: 480)
        var heard: [Int16] = []
        var heardSince = 0.0
        var delays: [Double] = []
        var next = 0
        let mouthRate = 1 + self.mouthPartsPerMillion / 1e6
        let earRate = 1 + self.earPartsPerMillion / 1e6
        let sentAt: (Int) -> Double = { Double($0 + 1) * 0.02 / mouthRate }
        var arrival = sentAt(0) + 0.04
        for tick in 0..<minutes * 6_000 {
            let time = Double(tick) * 0.01 / earRate
            let now = Instant(nanoseconds: Int64(time * 1e9))
            while arrival <= time {
                let payload = payloads[next % blocks]
                receiver.receive(
                    ssrc: 1, sequence: UInt16(truncatingIfNeeded: next),
                    timestamp: UInt32(truncatingIfNeeded: next * 960), payload: payload.span,
                    arrival: Instant(nanoseconds: Int64(arrival * 1e9)))
                next += 1
                arrival = sentAt(next) + 0.04 + random.unitInterval() * 0.005
            }
            // The device plays one frame.
            let sounding = device.isEmpty ? [Int16](repeating: 0, count: 480) : device.removeFirst()
            if tick % 6_000 == 5_000 { (heard, heardSince) = ([], time) }
            if tick % 6_000 >= 5_000, tick % 6_000 < 5_150 { heard += sounding }
            store.report(deviceSamples: device.count * 480, now: now)
            playback.tell(store)
            while playback.wantedBlocks > 0 {
                var room = block.mutableSpan
                _ = receiver.pull(into: &room, now: now)
                playback.play(block.span)
            }
            while (device.count + 1) * 480 <= store.deviceDepth, playback.take(into: &frame, counting: &store) {
                device.append(frame)
            }
            if tick % 6_000 == 5_150, let delay = Self.delay(of: heard, since: heardSince, speech, blocks, mouthRate) {
                delays.append(delay)
            }
        }
        return delays
    }

    /// Looks in what was heard for what went in half a second long at the time the hearing began. A block of 20 ms and
    /// a network of 40 ms are the least. What resembles itself some periods off, as a vowel held long, says nothing of
    /// delay: of two places that are as like as 0.9917 and 0.9914, 41 ms apart, no correlation tells the right one.
    private static func delay(
        of heard: [Int16], since time: Double, _ speech: [Int16], _ blocks: Int, _ mouthRate: Double
    ) -> Double? {
        let loop = blocks * 960
        let start = Int(time * 48_000 * mouthRate)
        let said = (0..<24_000).map { speech[(start + $0) % loop] }
        let after = (0..<24_000 + Self.ambiguity.upperBound).map { speech[(start + $0) % loop] }
        guard SignalAlignment.find(said, in: after, delays: Self.ambiguity)?.coefficient ?? 1 < 0.9 else { return nil }
        guard let found = SignalAlignment.find(said, in: heard, delays: 2_880...24_000), found.coefficient > 0.5 else {
            return nil
        }
        return found.delayMilliseconds
    }

    /// Samples by which a piece that names a delay must not resemble itself: 20 to 100 ms.
    private static let ambiguity = 960...4_800
}
