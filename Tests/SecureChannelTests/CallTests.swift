import Invitation
import Primitives
import Testing
import Wire

@testable import SecureChannel

@Suite("Whole calls between two fresh ends")
struct CallTests {
    private struct Outcome: Equatable {
        var authentication: ShortAuthenticationString?
        var handshakeHashes: [[UInt8]] = []
    }

    /// A call of one seed: handshake, CONFIRM, frames both ways, then resumes of the given epochs.
    private static func run(seed: UInt64, epochs: [UInt32]) throws -> Outcome {
        var random = RandomSource.seeded(seed)
        let sessionKey = try X25519.KeyPair(privateKey: SecretBytes(copying: random.bytes(count: 32)))
        let identity = try Ed25519.KeyPair(seed: SecretBytes(copying: random.bytes(count: 32)))
        let invitation = Invitation(sessionPublicKey: sessionKey.publicKey, random: &random)
        let received = try Invitation(fragment: invitation.fragment)
        let delegation = Delegation(
            identityKey: identity.publicKey, sessionPublicKey: sessionKey.publicKey,
            roomID: RoomKeys(invitation).roomID, notBefore: 100, notAfter: 200, sign: identity.sign)

        var patient = try PatientHandshake(
            calling: RoomKeys(received), sessionPublicKey: received.sessionPublicKey, capabilities: .postQuantum,
            language: .dutch, random: &random)
        let doctor = try DoctorHandshake(
            readingCall: patient.messageOne, roomKeys: RoomKeys(invitation), sessionKey: sessionKey,
            delegation: delegation)
        #expect(doctor.patientLanguage == .dutch)
        #expect(doctor.patientCapabilities == .postQuantum)
        let (messageTwo, awaited) = try doctor.answer(
            language: .german, capabilities: .postQuantum, random: &random)
        var patientEpoch = try patient.readMessageTwo(messageTwo, unixTime: 150)
        #expect(patientEpoch.introduction?.language == .german)
        #expect(patientEpoch.introduction?.capabilities == .postQuantum)
        let receiptKey = random.bytes(count: 32)
        let confirmation = patientEpoch.confirmation(receiptKey: receiptKey, displayName: "Zoé")
        var doctorEpoch = try awaited.read(patientEpoch.channel.seal(confirmation))
        #expect(doctorEpoch.receiptKey == receiptKey)
        #expect(doctorEpoch.displayName == "Zoé")
        #expect(doctorEpoch.authentication == patientEpoch.authentication)
        #expect(
            doctorEpoch.authentication?.words(in: .german)
                == patientEpoch.authentication?.words(in: .german))
        try Self.talk(&patientEpoch.channel, &doctorEpoch.channel)

        var outcome = Outcome(
            authentication: doctorEpoch.authentication, handshakeHashes: [doctorEpoch.channel.handshakeHash])
        let kept = patientEpoch.channel.resumption
        #expect(kept == doctorEpoch.channel.resumption)
        var lastEpoch: UInt32 = 0
        for epoch in epochs {
            var patient = try PatientHandshake(
                resuming: kept, sessionPublicKey: received.sessionPublicKey, epoch: epoch, random: &random)
            let doctor = try DoctorHandshake(
                readingResume: patient.messageOne, resumption: kept, sessionKey: sessionKey, lastEpoch: lastEpoch)
            #expect(doctor.patientLanguage == nil)
            let (messageTwo, awaited) = try doctor.answer(language: .german, random: &random)
            patientEpoch = try patient.readMessageTwo(messageTwo, unixTime: 150)
            doctorEpoch = try awaited.read(patientEpoch.channel.seal(patientEpoch.confirmation()))
            lastEpoch = doctorEpoch.channel.index
            #expect(lastEpoch == epoch)
            try Self.talk(&patientEpoch.channel, &doctorEpoch.channel)
            outcome.handshakeHashes.append(doctorEpoch.channel.handshakeHash)
        }
        return outcome
    }

    private static func talk(_ patient: inout EstablishedEpoch, _ doctor: inout EstablishedEpoch) throws {
        for frame in FrameTests.samples {
            #expect(try doctor.open(patient.seal(frame)) == frame)
            #expect(try patient.open(doctor.seal(frame)) == frame)
        }
        let tag = patient.bindingFrame(patientFingerprint: [1], doctorFingerprint: [2])
        guard case .transportBinding(let octets) = tag else { return }
        #expect(doctor.binds(octets, patientFingerprint: [1], doctorFingerprint: [2]))
        #expect(!doctor.binds(octets, patientFingerprint: [2], doctorFingerprint: [1]))
        #expect(!patient.binds(octets, patientFingerprint: [1], doctorFingerprint: [2]))
    }

    @Test("both ends agree on everything, through resumes with gaps up to the last number")
    func agreement() throws {
        let seed = UInt64.random(in: 0 ... .max)
        for offset in 0..<8 as Range<UInt64> {
            let outcome = try Self.run(seed: seed &+ offset, epochs: [1, 2, 9, .max])
            #expect(Set(outcome.handshakeHashes).count == 5, "seed \(seed &+ offset)")
        }
    }

    @Test("one seed makes one call")
    func deterministic() throws {
        let first = try Self.run(seed: 1, epochs: [1])
        #expect(try Self.run(seed: 1, epochs: [1]) == first)
        #expect(try Self.run(seed: 2, epochs: [1]) != first)
    }
}
