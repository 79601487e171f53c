import Consultation
import Primitives
import SecureChannel
import Signalling
import Simulation
import Testing
import Wire

@Suite("A consultation through the broker, in virtual time")
struct ConsultationTests {
    @Test("the patient joins, is admitted, and both ends agree on words and certificates", arguments: 0..<50)
    func fairWeather(seed: UInt64) throws {
        let scene = try Consulting(seed: seed)
        #expect(scene.untilBound(within: .seconds(5)), "seed \(seed)")
        #expect(scene.patient.words.count == 1)
        #expect(scene.patient.words.first == scene.doctor.admitted?.authentication, "seed \(seed)")
        scene.world.run(for: .seconds(1))
        #expect(scene.doctor.events.contains(.peerCompared(same: true)))
        #expect(scene.patient.endReason == nil && scene.doctor.endReason == nil)
    }

    @Test("a call stays up for two hours of keep-alives without a new epoch")
    func staysUp() throws {
        let scene = try Consulting(seed: 1)
        #expect(scene.untilBound())
        scene.world.run(for: .seconds(7100))
        #expect(scene.patient.epochs == [0] && scene.doctor.epochs == [0])
        #expect(scene.patient.endReason == nil && scene.doctor.endReason == nil)
    }

    @Test("the patient who comes first waits for the doctor")
    func earlyPatient() throws {
        let scene = try Consulting(seed: 3) { _, doctor in doctor.admits = false }
        scene.doctor.seat.stop()
        scene.world.touch(Consulting.doctorIndex)
        scene.world.run(for: .seconds(30))
        #expect(scene.patient.events.contains(.doctorPresent(false)))
        scene.doctor.admits = true
        scene.doctor.seat.start(now: scene.world.now)
        scene.world.touch(Consulting.doctorIndex)
        #expect(scene.untilBound())
    }

    @Test("the broker's word that a room is closed does not bring an ended end back")
    func endedStaysEnded() throws {
        let scene = try Consulting(seed: 5)
        #expect(scene.untilBound())
        scene.patient.seat.hangUp(now: scene.world.now)
        let closed = Envelope.error(code: .closed, room: nil).encoded
        scene.patient.seat.receive(closed, now: scene.world.now)
        scene.world.touch(Consulting.patientIndex)
        scene.world.run(for: .seconds(60))
        #expect(scene.patient.seat.isFinished)
        #expect(!scene.patient.events.contains(.connectionLost))
    }

    @Test("the broker dies and comes back: both ends resume in a new epoch, words kept", arguments: 0..<50)
    func brokerRestart(seed: UInt64) throws {
        let scene = try Consulting(seed: seed)
        #expect(scene.untilBound())
        scene.world.killBroker()
        scene.world.run(for: .seconds(5))
        scene.world.startBroker()
        let resumed = scene.world.run(for: .seconds(60)) {
            scene.patient.epochs.count > 1 && scene.doctor.epochs.count > 1
        }
        #expect(resumed, "seed \(seed)")
        scene.world.run(for: .seconds(5))
        #expect(scene.patient.words.count == 1)
        #expect(scene.patient.events.count { $0 == .bound } >= 2, "seed \(seed)")
        #expect(scene.patient.endReason == nil && scene.doctor.endReason == nil)
    }

    @Test("cut sockets at any moment delay the call and never lock the patient out", arguments: 0..<200)
    func cutSockets(seed: UInt64) throws {
        let scene = try Consulting(seed: seed) { world, _ in world.weather.cut = 0.04 }
        scene.world.at(.seconds(40)) { $0.weather.cut = 0 }
        let bound = scene.untilBound(within: .seconds(150))
        let gaveUp = scene.patient.endReason == .retriesExhausted
        #expect(
            bound || gaveUp,
            "seed \(seed): \(scene.patient.events.map { "\($0)".prefix(60) }) DOCTOR \(scene.doctor.events.map { "\($0)".prefix(60) })"
        )
    }

    @Test("hanging up tells the other end and closes the room", arguments: [true, false])
    func hangUp(byPatient: Bool) throws {
        let scene = try Consulting(seed: 7)
        #expect(scene.untilBound())
        if byPatient {
            scene.patient.seat.hangUp(now: scene.world.now)
            scene.world.touch(Consulting.patientIndex)
        } else {
            scene.doctor.seat.hangUp(in: scene.doctor.room, now: scene.world.now)
            scene.world.touch(Consulting.doctorIndex)
        }
        scene.world.run(for: .seconds(2))
        #expect(scene.patient.endReason == (byPatient ? .hungUp : .peerHungUp))
        #expect(scene.doctor.endReason == (byPatient ? .peerHungUp : .hungUp))
        #expect(scene.doctor.events.contains(.closed))
    }

    @Test("different words end the call on both ends", arguments: [true, false])
    func wordsDiffer(patientSaysSo: Bool) throws {
        let scene = try Consulting(seed: 8)
        #expect(scene.untilBound())
        if patientSaysSo {
            scene.patient.seat.compare(same: false, now: scene.world.now)
            scene.world.touch(Consulting.patientIndex)
        } else {
            scene.doctor.seat.compare(same: false, in: scene.doctor.room, now: scene.world.now)
            scene.world.touch(Consulting.doctorIndex)
        }
        scene.world.run(for: .seconds(2))
        #expect(scene.patient.endReason == .wordsDiffer && scene.doctor.endReason == .wordsDiffer)
    }

    @Test("other certificates than the reported ones end the call", arguments: [true, false])
    func bindingMismatch(atPatient: Bool) throws {
        let scene = try Consulting(seed: 9)
        let wrong = SeenCertificates(
            patient: [UInt8](repeating: 9, count: 32), doctor: [UInt8](repeating: 2, count: 32))
        if atPatient { scene.patient.certificates = wrong } else { scene.doctor.certificates = wrong }
        scene.world.run(for: .seconds(10))
        #expect(scene.patient.endReason == .bindingFailed && scene.doctor.endReason == .bindingFailed)
        #expect(!scene.patient.isBound && !scene.doctor.isBound)
    }

    @Test("a second device waits as a second guest, and the link is dead once one was admitted")
    func secondDevice() throws {
        let scene = try Consulting(seed: 10) { _, doctor in doctor.admits = false }
        let second = PatientEnd(scene.doctor.secrets.invitation, random: .seeded(99))
        scene.world.add(second)
        scene.world.run(for: .seconds(3))
        let guests = scene.doctor.seat.guests(in: scene.doctor.room)
        #expect(guests.map(\.number) == [1, 2])
        scene.doctor.seat.admit(try #require(guests.last).connection, in: scene.doctor.room, now: scene.world.now)
        scene.world.touch(Consulting.doctorIndex)
        scene.world.run(for: .seconds(3))
        let reasons = [scene.patient.endReason, second.endReason].compactMap { $0 }
        #expect(reasons == [.refused(.otherDeviceAdmitted)])
        let third = PatientEnd(scene.doctor.secrets.invitation, random: .seeded(100))
        scene.world.add(third)
        scene.world.run(for: .seconds(8))
        #expect(third.endReason == .turnedAway(.used))
        #expect(scene.doctor.events.contains(.stray(count: 1)))
    }

    @Test("a patient who leaves the waiting room by socket can come back and be admitted")
    func comesBack() throws {
        let scene = try Consulting(seed: 11) { _, doctor in doctor.admits = false }
        scene.world.run(for: .seconds(3))
        scene.world.killBroker()
        scene.world.run(for: .seconds(1))
        scene.world.startBroker()
        scene.doctor.admits = true
        #expect(scene.untilBound(within: .seconds(40)))
        #expect(scene.patient.words.last == scene.doctor.admitted?.authentication)
    }

    @Test("a key that is not enrolled learns so and stops")
    func notEnrolled() throws {
        var random = RandomSource.seeded(12)
        let world = World(
            seed: 12, configuration: Switchboard.Configuration(hosts: [DoctorEnd.host], isEnrolled: { _ in false }))
        let doctor = DoctorEnd(identity: Ed25519.KeyPair(), random: &random)
        world.add(doctor)
        world.run(for: .seconds(5))
        #expect(doctor.seatEvents.contains(.ended(.notEnrolled)))
    }

    @Test("a link that no doctor opened is unknown")
    func unknownRoom() throws {
        let scene = try Consulting(seed: 13)
        var random = RandomSource.seeded(13)
        let stranger = RoomSecrets(validity: 0...1, identity: Ed25519.KeyPair(), random: &random)
        let lost = PatientEnd(stranger.invitation, random: .seeded(5))
        scene.world.add(lost)
        scene.world.run(for: .seconds(5))
        #expect(lost.endReason == .turnedAway(.unknownOrExpired))
    }

    @Test("five unfinished handshakes close the door, and one more opens every two minutes")
    func handshakeCap() throws {
        let scene = try Consulting(seed: 14) { _, doctor in doctor.admits = false }
        scene.world.run(for: .seconds(2))
        // Somebody in the middle who reads message 2 and never confirms: CONFIRM is swallowed.
        scene.world.tamper = { message, direction, end, _ in
            direction == .toBroker && end > 1 && message.count == 1 + 4 + 272 ? [] : [message]
        }
        for attempt in 0..<8 {
            scene.world.add(PatientEnd(scene.doctor.secrets.invitation, random: .seeded(UInt64(200 + attempt))))
            scene.world.run(for: .seconds(13))
        }
        #expect(scene.doctor.events.contains(.turnedAway(.rate)))
    }
}
