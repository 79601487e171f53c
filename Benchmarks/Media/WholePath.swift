internal import Audio
internal import SecureTransport
internal import Session
internal import Wire

/// Two voice streams with the keys of one handshake: what a leg costs from sound to datagram and from datagram to
/// sound, SRTP, statistics and jitter buffer included.
struct WholePath {
    let here: VoiceStream
    let there: VoiceStream
    private var inbound: [UInt8] = []
    private var block = [Int16](repeating: 0, count: 960)

    /// - Parameter redundancyType: Of RED, or `nil` for 32 kbit/s with error correction, which is what the floor does.
    init(redundancyType: UInt8?) throws {
        var random = RandomSource.seeded(1)
        let material = SRTPKeyingMaterial(
            clientKey: random.bytes(count: 16), clientSalt: random.bytes(count: 12), serverKey: random.bytes(count: 16),
            serverSalt: random.bytes(count: 12))
        var streams: [VoiceStream] = []
        for role in [DTLSRole.client, .server] {
            let keys = DTLSResult(
                role: role, peerFingerprint: [], profile: .aes128GCM, keyingMaterial: material, cipher: "", version: "")
            let stream = try VoiceStream(
                keys: keys, ssrc: 1, cname: [65], payloadType: 111, redundancyType: redundancyType,
                encoder: OpusEncoderSettings(), random: &random, now: .zero)
            stream.isOpen = true
            streams.append(stream)
        }
        self.here = streams[0]
        self.there = streams[1]
        self.inbound.reserveCapacity(2_000)
    }

    /// One block becomes a datagram.
    func send(_ block: Span<Int16>, by stream: VoiceStream, now: Instant) throws -> [UInt8] {
        guard let datagram = try stream.send(block, now: now) else { throw AudioError.malformedPacket }
        return datagram
    }

    /// One datagram is taken, and a block is pulled.
    mutating func receive(_ datagram: [UInt8], by stream: VoiceStream, now: Instant) {
        // As a socket does: into memory that is there.
        self.inbound.removeAll(keepingCapacity: true)
        self.inbound.append(contentsOf: datagram)
        stream.receiveRTP(&self.inbound, now: now)
        var room = self.block.mutableSpan
        _ = stream.pull(into: &room, now: now + .milliseconds(7))
    }
}
