import Audio
import Testing
import Wire

@Suite("Instruments for sound")
struct MeasurementTests {
    @Test("a tone is told from its neighbours, from noise and from silence")
    func tone() {
        let tone = Material.tone(hertz: 440, seconds: 0.1)
        #expect(ToneDetector.share(of: 440, in: tone) > 0.99)
        #expect(ToneDetector.share(of: 480, in: tone) < 0.01)
        #expect(ToneDetector.share(of: 440, in: Material.noise(seconds: 0.1, seed: 1)) < 0.01)
        #expect(ToneDetector.share(of: 440, in: [Int16](repeating: 0, count: 960)) == 0)
        #expect(abs(ToneDetector.level(of: tone) - 0.3 * 32_767 / 2.0.squareRoot()) < 50)
    }

    @Test("the delay of a recording is found to the sample", arguments: [0, 1, 959, 12_345, 60_001])
    func delay(samples: Int) throws {
        let noise = Material.noise(seconds: 0.5, seed: 9)
        let quiet = [Int16](repeating: 0, count: samples) + Material.speech.prefix(192_000).map { $0 / 4 }
        let recorded = quiet.enumerated().map { $1 + noise[$0 % noise.count] / 64 }
        let alignment = try #require(SignalAlignment.find(Array(Material.speech.prefix(192_000)), in: recorded))
        #expect(alignment.delaySamples == samples)
        #expect(alignment.coefficient > 0.9)
    }

    @Test("a recording that began late aligns at a negative delay")
    func negativeDelay() throws {
        let played = Array(Material.speech.prefix(192_000))
        let recorded = Array(played[7_000...])
        let alignment = try #require(SignalAlignment.find(played, in: recorded, delays: -48_000...48_000))
        #expect(alignment.delaySamples == -7_000)
        #expect(alignment.coefficient > 0.999)
    }

    @Test("unrelated sound has no likeness")
    func unrelated() throws {
        let one = Material.noise(seconds: 3, seed: 1)
        let other = Material.noise(seconds: 3, seed: 2)
        let alignment = try #require(SignalAlignment.find(one, in: other))
        #expect(abs(alignment.coefficient) < 0.05)
        #expect(SignalAlignment.find(one, in: [Int16](repeating: 0, count: 48_000)) == nil)
        #expect(SignalAlignment.find([], in: one) == nil)
    }

    @Test("segments follow a delay that moves")
    func segments() throws {
        let played = Array(Material.speech.prefix(240_000))
        let recorded = [Int16](repeating: 0, count: 1000) + played[..<120_000] + played[119_760...]
        let segments = SignalAlignment.segments(of: played, in: recorded, around: 1000)
        #expect(segments.first?.delaySamples == 1000)
        #expect(segments.last?.delaySamples == 1240)
        #expect(segments.filter { $0.coefficient > 0.99 }.count >= segments.count - 1)
    }
}
