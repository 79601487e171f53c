/// The head of a WAV file of 48 kHz mono 16-bit sound, and its samples' octets.
///
/// A writer puts `octets(sampleCount: 0)` first, appends samples, and from time to time writes the
/// header of what is there over the old one: then the file is whole up to that moment whatever
/// happens after.
package enum WAVHeader {
    /// Octets in the header.
    package static let count = 44

    /// The header of a file that holds `sampleCount` samples.
    ///
    /// The format ends at 4 GiB (12 hours); from there on the header tells the largest length.
    package static func octets(sampleCount: Int) -> [UInt8] {
        let room = (Int(UInt32.max) - Self.count) / 2
        let dataCount = UInt32(min(max(sampleCount, 0), room) * 2)
        var header: [UInt8] = []
        header.reserveCapacity(Self.count)
        header += Array("RIFF".utf8)
        Self.append(dataCount + UInt32(Self.count - 8), to: &header)
        header += Array("WAVEfmt ".utf8)
        Self.append(UInt32(16), to: &header)
        Self.append(WAVRecording.pcm, to: &header)
        Self.append(UInt16(1), to: &header)
        Self.append(UInt32(AudioFormat.sampleRate), to: &header)
        Self.append(UInt32(AudioFormat.sampleRate * 2), to: &header)
        Self.append(UInt16(2), to: &header)
        Self.append(UInt16(16), to: &header)
        header += Array("data".utf8)
        Self.append(dataCount, to: &header)
        return header
    }

    /// Appends samples as the file has them, little-endian.
    package static func append(_ samples: Span<Int16>, to octets: inout [UInt8]) {
        octets.reserveCapacity(octets.count + samples.count * 2)
        for index in 0..<samples.count {
            Self.append(UInt16(bitPattern: samples[index]), to: &octets)
        }
    }

    /// A whole file in memory.
    package static func file(samples: [Int16]) -> [UInt8] {
        var octets = Self.octets(sampleCount: samples.count)
        Self.append(samples.span, to: &octets)
        return octets
    }

    private static func append(_ value: some FixedWidthInteger, to octets: inout [UInt8]) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            octets.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
