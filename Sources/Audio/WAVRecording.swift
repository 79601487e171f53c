/// Sound read from a WAV file: PCM of 8, 16, 24 or 32 bits or 32-bit float, one or two channels,
/// mixed to one.
package struct WAVRecording: Equatable, Sendable {
    /// Hertz, as the file says: 4 000 ... 384 000.
    package let sampleRate: Int
    /// -1 ... 1, one channel.
    package let samples: [Float]

    /// Reads a whole file. What other programs leave unfinished is taken as far as it goes: a data
    /// chunk that announces more than there is, or nothing, ends with the file.
    package init(decoding file: [UInt8]) throws(AudioError) {
        guard file.count >= 12, Self.tag(file, at: 0) == "RIFF", Self.tag(file, at: 8) == "WAVE" else {
            throw .notWAV
        }
        var format: Format?
        var position = 12
        while file.count - position >= 8 {
            let tag = Self.tag(file, at: position)
            let announced = Int(Self.littleEndian(file, at: position + 4, count: 4))
            let start = position + 8
            let available = file.count - start
            switch tag {
            case "fmt ":
                guard announced <= available else { throw .missingChunk("fmt ") }
                format = try Format(file, at: start, count: announced)
            case "data":
                guard let format else { throw .missingChunk("fmt ") }
                let isOpen = announced == 0 || announced > available
                try self.init(
                    data: file[start..<start + (isOpen ? available : announced)], format: format)
                return
            default:
                guard announced <= available else { throw .missingChunk("data") }
            }
            // Chunks start at even places.
            position = start + announced + announced % 2
        }
        throw .missingChunk(format == nil ? "fmt " : "data")
    }

    private init(data: ArraySlice<UInt8>, format: Format) throws(AudioError) {
        let frameCount = data.count / format.frameOctets
        guard frameCount <= format.sampleRate * Self.longestSeconds else {
            throw .tooLong(seconds: frameCount / format.sampleRate, limit: Self.longestSeconds)
        }
        var samples: [Float] = []
        samples.reserveCapacity(frameCount)
        data.withUnsafeBufferPointer { octets in
            let width = format.sampleOctets
            for frame in 0..<frameCount {
                let start = frame * format.frameOctets
                var sum = format.value(octets, at: start)
                if format.channels == 2 {
                    sum = (sum + format.value(octets, at: start + width)) / 2
                }
                samples.append(sum)
            }
        }
        self.sampleRate = format.sampleRate
        self.samples = samples
    }

    /// The recording as the sound engine has it: 48 kHz, 16 bits, clipped at full scale.
    package func engineSamples() -> [Int16] {
        let converted =
            self.sampleRate == AudioFormat.sampleRate
            ? self.samples
            : Resampler(from: self.sampleRate, to: AudioFormat.sampleRate).resample(self.samples)
        return converted.map { sample in
            Int16((min(max(sample * 32_768, -32_768), 32_767)).rounded())
        }
    }

    // MARK: Format

    /// WAVE_FORMAT_PCM.
    static let pcm: UInt16 = 1
    /// WAVE_FORMAT_IEEE_FLOAT.
    static let float: UInt16 = 3
    /// WAVE_FORMAT_EXTENSIBLE: the tag proper stands in the sub-format.
    private static let extensible: UInt16 = 0xFFFE
    /// Half an hour: what is kept in memory must have an end.
    private static let longestSeconds = 1_800

    private struct Format: Equatable {
        let isFloat: Bool
        let channels: Int
        let sampleRate: Int
        let sampleOctets: Int

        var frameOctets: Int { self.sampleOctets * self.channels }

        init(_ file: [UInt8], at start: Int, count: Int) throws(AudioError) {
            guard count >= 16 else { throw .missingChunk("fmt ") }
            var tag = UInt16(littleEndian(file, at: start, count: 2))
            let channels = Int(littleEndian(file, at: start + 2, count: 2))
            let sampleRate = Int(littleEndian(file, at: start + 4, count: 4))
            let bits = Int(littleEndian(file, at: start + 14, count: 2))
            if tag == extensible, count >= 26 {
                tag = UInt16(littleEndian(file, at: start + 24, count: 2))
            }
            let isKnown = (tag == pcm && [8, 16, 24, 32].contains(bits)) || (tag == float && bits == 32)
            guard isKnown else { throw .unsupportedEncoding(formatTag: tag, bitsPerSample: bits) }
            guard (1...2).contains(channels) else { throw .unsupportedChannels(channels) }
            guard (4_000...384_000).contains(sampleRate) else { throw .unsupportedSampleRate(sampleRate) }
            self.isFloat = tag == float
            self.channels = channels
            self.sampleRate = sampleRate
            self.sampleOctets = bits / 8
        }

        /// One sample as -1 ... 1; what is not a number is silence.
        func value(_ octets: UnsafeBufferPointer<UInt8>, at start: Int) -> Float {
            var word: UInt32 = 0
            // The sample's octets go to the top of the word, which then has its sign.
            for index in 0..<self.sampleOctets {
                word |= UInt32(octets[start + index]) << UInt32(8 * (4 - self.sampleOctets + index))
            }
            if self.isFloat {
                let value = Float(bitPattern: word)
                return value.isFinite ? min(max(value, -1), 1) : 0
            }
            // 8-bit sound alone is unsigned.
            if self.sampleOctets == 1 { word ^= 0x8000_0000 }
            return Float(Int32(bitPattern: word)) / 2_147_483_648
        }
    }

    private static func tag(_ file: [UInt8], at start: Int) -> String {
        String(decoding: file[start..<start + 4], as: UTF8.self)
    }

    /// - Precondition: `count` octets at `start` exist.
    private static func littleEndian(_ file: [UInt8], at start: Int, count: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<count {
            value |= UInt32(file[start + index]) << UInt32(8 * index)
        }
        return value
    }
}
