internal import COpus

/// How the encoder works; a change takes effect with the next packet.
package struct OpusEncoderSettings: Equatable, Sendable {
    /// Constant bit rate of the payload, 6 000 ... 128 000.
    package var bitsPerSecond: Int
    /// 0 (cheapest) ... 10.
    package var complexity: Int
    /// The loss the in-band error correction prepares for, 0 ... 100 %. At 0 none is sent.
    package var expectedLossPercentage: Int
    /// Samples in each packet: 480, 960, 1920 or 2880 for 10, 20, 40 or 60 ms.
    package var packetSamples: Int
    /// Whether a call changes rate, error correction and redundancy by what the peer reports.
    package var adapts = true

    package init(
        bitsPerSecond: Int = 32_000, complexity: Int = 5, expectedLossPercentage: Int = 10,
        packetSamples: Int = AudioFormat.blockSamples
    ) {
        precondition(Self.packetSizes.contains(packetSamples), "no duration of Opus that is sent")
        self.bitsPerSecond = min(max(bitsPerSecond, 6_000), 128_000)
        self.complexity = min(max(complexity, 0), 10)
        self.expectedLossPercentage = min(max(expectedLossPercentage, 0), 100)
        self.packetSamples = packetSamples
    }

    /// Octets in each packet: the bit rate over its duration.
    package var packetOctets: Int { self.bitsPerSecond * self.packetSamples / AudioFormat.sampleRate / 8 }

    private static let packetSizes = [480, 960, 1920, 2880]
}

/// Owns one `OpusEncoder *`: sound of a packet's duration in, packets of one constant size out.
///
/// Constant bit rate and no discontinuous transmission, whatever is said or not said: sizes and
/// times of packets must not tell speech from silence (RFC 6562). Not `Sendable`: lives on the
/// thread that captures.
package struct OpusPacketEncoder: ~Copyable {
    private let encoder: OpaquePointer  // OpusEncoder *
    package private(set) var settings: OpusEncoderSettings

    package init(settings: OpusEncoderSettings = OpusEncoderSettings()) throws(AudioError) {
        var code: Int32 = OPUS_OK
        guard
            let encoder = opus_encoder_create(Int32(AudioFormat.sampleRate), 1, OPUS_APPLICATION_VOIP, &code),
            code == OPUS_OK
        else { throw .codec(code: code) }
        code = Self.configure(encoder, settings)
        guard code == OPUS_OK else {
            opus_encoder_destroy(encoder)
            throw .codec(code: code)
        }
        self.encoder = encoder
        self.settings = settings
    }

    deinit { opus_encoder_destroy(self.encoder) }

    package mutating func apply(_ settings: OpusEncoderSettings) throws(AudioError) {
        let code = Self.configure(self.encoder, settings)
        guard code == OPUS_OK else { throw .codec(code: code) }
        self.settings = settings
    }

    /// What the encoder holds back: sound comes out this many samples late.
    package var lookaheadSamples: Int {
        var samples: Int32 = 0
        return colloque_opus_get_lookahead(self.encoder, &samples) == OPUS_OK ? Int(samples) : 0
    }

    /// Encodes `settings.packetSamples` samples.
    /// - Parameter packet: Takes exactly `settings.packetOctets` octets; reused from call to call,
    ///   nothing is allocated.
    package mutating func encode(_ block: Span<Int16>, into packet: inout [UInt8]) throws(AudioError) {
        try self.prepare(&packet, for: block.count)
        let size = Int32(packet.count)
        let written = block.withUnsafeBufferPointer { samples in
            packet.withUnsafeMutableBufferPointer { octets in
                guard let start = samples.baseAddress, let octets = octets.baseAddress else { return OPUS_BAD_ARG }
                return opus_encode(self.encoder, start, Int32(samples.count), octets, size)
            }
        }
        try self.check(written)
    }

    /// The same from samples of -1 … 1, for sound that is computed: it is not rounded before it is coded.
    package mutating func encode(_ block: Span<Float>, into packet: inout [UInt8]) throws(AudioError) {
        try self.prepare(&packet, for: block.count)
        let size = Int32(packet.count)
        let written = block.withUnsafeBufferPointer { samples in
            packet.withUnsafeMutableBufferPointer { octets in
                guard let start = samples.baseAddress, let octets = octets.baseAddress else { return OPUS_BAD_ARG }
                return opus_encode_float(self.encoder, start, Int32(samples.count), octets, size)
            }
        }
        try self.check(written)
    }

    private func prepare(_ packet: inout [UInt8], for count: Int) throws(AudioError) {
        guard count == self.settings.packetSamples else {
            throw .wrongSize(have: count, need: self.settings.packetSamples)
        }
        let size = self.settings.packetOctets
        if packet.count > size {
            packet.removeLast(packet.count - size)
        }
        while packet.count < size {
            packet.append(0)
        }
    }

    private func check(_ written: Int32) throws(AudioError) {
        guard written > 0 else { throw .codec(code: written) }
        guard written == self.settings.packetOctets else {
            throw .wrongSize(have: Int(written), need: self.settings.packetOctets)
        }
    }

    /// - Returns: The first refusal of libopus, or `OPUS_OK`.
    private static func configure(_ encoder: OpaquePointer, _ settings: OpusEncoderSettings) -> Int32 {
        let codes = (
            colloque_opus_set_vbr(encoder, 0),
            colloque_opus_set_dtx(encoder, 0),
            colloque_opus_set_voice(encoder),
            colloque_opus_set_bitrate(encoder, Int32(settings.bitsPerSecond)),
            colloque_opus_set_complexity(encoder, Int32(settings.complexity)),
            colloque_opus_set_inband_fec(encoder, settings.expectedLossPercentage > 0 ? 1 : 0),
            colloque_opus_set_packet_loss_percentage(encoder, Int32(settings.expectedLossPercentage))
        )
        return min(codes.0, codes.1, codes.2, min(codes.3, codes.4, codes.5, codes.6))
    }
}
