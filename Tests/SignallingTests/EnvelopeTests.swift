import Primitives
import Signalling
import Testing
import Wire

@Suite("Envelopes")
struct EnvelopeTests {
    private static let room = RoomID(Array(0..<16))!
    private static let hash = [UInt8](32..<64)
    private static let credentials = RelayCredentials(
        urls: ["stun:broker.example:3478", "turn:broker.example:3478?transport=udp"], user: "u", password: "p",
        timeToLive: 600)

    static let samples: [(Envelope, EnvelopeReader, Int)] = [
        (.join(version: 1, room: room, token: hash, mode: .resume), .broker, 51),
        (.authenticate(identityKey: hash, time: 1_786_611_392, signature: hash + hash), .broker, 105),
        (
            .roomOpen(room: room, joinHash: hash, rejoinHash: hash, timeToLive: 7200, flags: .reopen), .broker, 86
        ),
        (.roomConsume(room: room, rejoinHash: hash), .broker, 49),
        (.roomClose(room: room), .broker, 17),
        (.drop(connection: 7, code: .closed), .broker, 7),
        (.turnGrant(connection: 7), .broker, 5),
        (.relay(connection: 0, payload: [1, 2, 3]), .broker, 8),
        (.relay(connection: 9, payload: [UInt8](repeating: 5, count: 65_535)), .doctor, 65_540),
        (.challenge(hash), .doctor, 33),
        (.challenge(hash), .patient, 33),
        (.state(doctorPresent: true), .patient, 2),
        (.peerUp(connection: .max, room: room, mode: .fresh), .doctor, 22),
        (.peerDown(connection: 1), .doctor, 5),
        (.stray(room: room, count: 3), .doctor, 21),
        (.turn(connection: 4, credentials), .doctor, 82),
        (.turn(connection: nil, credentials), .patient, 78),
        (.done(type: .roomOpen, room: room, code: .tooManyRooms), .doctor, 20),
        (.error(code: .used, room: nil), .patient, 3),
        (.error(code: .closed, room: RoomID.none), .doctor, 19),
    ]

    @Test("each decodes to what was encoded, in the size the protocol gives", arguments: samples.indices)
    func roundTrip(index: Int) throws {
        let (envelope, reader, count) = Self.samples[index]
        #expect(envelope.encoded.count == count)
        #expect(try Envelope(decoding: envelope.encoded, for: reader) == envelope)
    }

    @Test("every truncation and one octet more are refused", arguments: samples.indices)
    func lengths(index: Int) {
        let (envelope, reader, _) = Self.samples[index]
        let bytes = envelope.encoded
        // A relay's payload may end anywhere: only its header has a length.
        let lengths = envelope.type == .relay ? 0..<6 : 0..<bytes.count
        for count in lengths where count < bytes.count {
            #expect(throws: EnvelopeError.self) { try Envelope(decoding: Array(bytes.prefix(count)), for: reader) }
        }
        if envelope.type != .relay {
            #expect(throws: EnvelopeError.wrongLength(envelope.type)) {
                try Envelope(decoding: bytes + [0], for: reader)
            }
        }
    }

    @Test("a type sent to the wrong side is refused by name")
    func wrongReader() {
        #expect(throws: EnvelopeError.unexpectedType(.state)) {
            try Envelope(decoding: Envelope.state(doctorPresent: true).encoded, for: .broker)
        }
        #expect(throws: EnvelopeError.unexpectedType(.peerUp)) {
            try Envelope(
                decoding: Envelope.peerUp(connection: 1, room: Self.room, mode: .fresh).encoded, for: .patient)
        }
        #expect(throws: EnvelopeError.unexpectedType(EnvelopeType(rawValue: 0x87))) {
            try Envelope(decoding: [0x87], for: .doctor)
        }
        #expect(throws: EnvelopeError.empty) { try Envelope(decoding: [], for: .broker) }
    }

    @Test("values outside their registry are refused by name")
    func badFields() {
        var join = Self.samples[0].0.encoded
        join[50] = 2
        #expect(throws: EnvelopeError.badField(.join)) { try Envelope(decoding: join, for: .broker) }
        #expect(throws: EnvelopeError.badField(.state)) { try Envelope(decoding: [0x82, 2], for: .patient) }
        var open = Self.samples[2].0.encoded
        open[85] = 2
        #expect(throws: EnvelopeError.badField(.roomOpen)) { try Envelope(decoding: open, for: .broker) }
    }

    @Test("more than a WebSocket message may hold is refused")
    func tooLong() {
        let bytes = [UInt8](repeating: 0x10, count: 65_601)
        #expect(throws: EnvelopeError.tooLong(count: 65_601)) { try Envelope(decoding: bytes, for: .broker) }
    }

    @Test("an authentication signs host, key, challenge and time, each behind its length")
    func authenticationMessage() throws {
        let key = try #require([UInt8](hex: "7ea58dde7b52be15dac9c36095be2a2a91b1c015768ae6f608f2af47808f15bb"))
        let challenge = try #require([UInt8](hex: "b34a6a4859e06e79b4ddfddec39b04c4cb860078ce6edc2b5751dd8cd9a5d5ff"))
        let message = Envelope.authenticationMessage(
            host: "broker.example", identityKey: key, challenge: challenge, time: 0x6AFD_86C0)
        #expect(
            message.hex
                == "0016636f6c6c6f7175652f312062726f6b65722d61757468000e62726f6b65722e6578616d706c650020"
                + "7ea58dde7b52be15dac9c36095be2a2a91b1c015768ae6f608f2af47808f15bb0020"
                + "b34a6a4859e06e79b4ddfddec39b04c4cb860078ce6edc2b5751dd8cd9a5d5ff0008000000006afd86c0")
        let signature = try #require(
            [UInt8](
                hex: "6b990a62f7d8eaefe9c6ba9ed43440f75e3bebae9c8a12ca2849ca895ea86c3a"
                    + "4c58c600e1031ba91d2d32dc4ae8cd2952b7f9b5a412c5226edbaf85b6baf70d"))
        #expect(Ed25519.verify(signature: signature, message: message, publicKey: key))
    }

    @Test("a room prints no octet of its address")
    func placeholder() {
        let text = "\(Self.room) \(String(reflecting: Self.room)) \(Self.samples[0].0)"
        #expect(!text.contains("[0, 1, 2"))
        #expect(!"\(Self.samples[15].0)".contains("broker.example"))
    }

    @Test("octets at random, cut or flipped never trap, and what decodes encodes to the same octets")
    func fuzz() {
        let seed = UInt64.random(in: .min ... .max)
        var random = RandomSource.seeded(seed)
        for _ in 0..<4000 {
            let (envelope, _, _) = Self.samples[Int.random(in: 0..<Self.samples.count, using: &random)]
            var bytes = Array(envelope.encoded.prefix(200))
            switch random.next() % 3 {
            case 0: bytes = random.bytes(count: Int.random(in: 0...120, using: &random))
            case 1: bytes[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8(random.next() % 8)
            default: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
            }
            for reader in EnvelopeReader.allCases {
                if let decoded = try? Envelope(decoding: bytes, for: reader) {
                    #expect(decoded.encoded == bytes, "seed \(seed)")
                }
            }
        }
    }
}
