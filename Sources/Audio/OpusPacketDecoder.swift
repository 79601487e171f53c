internal import COpus

/// Owns one `OpusDecoder *`: packets of any Opus mode, duration and channel count in, mono out.
///
/// Not `Sendable`: lives on the sound thread. Nothing is allocated per packet.
package struct OpusPacketDecoder: ~Copyable {
    private let decoder: OpaquePointer  // OpusDecoder *

    package init() throws(AudioError) {
        var code: Int32 = OPUS_OK
        guard let decoder = opus_decoder_create(Int32(AudioFormat.sampleRate), 1, &code), code == OPUS_OK else {
            throw .codec(code: code)
        }
        self.decoder = decoder
    }

    deinit { opus_decoder_destroy(self.decoder) }

    /// Decodes one packet.
    /// - Parameter samples: Room for the packet, up to 5760 samples.
    /// - Returns: Samples written, 960 for 20 ms.
    package mutating func decode(
        _ packet: Span<UInt8>, into samples: inout MutableSpan<Int16>
    ) throws(AudioError) -> Int {
        // libopus takes an empty packet for a lost one.
        guard packet.count > 0 else { throw .malformedPacket }
        return try self.decode(packet, room: samples.count, recovering: false, into: &samples)
    }

    /// The same into samples of -1 … 1, which sound that is louder may exceed: nothing is rounded or cut off.
    package mutating func decode(
        _ packet: Span<UInt8>, into samples: inout MutableSpan<Float>
    ) throws(AudioError) -> Int {
        guard packet.count > 0, packet.count <= AudioFormat.maximumPayloadOctets else { throw .malformedPacket }
        let written = packet.withUnsafeBufferPointer { octets in
            samples.withUnsafeMutableBufferPointer { room in
                guard let start = room.baseAddress else { return OPUS_BAD_ARG }
                let frameSize = Int32(min(room.count, AudioFormat.maximumPacketSamples))
                return opus_decode_float(
                    self.decoder, octets.baseAddress, Int32(octets.count), start, frameSize, 0)
            }
        }
        guard written >= 0 else {
            throw written == OPUS_INVALID_PACKET ? .malformedPacket : .codec(code: written)
        }
        return Int(written)
    }

    /// Recovers the packet lost just before `packet` from the copy that `packet` carries, or
    /// conceals it where there is none (RFC 6716 §2.1.7). Then decode `packet` itself.
    /// - Parameter sampleCount: What the lost packet lasted, a multiple of 2.5 ms.
    package mutating func recoverPredecessor(
        of packet: Span<UInt8>, sampleCount: Int, into samples: inout MutableSpan<Int16>
    ) throws(AudioError) -> Int {
        guard packet.count > 0 else { throw .malformedPacket }
        return try self.decode(packet, room: sampleCount, recovering: true, into: &samples)
    }

    /// Extrapolates from what was last decoded (RFC 6716 §4.4).
    /// - Parameter sampleCount: A multiple of 2.5 ms, at most 120 ms.
    package mutating func conceal(
        sampleCount: Int, into samples: inout MutableSpan<Int16>
    ) throws(AudioError) -> Int {
        guard sampleCount > 0, sampleCount <= AudioFormat.maximumPacketSamples, samples.count >= sampleCount else {
            throw .wrongSize(have: samples.count, need: sampleCount)
        }
        let written = samples.withUnsafeMutableBufferPointer { room in
            guard let room = room.baseAddress else { return OPUS_BAD_ARG }
            return opus_decode(self.decoder, nil, 0, room, Int32(sampleCount), 0)
        }
        guard written >= 0 else { throw .codec(code: written) }
        return Int(written)
    }

    /// Forgets the stream so far: another source starts.
    package mutating func reset() {
        _ = colloque_opus_reset_decoder(self.decoder)
    }

    private mutating func decode(
        _ packet: Span<UInt8>, room: Int, recovering: Bool, into samples: inout MutableSpan<Int16>
    ) throws(AudioError) -> Int {
        guard room > 0, samples.count >= room else { throw .wrongSize(have: samples.count, need: room) }
        guard let length = Int32(exactly: packet.count), packet.count <= AudioFormat.maximumPayloadOctets else {
            throw .malformedPacket
        }
        let frameSize = Int32(min(room, AudioFormat.maximumPacketSamples))
        let written = packet.withUnsafeBufferPointer { octets in
            samples.withUnsafeMutableBufferPointer { room in
                guard let room = room.baseAddress else { return OPUS_BAD_ARG }
                return opus_decode(self.decoder, octets.baseAddress, length, room, frameSize, recovering ? 1 : 0)
            }
        }
        guard written >= 0 else {
            throw written == OPUS_INVALID_PACKET ? .malformedPacket : .codec(code: written)
        }
        return Int(written)
    }
}
