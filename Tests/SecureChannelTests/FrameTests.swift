import Invitation
import Testing
import Wire

@testable import SecureChannel

@Suite("Frames: bodies, padding, limits")
struct FrameTests {
    static let octets32 = [UInt8](1...32)

    static let samples: [Frame] = [
        .confirm(.init(nonce: octets32, receiptKey: nil, displayName: "")),
        .confirm(.init(nonce: octets32, receiptKey: octets32, displayName: "Zoé 🙂")),
        .waiting(message: ""), .waiting(message: "Le docteur arrive"),
        .admit([]), .admit(.relayOnly),
        .refuse(.none), .refuse(.wrongPerson), .refuse(RefusalReason(rawValue: 200)),
        .sessionDescription(.offer, generation: 0, text: "v=0\r\n"),
        .sessionDescription(.answer, generation: .max, text: String(repeating: "a=x\r\n", count: 900)),
        .sessionDescription(.restart, generation: 3, text: ""),
        .candidate(generation: 2, text: "candidate:1 1 udp 1 192.0.2.1 9 typ host"),
        .candidate(generation: 2, text: ""),
        .wordsResult(isSame: true), .wordsResult(isSame: false),
        .transportBinding(tag: octets32),
        .chat(id: 9, text: "bonjour"),
        .keyEncapsulation([UInt8](repeating: 7, count: 1184)), .keyEncapsulation([UInt8](repeating: 7, count: 1088)),
        .keepAlive,
        .receipt(.body, octets: [UInt8](repeating: 1, count: 300)), .receipt(.signature, octets: octets32 + octets32),
        .bye(.hungUp), .bye(.wordsDiffer), .bye(ByeReason(rawValue: 77)),
        .consent(.init(version: 1, language: .dutch, textHash: octets32, time: 1_800_000_000)),
        .identityCheck(.documentShown), .identityCheck(IdentityCheck(rawValue: 9)),
    ]

    private static func padded(_ type: UInt8, _ body: [UInt8], size: Int = 256) -> [UInt8] {
        let head = [type, UInt8(truncatingIfNeeded: body.count >> 8), UInt8(truncatingIfNeeded: body.count)]
        return head + body + [UInt8](repeating: 0, count: max(0, size - 3 - body.count))
    }

    @Test("every body comes back as it was", arguments: samples)
    func roundTrip(frame: Frame) throws {
        let octets = try frame.padded()
        #expect(Frame.paddedSizes.contains(octets.count))
        #expect(try Frame(padded: octets) == frame)
    }

    @Test(
        "a frame takes the smallest of the four sizes that fits",
        arguments: [
            (0, 256), (248, 256), (249, 1024), (1016, 1024), (1017, 4096), (4088, 4096), (4089, 16384), (16376, 16384),
        ])
    func sizes(textLength: Int, size: Int) throws {
        // 3 octets of header and 5 of kind and generation.
        let frame = Frame.sessionDescription(
            .offer, generation: 1, text: String(repeating: "x", count: textLength))
        #expect(try frame.padded().count == size)
        #expect(try Frame(padded: frame.padded()) == frame)
    }

    @Test("a body that fits no size is refused and leaves the sealer as it was")
    func tooLarge() throws {
        let frame = Frame.chat(id: 0, text: String(repeating: "x", count: Frame.maximumBodyLength - 3))
        var sealer = FrameSealer(key: Secret(Self.octets32))
        var opener = FrameOpener(key: Secret(Self.octets32))
        #expect(throws: ChannelError.frameTooLarge(16382)) { try sealer.seal(frame) }
        #expect(throws: ChannelError.frameTooLarge(65537)) {
            try sealer.seal(.waiting(message: String(repeating: "é", count: 60_000)))
        }
        #expect(try opener.open(sealer.seal(.keepAlive)) == .keepAlive)
    }

    @Test("a larger size than needed, and an octet in the padding, are refused")
    func padding() throws {
        for size in [1024, 4096, 16384] {
            #expect(throws: ChannelError.framePadding) { try Frame(padded: Self.padded(0x0D, [], size: size)) }
        }
        for index in 3..<256 {
            var octets = Self.padded(0x0D, [])
            octets[index] = 1
            #expect(throws: ChannelError.framePadding) { try Frame(padded: octets) }
        }
        // A length beyond the octets that are there.
        #expect(throws: ChannelError.framePadding) {
            try Frame(padded: [0x0B, 0, 254] + [UInt8](repeating: 1, count: 253))
        }
        #expect(throws: ChannelError.framePadding) {
            try Frame(padded: [0x0B, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 16381))
        }
        for length in [0, 1, 255, 257, 1023, 16385] {
            #expect(throws: ChannelError.frameLength(length)) {
                try Frame(padded: [UInt8](repeating: 0, count: length))
            }
        }
    }

    @Test("types that this version does not know are refused", arguments: [0, 1, 2, 0x12, 0x7F, 0xFF] as [UInt8])
    func unknown(type: UInt8) {
        #expect(throws: ChannelError.unknownFrame(type)) { try Frame(padded: Self.padded(type, [])) }
    }

    @Test(
        "bodies that are too short, too long or out of range are refused",
        arguments: [
            (0x03, [UInt8](repeating: 0, count: 65)), (0x03, [UInt8](repeating: 0, count: 64) + [0, 2, 65]),
            (0x03, [UInt8](repeating: 0, count: 64) + [0, 1, 0xFF]), (0x03, [UInt8](repeating: 0, count: 67)),
            (0x04, []), (0x04, [0, 1]), (0x04, [0, 0, 0]), (0x04, [0, 2, 0xC3, 0x28]),
            (0x05, []), (0x05, [0, 0]), (0x06, []), (0x06, [1, 1]),
            (0x07, [0, 0, 0, 0]), (0x07, [3, 0, 0, 0, 0]), (0x07, [0, 0, 0, 0, 0, 0x80]),
            (0x08, [0, 0, 0]), (0x08, [0, 0, 0, 0, 0xFE]),
            (0x09, []), (0x09, [2]), (0x09, [1, 0]),
            (0x0A, [UInt8](repeating: 1, count: 31)), (0x0A, [UInt8](repeating: 1, count: 33)),
            (0x0B, [1]), (0x0B, [0, 0, 0, 0, 0xC0, 0x80]),
            (0x0C, []), (0x0C, [1, 2, 3]), (0x0D, [0]), (0x0E, []), (0x0E, [2]), (0x0F, []), (0x0F, [1, 2]),
            (0x10, [UInt8](repeating: 0x61, count: 42)), (0x10, [UInt8](repeating: 0x61, count: 44)),
            (0x10, [1, 0x41, 0x61] + [UInt8](repeating: 0, count: 40)),
            (0x11, []), (0x11, [1, 2]),
        ] as [(UInt8, [UInt8])])
    func malformed(type: UInt8, body: [UInt8]) {
        #expect(throws: ChannelError.malformedFrame(type)) { try Frame(padded: Self.padded(type, body)) }
    }

    @Test("frames open in order, once")
    func order() throws {
        let key = Secret(Self.octets32)
        var sealer = FrameSealer(key: key)
        let sealed = try Self.samples.map { frame throws(ChannelError) in try sealer.seal(frame) }
        var opener = FrameOpener(key: key)
        for (frame, message) in zip(Self.samples, sealed) {
            #expect(try opener.open(message) == frame)
        }
        // Replayed, swapped, reflected: the epoch is over, even for the right message.
        var replayed = FrameOpener(key: key)
        #expect(try replayed.open(sealed[0]) == Self.samples[0])
        #expect(throws: ChannelError.decryptionFailed) { try replayed.open(sealed[0]) }
        #expect(throws: ChannelError.epochClosed) { try replayed.open(sealed[1]) }
        var swapped = FrameOpener(key: key)
        #expect(throws: ChannelError.decryptionFailed) { try swapped.open(sealed[1]) }
        #expect(throws: ChannelError.epochClosed) { try swapped.open(sealed[0]) }
        var resized = FrameOpener(key: key)
        #expect(throws: ChannelError.frameLength(271)) { try resized.open(sealed[0].dropLast()) }
        #expect(throws: ChannelError.epochClosed) { try resized.open(sealed[0]) }
    }

    @Test("the two directions have keys of their own: a reflected frame does not open")
    func reflection() throws {
        let call = try VectorCall()
        var patient = try call.patientEpoch().channel
        let sealed = try patient.seal(.keepAlive)
        #expect(throws: ChannelError.decryptionFailed) { try patient.open(sealed) }
    }

    @Test("an epoch ends after 2²⁰ messages in one direction")
    func epochLimit() throws {
        let key = Secret(Self.octets32)
        var sealer = FrameSealer(key: key, messagesSoFar: (1 << 20) - 1)
        var opener = FrameOpener(key: key, messagesSoFar: (1 << 20) - 1)
        #expect(!sealer.isExhausted)
        #expect(try opener.open(sealer.seal(.keepAlive)) == .keepAlive)
        #expect(sealer.isExhausted)
        #expect(throws: ChannelError.epochClosed) { try sealer.seal(.keepAlive) }
        var later = CipherState(key: key, nonce: 1 << 20)
        let sealed = try later.encrypt(Frame.keepAlive.padded())
        #expect(throws: ChannelError.epochClosed) { try opener.open(sealed) }
    }

    @Test("a key never counts to 2³²")
    func nonceLimit() throws {
        let key = Secret(Self.octets32)
        var sealing = CipherState(key: key, nonce: (1 << 32) - 1)
        var opening = CipherState(key: key, nonce: (1 << 32) - 1)
        #expect(try opening.decrypt(sealing.encrypt([1, 2, 3])) == [1, 2, 3])
        #expect(throws: ChannelError.nonceExhausted) { try sealing.encrypt([]) }
        #expect(throws: ChannelError.nonceExhausted) { try opening.decrypt([UInt8](repeating: 0, count: 16)) }
    }

    @Test("no cut, flip or garbage makes the parser trap, and what it reads writes the same octets")
    func fuzz() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = RandomSource.seeded(seed)
        for round in 0..<3000 {
            var octets: [UInt8]
            if round % 3 == 0 {
                octets = Self.padded(
                    UInt8(round / 3 % 0x13), random.bytes(count: Int.random(in: 0..<80, using: &random)))
            } else {
                octets = try Self.samples[round % Self.samples.count].padded()
                for _ in 0...Int.random(in: 0..<3, using: &random) {
                    octets[Int.random(in: 0..<min(octets.count, 80), using: &random)] ^=
                        1 << UInt8.random(in: 0..<8, using: &random)
                }
            }
            if let frame = try? Frame(padded: octets) {
                #expect(try frame.padded() == octets, "seed \(seed)")
            }
        }
        let whole = try Frame.keepAlive.padded()
        for length in 0..<whole.count {
            #expect(throws: ChannelError.frameLength(length)) { try Frame(padded: [UInt8](whole.prefix(length))) }
        }
    }
}
