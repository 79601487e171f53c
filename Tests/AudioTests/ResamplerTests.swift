import Audio
import Testing

@Suite("Resampler")
struct ResamplerTests {
    private static func sine(_ hertz: Double, rate: Int, count: Int) -> [Float] {
        var phase = 0.0
        return (0..<count).map { _ in
            defer { phase += hertz / Double(rate) }
            return Self.wave(phase)
        }
    }

    /// sin(2πx), by the engine's own tone at 1 Hz.
    private static let table = Material.tone(hertz: 1, seconds: 1)
    private static func wave(_ turns: Double) -> Float {
        let place = (turns - turns.rounded(.down)) * 48_000
        let index = Int(place)
        let share = Float(place - Double(index))
        let one = Float(Self.table[index % 48_000])
        let other = Float(Self.table[(index + 1) % 48_000])
        return (one + (other - one) * share) / 32_768
    }

    /// Level of the middle of `samples`, in dB against `reference`.
    private static func decibels(_ samples: [Float], against reference: [Float]) -> Double {
        let middle = samples[samples.count / 4..<samples.count * 3 / 4].map { Int16($0 * 32_767) }
        let before = reference[reference.count / 4..<reference.count * 3 / 4].map { Int16($0 * 32_767) }
        let level = max(ToneDetector.level(of: middle), 0.01)
        return Self.decibels(level / ToneDetector.level(of: before))
    }

    private static func decibels(_ ratio: Double) -> Double {
        // log2 by exponent and series is all that is needed here.
        var ratio = ratio
        var powers = 0.0
        while ratio < 0.5 {
            ratio *= 2
            powers -= 1
        }
        while ratio >= 1 {
            ratio /= 2
            powers += 1
        }
        let x = (ratio - 1) / (ratio + 1)
        let natural = 2 * (x + x * x * x / 3 + x * x * x * x * x / 5 + x * x * x * x * x * x * x / 7)
        return 20 * (powers * 0.30103 + natural * 0.4342945)
    }

    @Test("the pass band is flat", arguments: [8_000, 11_025, 16_000, 44_100, 96_000])
    func passBand(rate: Int) {
        let nyquist = Double(min(rate, 48_000)) / 2
        for share in [0.02, 0.3, 0.6, 0.85] {
            let source = Self.sine(nyquist * share, rate: rate, count: rate / 10)
            let result = Resampler(from: rate, to: 48_000).resample(source)
            #expect(abs(result.count - 4_800) <= 3)
            let change = Self.decibels(result, against: source)
            #expect(abs(change) < 0.1, "\(share) of Nyquist: \(change) dB")
        }
    }

    @Test("what does not fit below 24 kHz is gone", arguments: [24_500.0, 30_000, 47_000])
    func stopBand(hertz: Double) {
        let source = Self.sine(hertz, rate: 96_000, count: 19_200)
        let change = Self.decibels(Resampler(from: 96_000, to: 48_000).resample(source), against: source)
        #expect(change < -75, "\(change) dB")
    }

    @Test("rising from 8 kHz leaves no image above 4 kHz")
    func images() {
        let source = Self.sine(1_000, rate: 8_000, count: 1_600)
        let result = Resampler(from: 8_000, to: 48_000).resample(source).map { Int16($0 * 32_767) }
        let middle = result[2_400..<7_200]
        #expect(ToneDetector.share(of: 1_000, in: middle) > 0.9999)
        #expect(ToneDetector.share(of: 7_000, in: middle) < 1e-8)
    }

    @Test("a file of any rate plays in time and in tune", arguments: [8_000, 22_050, 44_100, 96_000])
    func alignment(rate: Int) throws {
        let speech = Array(Material.speech[96_000..<144_000])
        let there = Resampler(from: 48_000, to: rate).resample(speech.map { Float($0) / 32_768 })
        let back = Resampler(from: rate, to: 48_000).resample(there).map { Int16(max(-1, min(1, $0)) * 32_767) }
        let alignment = try #require(SignalAlignment.find(speech, in: back, delays: -480...480))
        #expect(alignment.delaySamples == 0)
        #expect(alignment.coefficient > (rate == 8_000 ? 0.9 : 0.99), "\(alignment)")
    }
}
