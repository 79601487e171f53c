internal import COpus

/// What an Opus packet says about itself without being decoded (RFC 6716 §3).
package struct OpusPacket: Equatable, Sendable {
    /// Samples at 48 kHz once decoded, 120 ... 5760.
    package let sampleCount: Int
    /// Whether the packet also carries its predecessor at a lower rate (LBRR, RFC 6716 §4.2.4).
    package let carriesRecovery: Bool

    /// Reads the table of contents, and checks the framing of every frame.
    package init(inspecting octets: Span<UInt8>) throws(AudioError) {
        guard let packet = octets.withUnsafeBufferPointer({ Self(pointer: $0) }) else { throw .malformedPacket }
        self = packet
    }

    /// Lengthens a packet by Opus's own padding, which every decoder passes over (RFC 6716 §3.2.5).
    package static func pad(_ packet: inout [UInt8], to count: Int) throws(AudioError) {
        let length = packet.count
        guard count > length else { return }
        packet.append(contentsOf: repeatElement(0, count: count - length))
        let code = packet.withUnsafeMutableBufferPointer { octets in
            octets.baseAddress.map { opus_packet_pad($0, Int32(length), Int32(count)) } ?? OPUS_BAD_ARG
        }
        guard code == OPUS_OK else { throw .codec(code: code) }
    }

    private init?(pointer octets: UnsafeBufferPointer<UInt8>) {
        guard let base = octets.baseAddress, let length = Int32(exactly: octets.count), length > 0 else { return nil }
        let samples = opus_packet_get_nb_samples(base, length, Int32(AudioFormat.sampleRate))
        guard samples > 0, samples <= AudioFormat.maximumPacketSamples else { return nil }
        self.sampleCount = Int(samples)

        let first = withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>?.self, capacity: Self.maximumFrames) {
            frames in
            withUnsafeTemporaryAllocation(of: Int16.self, capacity: Self.maximumFrames) { sizes -> FirstFrame? in
                guard let room = sizes.baseAddress else { return nil }
                let count = opus_packet_parse(base, length, nil, frames.baseAddress, room, nil)
                guard count > 0 else { return nil }
                guard sizes[0] > 0, let frame = frames[0] else { return .empty }
                return .octet(frame[0])
            }
        }
        guard let first else { return nil }
        self.carriesRecovery = Self.recoveryFlag(tableOfContents: base[0], firstFrame: first)
    }

    private enum FirstFrame {
        case empty
        case octet(UInt8)
    }

    /// A SILK frame starts with one voice flag per 20 ms, then the LBRR flag; a stereo one repeats
    /// that for the side channel (RFC 6716 §4.2.3). CELT-only packets have none.
    private static func recoveryFlag(tableOfContents: UInt8, firstFrame: FirstFrame) -> Bool {
        let configuration = tableOfContents >> 3
        guard configuration < 16, case .octet(let octet) = firstFrame else { return false }
        let voiceFlags: UInt8
        switch configuration {
        case 12...15: voiceFlags = 1
        default: voiceFlags = max(1, configuration & 3)  // 10, 20, 40, 60 ms
        }
        let middle = octet >> (7 - voiceFlags) & 1
        let isStereo = tableOfContents & 4 != 0
        let side = isStereo && voiceFlags <= 3 ? octet >> (6 - 2 * min(voiceFlags, 3)) & 1 : 0
        return middle | side != 0
    }

    /// Frames in one packet at most (RFC 6716 §3.2.5).
    private static let maximumFrames = 48
}
