import Invitation
import Primitives
import ProtocolVectors
import Testing
import Wire

@testable import SecureChannel

@Suite("What a handshake refuses, and by which name")
struct HandshakeRefusalTests {
    private let call: VectorCall
    private let messageOne: [UInt8]
    private let messageTwo: [UInt8]

    init() throws {
        self.call = try VectorCall()
        self.messageOne = try self.call.vectors.octets("handshake.msg1")
        self.messageTwo = try self.call.vectors.octets("handshake.msg2")
    }

    /// Every encoding of a point whose order divides 8 (RFC 7748 §6.1), with the top bit set and clear.
    static let lowOrderPoints: [[UInt8]] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ].compactMap { [UInt8](hex: $0) }.flatMap { point in
        [point, point.dropLast() + [(point.last ?? 0) | 0x80]]
    }

    @Test("message 1 with any octet flipped does not verify")
    func flippedMessageOne() {
        for index in self.messageOne.indices {
            var changed = self.messageOne
            changed[index] ^= 0x01
            #expect(throws: ChannelError.decryptionFailed, "octet \(index)") { try self.call.doctor(reading: changed) }
        }
    }

    @Test("message 2 with any octet flipped does not verify, and there is no second try")
    func flippedMessageTwo() throws {
        for index in self.messageTwo.indices {
            var changed = self.messageTwo
            changed[index] ^= 0x01
            var patient = try self.call.patient()
            #expect(throws: ChannelError.decryptionFailed, "octet \(index)") {
                try patient.readMessageTwo(changed, unixTime: self.call.unixTime)
            }
            #expect(throws: ChannelError.epochClosed) {
                try patient.readMessageTwo(self.messageTwo, unixTime: self.call.unixTime)
            }
        }
    }

    @Test("a message of any other length is refused before any key is touched")
    func lengths() throws {
        for length in 0..<self.messageOne.count {
            #expect(throws: ChannelError.wrongLength(have: length, need: 112)) {
                try self.call.doctor(reading: [UInt8](self.messageOne.prefix(length)))
            }
        }
        for length in 0..<self.messageTwo.count {
            var patient = try self.call.patient()
            #expect(throws: ChannelError.wrongLength(have: length, need: 304)) {
                try patient.readMessageTwo([UInt8](self.messageTwo.prefix(length)), unixTime: self.call.unixTime)
            }
        }
        #expect(throws: ChannelError.wrongLength(have: 113, need: 112)) {
            try self.call.doctor(reading: self.messageOne + [0])
        }
        var patient = try self.call.patient()
        #expect(throws: ChannelError.wrongLength(have: 305, need: 304)) {
            try patient.readMessageTwo(self.messageTwo + [0], unixTime: self.call.unixTime)
        }
    }

    @Test("a point of low order is refused as ephemeral key of either end and as D", arguments: lowOrderPoints)
    func lowOrder(point: [UInt8]) throws {
        #expect(throws: ChannelError.lowOrderPoint) {
            try self.call.doctor(reading: point + self.messageOne.dropFirst(32))
        }
        var patient = try self.call.patient()
        #expect(throws: ChannelError.lowOrderPoint) {
            try patient.readMessageTwo(point + self.messageTwo.dropFirst(32), unixTime: self.call.unixTime)
        }
        var random = RandomSource.seeded(1)
        #expect(throws: ChannelError.lowOrderPoint) {
            try PatientHandshake(
                calling: self.call.roomKeys, sessionPublicKey: point, language: .french, random: &random)
        }
    }

    @Test("another session key, another secret or another room does not verify")
    func foreign() throws {
        var random = RandomSource.seeded(2)
        let other = X25519.KeyPair()
        #expect(throws: ChannelError.decryptionFailed) {
            try DoctorHandshake(
                readingCall: self.messageOne, roomKeys: self.call.roomKeys, sessionKey: other,
                delegation: self.call.delegation)
        }
        let foreign = RoomKeys(
            Invitation(sessionPublicKey: self.call.sessionKey.publicKey, random: &random))
        #expect(throws: ChannelError.decryptionFailed) {
            try DoctorHandshake(
                readingCall: self.messageOne, roomKeys: foreign, sessionKey: self.call.sessionKey,
                delegation: self.call.delegation)
        }
        // Right key, wrong room in the prologue.
        #expect(throws: ChannelError.decryptionFailed) {
            try NoiseHandshake.Responder(
                prologue: Prologue.call(foreign.roomID), psk: self.call.roomKeys.psk,
                localStatic: self.call.sessionKey, message: self.messageOne)
        }
        // The answer of the session key's owner to somebody else's message 1.
        var patient = try PatientHandshake(
            calling: self.call.roomKeys, sessionPublicKey: self.call.sessionKey.publicKey, language: .french,
            random: &random)
        #expect(throws: ChannelError.decryptionFailed) {
            try patient.readMessageTwo(self.messageTwo, unixTime: self.call.unixTime)
        }
    }

    @Test("a message 1 is no resume, and a resume's no call")
    func crossed() throws {
        let resumption = try self.call.patientEpoch().channel.resumption
        #expect(throws: ChannelError.decryptionFailed) {
            try DoctorHandshake(
                readingResume: [0, 0, 0, 1] + self.messageOne, resumption: resumption,
                sessionKey: self.call.sessionKey, lastEpoch: 0)
        }
        #expect(throws: ChannelError.decryptionFailed) {
            try self.call.doctor(reading: self.call.vectors.octets("resume.msg1"))
        }
    }

    @Test("a replayed message 1 verifies and shows the same ephemeral key")
    func replay() throws {
        let first = try self.call.doctor(reading: self.messageOne)
        let second = try self.call.doctor(reading: self.messageOne)
        #expect(first.patientEphemeral == second.patientEphemeral)
        #expect(first.patientEphemeral == [UInt8](self.messageOne.prefix(32)))
        // The replayer cannot go on: the second answer has other keys.
        var random = RandomSource.seeded(3)
        let (_, awaited) = try second.answer(language: .french, random: &random)
        #expect(throws: ChannelError.decryptionFailed) {
            try awaited.read(self.call.vectors.octets("handshake.transport_i2r_0"))
        }
    }

    @Test("CONFIRM with another number than message 1 committed to is refused")
    func commitment() throws {
        var patient = try self.call.patientEpoch()
        let (_, awaited) = try self.call.answer(to: self.messageOne)
        let wrong = Frame.Confirmation(nonce: [UInt8](repeating: 5, count: 32), receiptKey: nil, displayName: "")
        let sealed = try patient.channel.seal(.confirm(wrong))
        #expect(throws: ChannelError.commitmentMismatch) { try awaited.read(sealed) }
    }

    @Test("a first frame that is not CONFIRM is refused")
    func otherFirstFrame() throws {
        var patient = try self.call.patientEpoch()
        let (_, awaited) = try self.call.answer(to: self.messageOne)
        let sealed = try patient.channel.seal(.keepAlive)
        #expect(throws: ChannelError.confirmationExpected) { try awaited.read(sealed) }
    }

    @Test("the doctor's delegation is checked for key, room and dates")
    func delegation() throws {
        func read(_ delegation: Delegation, at time: UInt64) throws -> PatientEpoch {
            var random = RandomSource.seeded(4)
            var patient = try self.call.patient()
            let doctor = try DoctorHandshake(
                readingCall: patient.messageOne, roomKeys: self.call.roomKeys, sessionKey: self.call.sessionKey,
                delegation: delegation)
            let (messageTwo, _) = try doctor.answer(language: .french, random: &random)
            return try patient.readMessageTwo(messageTwo, unixTime: time)
        }
        let identity = Ed25519.KeyPair()
        func made(room: RoomID, sessionKey: [UInt8]) -> Delegation {
            Delegation(
                identityKey: identity.publicKey, sessionPublicKey: sessionKey, roomID: room, notBefore: 1_000_000,
                notAfter: 1_007_200, sign: identity.sign)
        }
        let roomID = self.call.roomKeys.roomID
        let sessionKey = self.call.sessionKey.publicKey
        let good = made(room: roomID, sessionKey: sessionKey)
        #expect(try read(good, at: 1_000_001).introduction?.validity == .valid)
        #expect(try read(good, at: 1_007_201).introduction?.validity == .doubtful)
        #expect(throws: ChannelError.delegation(.expired)) { try read(good, at: 1_007_201 + 86_400) }
        #expect(throws: ChannelError.delegation(.notYetValid)) { try read(good, at: 1_000_000 - 86_401) }
        let otherRoom = try #require(RoomID([UInt8](repeating: 3, count: 16)))
        let replaced = Delegation(
            identityKey: Ed25519.KeyPair().publicKey, notBefore: good.notBefore, notAfter: good.notAfter,
            signature: good.signature)
        for bad in [
            made(room: otherRoom, sessionKey: sessionKey), replaced,
            made(room: roomID, sessionKey: X25519.KeyPair().publicKey),
        ] {
            #expect(throws: ChannelError.delegation(.signature)) { try read(bad, at: 1_000_001) }
        }
    }

    @Test("a resume must be of a greater epoch, and its number is bound to its key")
    func epochs() throws {
        var random = RandomSource.seeded(5)
        let resumption = try self.call.patientEpoch().channel.resumption
        let sessionKey = self.call.sessionKey
        func read(_ message: [UInt8], last: UInt32) throws -> DoctorHandshake {
            try DoctorHandshake(
                readingResume: message, resumption: resumption, sessionKey: sessionKey, lastEpoch: last)
        }
        let message = try PatientHandshake(
            resuming: resumption, sessionPublicKey: sessionKey.publicKey, epoch: 7, random: &random
        ).messageOne
        #expect(message.count == 116)
        _ = try read(message, last: 0)
        _ = try read(message, last: 6)
        #expect(throws: ChannelError.epochNotGreater(received: 7, last: 7)) { try read(message, last: 7) }
        #expect(throws: ChannelError.epochNotGreater(received: 7, last: .max)) { try read(message, last: .max) }
        var renumbered = message
        renumbered[3] = 8
        #expect(throws: ChannelError.decryptionFailed) { try read(renumbered, last: 7) }
        for length in 0..<message.count {
            #expect(throws: ChannelError.wrongLength(have: length, need: 116)) {
                try read([UInt8](message.prefix(length)), last: 0)
            }
        }
        for index in 4..<message.count {
            var changed = message
            changed[index] ^= 0x80
            #expect(throws: ChannelError.decryptionFailed) { try read(changed, last: 0) }
        }
    }

    @Test("payloads of another version, with impossible fields or with padding are refused")
    func payloads() throws {
        let payload1 = try self.call.vectors.octets("handshake.payload1")
        let payload2 = try self.call.vectors.octets("handshake.payload2")
        func changed(_ payload: [UInt8], _ index: Int, to value: UInt8) -> [UInt8] {
            var copy = payload
            copy[index] = value
            return copy
        }
        #expect(throws: ChannelError.payloadVersion(2)) { try PatientHello(changed(payload1, 0, to: 2)) }
        #expect(throws: ChannelError.payloadVersion(0)) { try DoctorHello(changed(payload2, 0, to: 0)) }
        #expect(throws: ChannelError.malformedPayload) { try PatientHello(changed(payload1, 37, to: 0x46)) }
        #expect(throws: ChannelError.malformedPayload) { try DoctorHello(changed(payload2, 145, to: 0)) }
        for index in 39..<64 {
            #expect(throws: ChannelError.malformedPayload) { try PatientHello(changed(payload1, index, to: 1)) }
        }
        for index in 151..<256 {
            #expect(throws: ChannelError.malformedPayload) { try DoctorHello(changed(payload2, index, to: 1)) }
        }
        #expect(throws: ChannelError.wrongLength(have: 0, need: 64)) { try PatientHello([]) }
        #expect(try PatientHello(changed(payload1, 33, to: 0xFF)).capabilities.rawValue == 0xFF00_0000)
    }

    @Test("garbage of the right length never verifies and never traps")
    func garbage() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = RandomSource.seeded(seed)
        let resumption = try self.call.patientEpoch().channel.resumption
        for _ in 0..<300 {
            #expect(throws: ChannelError.self, "seed \(seed)") {
                try self.call.doctor(reading: random.bytes(count: 112))
            }
            #expect(throws: ChannelError.self, "seed \(seed)") {
                try DoctorHandshake(
                    readingResume: random.bytes(count: 116), resumption: resumption,
                    sessionKey: self.call.sessionKey, lastEpoch: 0)
            }
            var patient = try self.call.patient()
            #expect(throws: ChannelError.self, "seed \(seed)") {
                try patient.readMessageTwo(random.bytes(count: 304), unixTime: self.call.unixTime)
            }
        }
    }
}
