import Invitation
import Primitives
import ProtocolVectors
import Testing
import Wire

@testable import SecureChannel

/// Both ends of the vectors' call, made with the vectors' ephemeral keys and numbers.
struct VectorCall {
    let vectors: ProtocolVectors
    let roomKeys: RoomKeys
    let sessionKey: X25519.KeyPair
    let delegation: Delegation
    let unixTime: UInt64

    init() throws {
        let vectors = try ProtocolVectors()
        self.vectors = vectors
        let invitation = try Invitation(fragment: vectors.text("link.fragment"))
        self.roomKeys = RoomKeys(invitation)
        self.sessionKey = try X25519.KeyPair(privateKey: SecretBytes(copying: vectors.octets("link.session_priv")))
        let signed = try vectors.octets("delegation.tbs")
        func time(_ octets: ArraySlice<UInt8>) -> UInt64 { octets.reduce(0) { $0 << 8 | UInt64($1) } }
        self.unixTime = time(signed.dropLast(8).suffix(8))
        self.delegation = Delegation(
            identityKey: try vectors.octets("delegation.identity_pub"), notBefore: self.unixTime,
            notAfter: time(signed.suffix(8)), signature: try vectors.octets("delegation.sig"))
    }

    func ephemeral(_ name: String) throws -> X25519.KeyPair {
        try X25519.KeyPair(privateKey: SecretBytes(copying: self.vectors.octets(name)))
    }

    func patient() throws -> PatientHandshake {
        try PatientHandshake(
            calling: self.roomKeys, sessionPublicKey: self.sessionKey.publicKey, capabilities: [],
            language: .french, nonce: self.vectors.octets("handshake.rP"), ephemeral: self.ephemeral("handshake.e_i"))
    }

    func doctor(reading message: [UInt8]) throws -> DoctorHandshake {
        try DoctorHandshake(
            readingCall: message, roomKeys: self.roomKeys, sessionKey: self.sessionKey, delegation: self.delegation)
    }

    func answer(to message: [UInt8]) throws -> (messageTwo: [UInt8], awaited: AwaitedConfirmation) {
        try self.doctor(reading: message).answer(
            language: .french, capabilities: [], nonce: self.vectors.octets("handshake.rD"),
            ephemeral: self.ephemeral("handshake.e_r"))
    }

    func patientEpoch() throws -> PatientEpoch {
        var patient = try self.patient()
        return try patient.readMessageTwo(self.vectors.octets("handshake.msg2"), unixTime: self.unixTime)
    }
}

@Suite("The vectors' call and its first resume")
struct HandshakeVectorTests {
    private let call: VectorCall
    private let vectors: ProtocolVectors

    init() throws {
        self.call = try VectorCall()
        self.vectors = self.call.vectors
    }

    @Test("message 1 and its parts")
    func messageOne() throws {
        #expect(try NoiseHandshake.name == self.vectors.text("handshake.protocol"))
        #expect(try Prologue.call(self.call.roomKeys.roomID).hex == self.vectors.text("handshake.prologue"))
        let commitment = ShortAuthenticationString.commitment(
            roomID: self.call.roomKeys.roomID, ephemeral: try self.call.ephemeral("handshake.e_i").publicKey,
            nonce: try self.vectors.octets("handshake.rP"))
        #expect(try commitment.hex == self.vectors.text("handshake.commit"))
        let hello = PatientHello(commitment: commitment, capabilities: [], language: .french)
        #expect(try hello.bytes.hex == self.vectors.text("handshake.payload1"))
        #expect(try PatientHello(hello.bytes) == hello)
        #expect(try self.call.patient().messageOne.hex == self.vectors.text("handshake.msg1"))
    }

    @Test("message 2 and its parts")
    func messageTwo() throws {
        let hello = DoctorHello(
            nonce: try self.vectors.octets("handshake.rD"), delegation: self.call.delegation, language: .french,
            capabilities: [])
        #expect(try hello.bytes.hex == self.vectors.text("handshake.payload2"))
        #expect(try DoctorHello(hello.bytes) == hello)
        let doctor = try self.call.doctor(reading: self.vectors.octets("handshake.msg1"))
        #expect(try doctor.patientEphemeral == self.call.ephemeral("handshake.e_i").publicKey)
        #expect(doctor.patientLanguage == .french)
        #expect(doctor.patientCapabilities == [])
        let (message, _) = try self.call.answer(to: self.vectors.octets("handshake.msg1"))
        #expect(try message.hex == self.vectors.text("handshake.msg2"))
    }

    @Test("handshake hash, both transport keys and the exporter")
    func keys() throws {
        let noise = try NoiseHandshake.Responder(
            prologue: self.vectors.octets("handshake.prologue"), psk: self.call.roomKeys.psk,
            localStatic: self.call.sessionKey, message: self.vectors.octets("handshake.msg1"))
        let (result, _) = try noise.finish(
            ephemeral: self.call.ephemeral("handshake.e_r"), payload: self.vectors.octets("handshake.payload2"))
        #expect(try result.hash.hex == self.vectors.text("handshake.h"))
        #expect(try result.initiatorKey.bytes.hex == self.vectors.text("handshake.k_i2r"))
        #expect(try result.responderKey.bytes.hex == self.vectors.text("handshake.k_r2i"))
        #expect(try result.exporter.bytes.hex == self.vectors.text("handshake.exporter"))
    }

    @Test("the keys and the short authentication string are the same on both ends")
    func epochs() throws {
        let patient = try self.call.patientEpoch()
        var (_, awaited) = try self.call.answer(to: self.vectors.octets("handshake.msg1"))
        let doctor = try awaited.read(self.vectors.octets("handshake.transport_i2r_0"))
        for channel in [patient.channel, doctor.channel] {
            #expect(channel.index == 0)
            #expect(try channel.handshakeHash.hex == self.vectors.text("handshake.h"))
            #expect(try channel.bindingKey.bytes.hex == self.vectors.text("handshake.dtls_bind_key"))
            #expect(try channel.resumption.secret.bytes.hex == self.vectors.text("handshake.resume_secret"))
            #expect(try channel.resumption.transcript.hex == self.vectors.text("resume.transcript0"))
            #expect(try channel.resumption.rejoinToken.bytes.hex == self.vectors.text("resume.rejoin_token"))
        }
        for authentication in [patient.authentication, doctor.authentication] {
            let authentication = try #require(authentication)
            #expect(try authentication.bytes.hex == self.vectors.text("handshake.sas_bytes"))
            #expect(authentication.wordIndices == [253, 198, 164, 182])
            #expect(try authentication.digits == self.vectors.text("handshake.sas_digits"))
        }
        let introduction = try #require(patient.introduction)
        #expect(introduction.delegation == self.call.delegation)
        #expect(introduction.validity == .valid)
        #expect(introduction.language == .french)
        awaited = try self.call.answer(to: self.vectors.octets("handshake.msg1")).awaited
        #expect(awaited.epoch == 0)
    }

    @Test("the first frame of each direction")
    func firstFrames() throws {
        var patient = try self.call.patientEpoch()
        let given = try Frame(padded: self.vectors.octets("handshake.frame3"))
        guard case .confirm(let confirmation) = given else {
            Issue.record("frame 3 is no CONFIRM")
            return
        }
        #expect(confirmation.receiptKey == nil)
        let made = patient.confirmation(displayName: confirmation.displayName)
        #expect(made == given)
        #expect(try made.padded().hex == self.vectors.text("handshake.frame3"))
        #expect(try patient.channel.seal(made).hex == self.vectors.text("handshake.transport_i2r_0"))

        let (_, awaited) = try self.call.answer(to: self.vectors.octets("handshake.msg1"))
        var doctor = try awaited.read(self.vectors.octets("handshake.transport_i2r_0"))
        #expect(doctor.displayName == "Zoé")
        let waiting = Frame.waiting(message: "")
        #expect(try waiting.padded().hex == self.vectors.text("handshake.frame4"))
        let sealed = try doctor.channel.seal(waiting)
        #expect(try sealed.hex == self.vectors.text("handshake.transport_r2i_0"))
        #expect(try patient.channel.open(sealed) == waiting)
    }

    @Test("the tags that bind DTLS to the epoch")
    func binding() throws {
        let patient = try self.call.patientEpoch().channel
        let (_, awaited) = try self.call.answer(to: self.vectors.octets("handshake.msg1"))
        let doctor = try awaited.read(self.vectors.octets("handshake.transport_i2r_0")).channel
        let ofPatient = try self.vectors.octets("dtls_bind.fp_patient")
        let ofDoctor = try self.vectors.octets("dtls_bind.fp_doctor")
        let patientTag = try self.vectors.octets("dtls_bind.tag_patient")
        let doctorTag = try self.vectors.octets("dtls_bind.tag_doctor")
        #expect(
            patient.bindingFrame(patientFingerprint: ofPatient, doctorFingerprint: ofDoctor)
                == .transportBinding(tag: patientTag))
        #expect(
            doctor.bindingFrame(patientFingerprint: ofPatient, doctorFingerprint: ofDoctor)
                == .transportBinding(tag: doctorTag))
        #expect(patient.binds(doctorTag, patientFingerprint: ofPatient, doctorFingerprint: ofDoctor))
        #expect(doctor.binds(patientTag, patientFingerprint: ofPatient, doctorFingerprint: ofDoctor))
        #expect(!patient.binds(patientTag, patientFingerprint: ofPatient, doctorFingerprint: ofDoctor))
        #expect(!patient.binds(doctorTag, patientFingerprint: ofDoctor, doctorFingerprint: ofPatient))
        #expect(!patient.binds([], patientFingerprint: ofPatient, doctorFingerprint: ofDoctor))
        #expect(!patient.binds(doctorTag + [0], patientFingerprint: ofPatient, doctorFingerprint: ofDoctor))
    }

    @Test("the first resume: prologue, key, both messages and the hash")
    func resume() throws {
        let resumption = try self.call.patientEpoch().channel.resumption
        #expect(try Prologue.resume(resumption, epoch: 1).hex == self.vectors.text("resume.prologue"))
        var patient = try PatientHandshake(
            resuming: resumption, sessionPublicKey: self.call.sessionKey.publicKey, epoch: 1,
            ephemeral: self.call.ephemeral("resume.e_i"))
        #expect(try patient.messageOne.hex == "00000001" + self.vectors.text("resume.msg1"))
        let doctor = try DoctorHandshake(
            readingResume: patient.messageOne, resumption: resumption, sessionKey: self.call.sessionKey, lastEpoch: 0)
        let (messageTwo, awaited) = try doctor.answer(
            language: .french, capabilities: [], nonce: [], ephemeral: self.call.ephemeral("resume.e_r"))
        #expect(try messageTwo.hex == self.vectors.text("resume.msg2"))
        #expect(awaited.epoch == 1)
        var patientEpoch = try patient.readMessageTwo(messageTwo, unixTime: 0)
        #expect(patientEpoch.introduction == nil)
        #expect(patientEpoch.authentication == nil)
        #expect(try patientEpoch.channel.handshakeHash.hex == self.vectors.text("resume.h"))
        let confirmation = patientEpoch.confirmation(receiptKey: [UInt8](repeating: 1, count: 32), displayName: "Zoé")
        #expect(
            confirmation
                == .confirm(
                    Frame.Confirmation(nonce: [UInt8](repeating: 0, count: 32), receiptKey: nil, displayName: "")))
        let doctorEpoch = try awaited.read(patientEpoch.channel.seal(confirmation))
        #expect(doctorEpoch.channel.index == 1)
        #expect(doctorEpoch.channel.handshakeHash == patientEpoch.channel.handshakeHash)
        #expect(doctorEpoch.channel.resumption == resumption)
        #expect(doctorEpoch.authentication == nil)
    }
}
