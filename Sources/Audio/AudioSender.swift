/// The way out: blocks of 960 samples become RTP payloads of one constant size.
///
/// Holds no clock: the caller hands over a block every 20 ms and sends what comes back at once.
package struct AudioSender: ~Copyable {
    /// One payload's place in the stream.
    package struct Placement: Equatable, Sendable {
        /// To be added to the stream's random offset (RFC 3550 §5.1), in samples at 48 kHz.
        package let timestamp: UInt32
        /// Set on the very first packet only: without DTX there is one talkspurt (RFC 7587 §4.2).
        package let isMarked: Bool
    }

    private var encoder: OpusPacketEncoder
    private var nextTimestamp: UInt32 = 0
    private var isFirst = true

    package init(settings: OpusEncoderSettings = OpusEncoderSettings()) throws(AudioError) {
        self.encoder = try OpusPacketEncoder(settings: settings)
    }

    package var settings: OpusEncoderSettings { self.encoder.settings }

    /// What the encoder holds back, for estimates of mouth to ear.
    package var lookaheadSamples: Int { self.encoder.lookaheadSamples }

    /// Changes bit rate, complexity or expected loss from the next packet on.
    package mutating func apply(_ settings: OpusEncoderSettings) throws(AudioError) {
        try self.encoder.apply(settings)
    }

    /// Encodes one block.
    /// - Parameter payload: Becomes the payload, `settings.packetOctets` long; hand in the same
    ///   array each time and nothing is allocated.
    package mutating func send(_ block: Span<Int16>, into payload: inout [UInt8]) throws(AudioError) -> Placement {
        try self.encoder.encode(block, into: &payload)
        defer {
            self.nextTimestamp &+= UInt32(AudioFormat.blockSamples)
            self.isFirst = false
        }
        return Placement(timestamp: self.nextTimestamp, isMarked: self.isFirst)
    }
}
