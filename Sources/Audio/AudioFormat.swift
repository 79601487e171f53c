internal import Wire

/// The one sound format inside Colloque: 48 kHz, mono, 16-bit, in blocks of 20 ms.
package enum AudioFormat {
    /// Samples per second, also the unit of RTP timestamps (RFC 7587 §4.1).
    package static let sampleRate = 48_000
    /// Samples in one block.
    package static let blockSamples = 960
    /// What one block lasts.
    package static let blockDuration: Duration = .milliseconds(20)
    /// The longest packet Opus knows: 120 ms (RFC 6716 §3.2.5).
    package static let maximumPacketSamples = 5_760
    /// The largest payload accepted from the network; a datagram holds no more.
    package static let maximumPayloadOctets = 1_500

    /// Whole samples in `duration`.
    package static func samples(in duration: Duration) -> Int64 {
        self.samples(nanoseconds: duration.wholeNanoseconds)
    }

    /// What `samples` last, in nanoseconds.
    static func nanoseconds(samples: Int64) -> Int64 {
        samples &* 62_500 / 3
    }

    /// Whole samples in `nanoseconds`, rounded towards zero.
    static func samples(nanoseconds: Int64) -> Int64 {
        nanoseconds / 62_500 &* 3 &+ nanoseconds % 62_500 &* 3 / 62_500
    }
}

/// Everything that can go wrong with sound in memory.
package enum AudioError: Error, Equatable, Sendable {
    /// libopus refused: its error code (opus_defines.h), negative.
    case codec(code: Int32)
    /// The octets are not an Opus packet (RFC 6716 §3.4).
    case malformedPacket
    /// A buffer holds `have` samples or octets where `need` are required.
    case wrongSize(have: Int, need: Int)
    /// Not a RIFF/WAVE file.
    case notWAV
    /// The file ends inside a chunk it announced, or lacks the chunk named.
    case missingChunk(String)
    /// A WAV encoding that is neither PCM of 8, 16, 24 or 32 bits nor 32-bit float.
    case unsupportedEncoding(formatTag: UInt16, bitsPerSample: Int)
    /// More than two channels, or none.
    case unsupportedChannels(Int)
    /// A sample rate outside 4 000 ... 384 000 Hz.
    case unsupportedSampleRate(Int)
    /// Longer than the longest recording taken.
    case tooLong(seconds: Int, limit: Int)
}
