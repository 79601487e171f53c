import Audio
import Testing
import Wire

@Suite("WAV files")
struct WAVTests {
    private static func chunk(_ tag: String, _ body: [UInt8]) -> [UInt8] {
        Array(tag.utf8) + Self.word(UInt32(body.count)) + body + (body.count % 2 == 1 ? [0] : [])
    }

    private static func word(_ value: UInt32) -> [UInt8] { value.bigEndianBytes.reversed() }
    private static func half(_ value: UInt16) -> [UInt8] { value.bigEndianBytes.reversed() }

    /// A file of one format around `data`.
    private static func file(
        tag: UInt16 = 1, channels: UInt16 = 1, rate: UInt32 = 48_000, bits: UInt16 = 16, extra: [UInt8] = [],
        data: [UInt8]
    ) -> [UInt8] {
        let frame = channels &* (bits / 8)
        let format =
            Self.half(tag) + Self.half(channels) + Self.word(rate) + Self.word(rate &* UInt32(frame))
            + Self.half(frame) + Self.half(bits) + extra
        let body = Self.chunk("fmt ", format) + Self.chunk("LIST", [1, 2, 3]) + Self.chunk("data", data)
        return Array("RIFF".utf8) + Self.word(UInt32(body.count + 4)) + Array("WAVE".utf8) + body
    }

    @Test("what is written is read")
    func roundTrip() throws {
        let samples = Array(Material.speech.prefix(10_001)) + [.min, .max, 0, -1]
        let recording = try WAVRecording(decoding: WAVHeader.file(samples: samples))
        #expect(recording.sampleRate == 48_000)
        #expect(recording.engineSamples() == samples)
    }

    @Test("a file whose writer was killed is whole up to its last header, or to its end")
    func killedWriter() throws {
        let samples = Array(Material.speech.prefix(4_800))
        var octets = WAVHeader.octets(sampleCount: 4_000)
        WAVHeader.append(samples.span, to: &octets)
        #expect(try WAVRecording(decoding: octets).samples.count == 4_000)
        octets.replaceSubrange(0..<44, with: WAVHeader.octets(sampleCount: 0))
        #expect(try WAVRecording(decoding: octets).samples.count == 4_800)
        octets.replaceSubrange(0..<44, with: WAVHeader.octets(sampleCount: 9_000))
        #expect(try WAVRecording(decoding: octets.dropLast().map { $0 }).samples.count == 4_799)
    }

    @Test("a header never tells more than the format can")
    func longestHeader() throws {
        #expect(WAVHeader.octets(sampleCount: .max).count == WAVHeader.count)
        #expect(WAVHeader.octets(sampleCount: -1) == WAVHeader.octets(sampleCount: 0))
    }

    @Test("every sample format means the same sound")
    func formats() throws {
        let eight = Self.file(bits: 8, data: [0x80, 0xC0, 0x40, 0x00])
        let sixteen = Self.file(data: [0, 0, 0, 0x40, 0, 0xC0, 0, 0x80])
        let twentyFour = Self.file(bits: 24, data: [0, 0, 0, 0, 0, 0x40, 0, 0, 0xC0, 0, 0, 0x80])
        let thirtyTwo = Self.file(bits: 32, data: [0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0xC0, 0, 0, 0, 0x80])
        let floats = [Float(0), 0.5, -0.5, -1].flatMap { Self.word($0.bitPattern) }
        let float = Self.file(tag: 3, bits: 32, data: floats)
        let extensible = Self.file(
            tag: 0xFFFE, bits: 32, extra: [22, 0, 32, 0, 4, 0, 0, 0, 3, 0] + [UInt8](repeating: 0, count: 14),
            data: floats)
        for file in [eight, sixteen, twentyFour, thirtyTwo, float, extensible] {
            #expect(try WAVRecording(decoding: file).samples == [0, 0.5, -0.5, -1])
        }
    }

    @Test("stereo becomes the mean of its channels; what is not a number is silence")
    func channels() throws {
        let stereo = Self.file(channels: 2, data: [0, 0x40, 0, 0x20, 0, 0xC0, 0, 0x40])
        #expect(try WAVRecording(decoding: stereo).samples == [0.375, 0])
        let odd = [Float.nan, .infinity, 7, 0.25].flatMap { Self.word($0.bitPattern) }
        #expect(try WAVRecording(decoding: Self.file(tag: 3, bits: 32, data: odd)).samples == [0, 0, 1, 0.25])
    }

    @Test("what cannot be played is refused by name")
    func refusals() {
        let data: [UInt8] = [0, 0, 0, 0]
        let rows: [([UInt8], AudioError)] = [
            ([], .notWAV),
            (Array("RIFF\u{0}\u{0}\u{0}\u{0}AVI ".utf8), .notWAV),
            (Array("RIFF\u{0}\u{0}\u{0}\u{0}WAVE".utf8), .missingChunk("fmt ")),
            (Self.file(tag: 7, bits: 8, data: data), .unsupportedEncoding(formatTag: 7, bitsPerSample: 8)),
            (Self.file(bits: 12, data: data), .unsupportedEncoding(formatTag: 1, bitsPerSample: 12)),
            (Self.file(tag: 3, bits: 64, data: data), .unsupportedEncoding(formatTag: 3, bitsPerSample: 64)),
            (Self.file(channels: 0, data: data), .unsupportedChannels(0)),
            (Self.file(channels: 6, data: data), .unsupportedChannels(6)),
            (Self.file(rate: 0, data: data), .unsupportedSampleRate(0)),
            (Self.file(rate: .max, data: data), .unsupportedSampleRate(Int(UInt32.max))),
            (
                Self.file(rate: 4_000, bits: 8, data: [UInt8](repeating: 0, count: 7_204_000)),
                .tooLong(seconds: 1_801, limit: 1_800)
            ),
        ]
        for (file, error) in rows {
            #expect(throws: error) { try WAVRecording(decoding: file) }
        }
    }

    @Test("hostile headers are refused or read, never fatal")
    func fuzz() {
        let seed: UInt64 = 0x3A7
        var random = RandomSource.seeded(seed)
        let good = [
            WAVHeader.file(samples: [1, 2, 3, 4, 5]), Self.file(channels: 2, rate: 44_100, bits: 24, data: [1, 2, 3]),
            Self.file(tag: 3, bits: 32, data: [1, 2, 3, 4, 5, 6, 7, 8]),
        ]
        var readable = 0
        for file in good {
            for length in 0...file.count {
                if (try? WAVRecording(decoding: Array(file.prefix(length)))) != nil { readable += 1 }
            }
        }
        for round in 0..<3_000 {
            var file = good[round % good.count]
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                file[Int.random(in: file.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if let recording = try? WAVRecording(decoding: file) {
                readable += 1
                #expect(recording.samples.allSatisfy { abs($0) <= 1 }, "seed \(seed)")
            }
            _ = try? WAVRecording(decoding: Array("RIFF....WAVE".utf8) + random.bytes(count: 60))
        }
        #expect(readable > 0, "seed \(seed)")
    }
}
