import Audio
import Testing
import Wire

@Suite("Opus behind its C border")
struct OpusTests {
    @Test("every packet has one size, whatever is said", arguments: [24_000, 32_000], [0, 10])
    func constantSize(bitsPerSecond: Int, loss: Int) throws {
        let settings = OpusEncoderSettings(
            bitsPerSecond: bitsPerSecond, complexity: 1, expectedLossPercentage: loss)
        let silence = [Int16](repeating: 0, count: 48_000)
        let sound = silence + Material.speech.prefix(96_000) + Material.noise(seconds: 1, seed: 3) + silence
        let payloads = try Material.payloads(sound, settings: settings)
        #expect(Set(payloads.map(\.count)) == [bitsPerSecond / 400])
    }

    @Test(
        "complexity and expected loss change no size, and neither does what is said", arguments: [480, 960, 1920, 2880])
    func constantSizeOfEachDuration(samples: Int) throws {
        let sound =
            [Int16](repeating: 0, count: 48_000) + Material.speech.prefix(48_000) + Material.noise(seconds: 1, seed: 3)
        var encoder = try OpusPacketEncoder(settings: OpusEncoderSettings(packetSamples: samples))
        var sizes: Set<Int> = []
        var payload: [UInt8] = []
        for (index, start) in stride(from: 0, through: sound.count - samples, by: samples).enumerated() {
            try encoder.apply(
                OpusEncoderSettings(
                    bitsPerSecond: 16_000, complexity: index % 11, expectedLossPercentage: index % 3 * 10,
                    packetSamples: samples))
            try encoder.encode(sound.span.extracting(start..<start + samples), into: &payload)
            sizes.insert(payload.count)
            let packet = try OpusPacket(inspecting: payload.span)
            #expect(packet.sampleCount == samples)
        }
        #expect(sizes == [samples / 24])
    }

    @Test("our padding changes the size and not the sound")
    func paddingOfOurs() throws {
        let payloads = try #require(Material.speechPayloads)
        var plain = try OpusPacketDecoder()
        var padded = try OpusPacketDecoder()
        var (one, other) = ([Int16](repeating: 0, count: 960), [Int16](repeating: 0, count: 960))
        for (index, payload) in payloads.prefix(100).enumerated() {
            var longer = payload
            try OpusPacket.pad(&longer, to: payload.count + index)
            #expect(longer.count == payload.count + index)
            var room = one.mutableSpan
            var otherRoom = other.mutableSpan
            let counts = [
                try plain.decode(payload.span, into: &room), try padded.decode(longer.span, into: &otherRoom),
            ]
            #expect(counts == [960, 960] && one == other)
        }
    }

    @Test("floating-point sound is coded and decoded as the same sound, and what is too loud is not cut off")
    func floatingPoint() throws {
        var rounded = try OpusPacketEncoder()
        var exact = try OpusPacketEncoder()
        var decoder = try OpusPacketDecoder()
        var exactDecoder = try OpusPacketDecoder()
        var (payload, exactPayload): ([UInt8], [UInt8]) = ([], [])
        var (sound, exactSound) = ([Int16](repeating: 0, count: 960), [Float](repeating: 0, count: 960))
        var loudest: Float = 0
        for start in stride(from: 48_000, to: 96_000, by: 960) {
            let block = Material.speech[start..<start + 960]
            let float = block.map { Float($0) / 32_768 }
            try rounded.encode(Array(block).span, into: &payload)
            try exact.encode(float.span, into: &exactPayload)
            #expect(payload == exactPayload)
            var room = sound.mutableSpan
            var exactRoom = exactSound.mutableSpan
            _ = try decoder.decode(payload.span, into: &room)
            let count = try exactDecoder.decode(exactPayload.span, into: &exactRoom)
            #expect(count == 960)
            #expect(zip(sound, exactSound).allSatisfy { abs(Float($0) / 32_768 - $1) < 1 / 16_384 || abs($1) > 0.9 })
            loudest = max(loudest, exactSound.map(abs).max() ?? 0)
        }
        #expect(loudest > 0.1)
        let square = (0..<960).map { Float($0 / 60 % 2) * 2.2 - 1.1 }
        for _ in 0..<10 {
            try exact.encode(square.span, into: &exactPayload)
            var room = exactSound.mutableSpan
            _ = try exactDecoder.decode(exactPayload.span, into: &room)
        }
        #expect(exactSound.contains { abs($0) > 1 })
    }

    /// Timestamps of the packets that are due when `block` is added.
    private static func packets(
        of block: [Int16], sender: inout AudioSender, payload: inout [UInt8]
    ) throws -> [UInt32] {
        sender.add(block.span)
        var timestamps: [UInt32] = []
        while let placement = try sender.next(into: &payload) { timestamps.append(placement.timestamp) }
        return timestamps
    }

    @Test("40 ms are sent from two blocks, 10 ms twice from one, and a change waits for the end of a packet")
    func durations() throws {
        var sender = try AudioSender(settings: OpusEncoderSettings(packetSamples: 1920))
        var payload: [UInt8] = []
        let block = [Int16](Material.speech[48_000..<48_960])
        var sent = try Self.packets(of: block, sender: &sender, payload: &payload)
        #expect(sent == [])
        try sender.apply(OpusEncoderSettings(packetSamples: 480))
        #expect(sender.settings.packetSamples == 480)
        sent = try Self.packets(of: block, sender: &sender, payload: &payload)
        #expect(sent == [0] && payload.count == 160)
        sent = try Self.packets(of: block, sender: &sender, payload: &payload)
        #expect(sent == [1920, 2400] && payload.count == 40)
        try sender.apply(OpusEncoderSettings())
        sent = try Self.packets(of: block, sender: &sender, payload: &payload)
        #expect(sent == [2880] && payload.count == 80)
    }

    @Test("a changed bit rate changes the size with the next packet")
    func settingsApply() throws {
        var sender = try AudioSender()
        var payload: [UInt8] = []
        let block = [Int16](Material.speech[48_000..<48_960])
        let first = try sender.send(block.span, into: &payload)
        #expect(first.timestamp == 0 && first.isMarked)
        #expect(payload.count == 80)
        try sender.apply(OpusEncoderSettings(bitsPerSecond: 16_000))
        let second = try sender.send(block.span, into: &payload)
        #expect(second.timestamp == 960 && !second.isMarked)
        #expect(payload.count == 40)
        try sender.apply(OpusEncoderSettings(bitsPerSecond: 32_000))
        _ = try sender.send(block.span, into: &payload)
        #expect(payload.count == 80)
    }

    @Test("a block of another length is refused")
    func wrongBlock() throws {
        var encoder = try OpusPacketEncoder()
        var payload: [UInt8] = []
        let block = [Int16](repeating: 0, count: 959)
        #expect(throws: AudioError.wrongSize(have: 959, need: 960)) {
            try encoder.encode(block.span, into: &payload)
        }
    }

    @Test("speech comes back alike, as late as the encoder says")
    func roundTrip() throws {
        let payloads = try #require(Material.speechPayloads)
        var decoder = try OpusPacketDecoder()
        var block = [Int16](repeating: 0, count: 5760)
        var decoded: [Int16] = []
        for payload in payloads {
            var room = block.mutableSpan
            let count = try decoder.decode(payload.span, into: &room)
            #expect(count == 960)
            decoded += block.prefix(count)
        }
        let alignment = try #require(SignalAlignment.find(Material.speech, in: decoded, delays: 0...4800))
        #expect(alignment.coefficient > 0.9, "\(alignment)")
        let lookahead = try AudioSender().lookaheadSamples
        #expect(abs(alignment.delaySamples - lookahead) <= 24, "\(alignment) after \(lookahead)")
    }

    @Test("speech carries its predecessor, which can be recovered better than guessed")
    func recovery() throws {
        let payloads = try #require(Material.speechPayloads)
        let carrying = try payloads.filter { try OpusPacket(inspecting: $0.span).carriesRecovery }.count
        #expect(carrying > payloads.count / 3)

        var reference: [Int16] = []
        var recovered: [Int16] = []
        var guessed: [Int16] = []
        var whole = try OpusPacketDecoder()
        var recovering = try OpusPacketDecoder()
        var guessing = try OpusPacketDecoder()
        var block = [Int16](repeating: 0, count: 960)
        for (index, payload) in payloads.enumerated() {
            var room = block.mutableSpan
            _ = try whole.decode(payload.span, into: &room)
            let wanted = block
            let isLost = index % 4 == 1 && index + 1 < payloads.count
            guard isLost else {
                room = block.mutableSpan
                _ = try recovering.decode(payload.span, into: &room)
                room = block.mutableSpan
                _ = try guessing.decode(payload.span, into: &room)
                continue
            }
            reference += wanted
            room = block.mutableSpan
            let successor = payloads[index + 1]
            #expect(try recovering.recoverPredecessor(of: successor.span, sampleCount: 960, into: &room) == 960)
            recovered += block
            room = block.mutableSpan
            #expect(try guessing.conceal(sampleCount: 960, into: &room) == 960)
            guessed += block
        }
        let byCopy = try #require(SignalAlignment.find(reference, in: recovered, delays: -6...6))
        let byGuess = try #require(SignalAlignment.find(reference, in: guessed, delays: -6...6))
        #expect(byCopy.coefficient > 0.85, "\(byCopy)")
        #expect(byCopy.coefficient > byGuess.coefficient + 0.1, "\(byCopy) \(byGuess)")
    }

    /// TOC octet and what follows: mode and duration (RFC 6716 §3.1).
    static let shapes: [(name: String, packet: [UInt8], samples: Int)] = [
        ("one octet, hybrid, 20 ms", [0x78], 960),
        ("two octets, SILK, 20 ms", [0x48, 0x00], 960),
        ("stereo CELT, 20 ms", [0xFC, 0xFF, 0xFE], 960),
        ("CELT, 10 ms", [0xF0, 0xFF, 0xFE], 480),
        ("CELT, 2.5 ms", [0xE0, 0xFF, 0xFE], 120),
        ("SILK, 40 ms", [0x50, 0x00, 0x00], 1920),
        ("SILK, 60 ms", [0x58, 0x00, 0x00], 2880),
        ("two frames of 20 ms, code 1", [0x49, 0, 0, 0, 0], 1920),
        ("code 3, one frame, 5 octets of padding", [0x4B, 0x41, 0x05, 0x01, 0x02, 0, 0, 0, 0, 0], 960),
        ("code 3, six frames of 20 ms", [0x4B, 0x06] + [UInt8](repeating: 0, count: 12), 5760),
    ]

    @Test("packets of every mode and duration become mono sound", arguments: shapes.indices)
    func shapesDecode(index: Int) throws {
        let shape = Self.shapes[index]
        #expect(try OpusPacket(inspecting: shape.packet.span).sampleCount == shape.samples, "\(shape.name)")
        var decoder = try OpusPacketDecoder()
        var block = [Int16](repeating: 0, count: 5760)
        var room = block.mutableSpan
        #expect(try decoder.decode(shape.packet.span, into: &room) == shape.samples, "\(shape.name)")
    }

    @Test("padding a packet to a larger size changes nothing of its sound")
    func padding() throws {
        let payloads = try #require(Material.speechPayloads).prefix(100)
        var plain = try OpusPacketDecoder()
        var padded = try OpusPacketDecoder()
        var one = [Int16](repeating: 0, count: 960)
        var other = one
        for payload in payloads {
            let longer = Self.padded(payload, by: 30)
            #expect(longer.count > payload.count)
            #expect(
                try OpusPacket(inspecting: longer.span).carriesRecovery
                    == OpusPacket(inspecting: payload.span).carriesRecovery)
            var room = one.mutableSpan
            _ = try plain.decode(payload.span, into: &room)
            room = other.mutableSpan
            _ = try padded.decode(longer.span, into: &room)
            let isSame = one == other
            #expect(isSame)
        }
    }

    /// A packet of one frame as code 3 with more padding (RFC 6716 §3.2.5).
    private static func padded(_ packet: [UInt8], by octets: Int) -> [UInt8] {
        guard packet[0] & 3 == 3 else {
            return [packet[0] | 3, 0x41, UInt8(octets)] + packet.dropFirst() + [UInt8](repeating: 0, count: octets)
        }
        // Already padded by libopus: what it added moves into the longer padding, which may take 254 per octet.
        var rest = packet.dropFirst(2)
        var padding = octets
        if packet[1] & 0x40 != 0 {
            while let length = rest.popFirst() {
                padding += length == 255 ? 254 : Int(length)
                if length < 255 { break }
            }
        }
        return [packet[0], packet[1] | 0x40] + [UInt8](repeating: 255, count: padding / 254) + [UInt8(padding % 254)]
            + rest + [UInt8](repeating: 0, count: octets)
    }

    @Test("octets that are no packet are refused or played, never fatal")
    func hostile() throws {
        let seed: UInt64 = 0x0905
        var random = RandomSource.seeded(seed)
        var decoder = try OpusPacketDecoder()
        var receiver = try AudioReceiver()
        var block = [Int16](repeating: 0, count: 5760)
        var pulled = [Int16](repeating: 0, count: 960)
        #expect(throws: AudioError.malformedPacket) { try OpusPacket(inspecting: [UInt8]().span) }
        let good = try #require(Material.speechPayloads)
        for round in 0..<3000 {
            var packet: [UInt8]
            switch round % 3 {
            case 0: packet = random.bytes(count: Int.random(in: 0...160, using: &random))
            case 1: packet = Array(good[round % good.count].prefix(Int.random(in: 0...80, using: &random)))
            default:
                packet = good[round % good.count]
                let place = Int.random(in: packet.indices, using: &random)
                packet[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
            var room = block.mutableSpan
            _ = try? decoder.decode(packet.span, into: &room)
            room = block.mutableSpan
            _ = try? decoder.recoverPredecessor(of: packet.span, sampleCount: 960, into: &room)
            let now = Instant(nanoseconds: Int64(round) * 20_000_000)
            receiver.receive(
                ssrc: round % 500 == 0 ? UInt32(round) : 1,
                sequence: round % 50 == 0 ? UInt16.random(in: 0...UInt16.max, using: &random) : UInt16(round),
                timestamp: round % 70 == 0 ? UInt32.random(in: 0...UInt32.max, using: &random) : UInt32(round * 960),
                payload: packet.span, arrival: now)
            var place = pulled.mutableSpan
            _ = receiver.pull(into: &place, now: now)
        }
        #expect(receiver.statistics.received >= 3000, "seed \(seed)")
    }
}
