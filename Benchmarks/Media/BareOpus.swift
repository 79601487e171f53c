internal import COpus

/// The floor: libopus called as C would, with nothing around it.
///
/// Settings are those of a call: 32 kbit/s, complexity 5, in-band error correction for 10 % loss.
struct BareOpus: ~Copyable {
    private let encoder: OpaquePointer
    private let decoder: OpaquePointer
    private var packet = [UInt8](repeating: 0, count: 80)
    private var block = [Int16](repeating: 0, count: 960)

    init?() {
        var code: Int32 = 0
        guard let encoder = opus_encoder_create(48_000, 1, OPUS_APPLICATION_VOIP, &code) else { return nil }
        guard let decoder = opus_decoder_create(48_000, 1, &code) else {
            opus_encoder_destroy(encoder)
            return nil
        }
        self.encoder = encoder
        self.decoder = decoder
        _ = colloque_opus_set_bitrate(encoder, 32_000)
        _ = colloque_opus_set_vbr(encoder, 0)
        _ = colloque_opus_set_complexity(encoder, 5)
        _ = colloque_opus_set_inband_fec(encoder, 1)
        _ = colloque_opus_set_packet_loss_percentage(encoder, 10)
        _ = colloque_opus_set_voice(encoder)
    }

    deinit {
        opus_encoder_destroy(self.encoder)
        opus_decoder_destroy(self.decoder)
    }

    /// - Parameter block: which 20 ms of the speech.
    mutating func encode(_ speech: [Int16], at block: Int) {
        speech.withUnsafeBufferPointer { samples in
            guard let base = samples.baseAddress else { return }
            _ = opus_encode(self.encoder, base + block * 960, 960, &self.packet, Int32(self.packet.count))
        }
    }

    /// Decodes `packet`, or, when it is lost, what comes before `next`, or conceals.
    mutating func decode(_ packet: [UInt8]?, next: [UInt8]?) {
        if let packet {
            _ = opus_decode(self.decoder, packet, Int32(packet.count), &self.block, 960, 0)
        } else if let next {
            _ = opus_decode(self.decoder, next, Int32(next.count), &self.block, 960, 1)
        } else {
            _ = opus_decode(self.decoder, nil, 0, &self.block, 960, 0)
        }
    }
}
