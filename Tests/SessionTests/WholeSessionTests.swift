import Audio
import Consultation
import SecureTransport
import Session
import Signalling
import Simulation
import Testing
import Wire

@Suite("Whole sessions with a broker and a network, in virtual time")
struct WholeSessionTests {
    @Test("in any weather both ends bind to the same words and hear each other", arguments: 0..<240)
    func weather(seed: UInt64) throws {
        let call = try Call(seed: seed) { world in
            world.weather.loss = 0.15 * world.random.unitInterval()
            world.weather.duplication = 0.1 * world.random.unitInterval()
            world.weather.delay = .milliseconds(5) + .milliseconds(95) * world.random.unitInterval()
            world.weather.jitter = .milliseconds(60) * world.random.unitInterval()
        }
        try #require(call.untilBound(), "\(call.report)")
        #expect(call.patient.session.authentication != nil, "seed \(seed)")
        #expect(call.patient.session.authentication == call.doctor.session.authentication, "seed \(seed)")
        #expect(call.sharesKeys, "seed \(seed)")
        call.world.run(for: .milliseconds(800))
        #expect(call.patient.heard.count >= 8, "the doctor is not heard: \(call.report)")
        #expect(call.doctor.heard.count >= 8, "the patient is not heard: \(call.report)")
        #expect(!call.isOver, "\(call.report)")
        #expect(!call.patient.hasBrokenPromise && !call.doctor.hasBrokenPromise, "seed \(seed)")
    }

    @Test("in fair weather the sound is there within a second and a half and has no gap", arguments: 1000..<1010)
    func fairWeather(seed: UInt64) throws {
        let call = try Call(seed: seed)
        let begin = call.world.now
        try #require(call.untilBound(), "\(call.report)")
        #expect(call.world.now - begin < .milliseconds(1500), "\(call.report)")
        let bound = call.world.now
        call.world.run(for: .seconds(3))
        for end in [call.patient, call.doctor] {
            let silence = end.longestSilence(from: bound + .milliseconds(300), to: call.world.now)
            #expect(silence <= .milliseconds(60), "\(silence): \(call.report)")
        }
    }

    @Test("the broker dies and comes back: the sound never stops, both ends resume", arguments: 2000..<2012)
    func brokerRestart(seed: UInt64) throws {
        let call = try Call(seed: seed)
        try #require(call.untilBound(), "\(call.report)")
        call.world.run(for: .milliseconds(500))
        let begin = call.world.now
        let keys = call.patient.session.media?.secured?.keyingMaterial
        call.world.killBroker()
        call.world.run(for: .seconds(2))
        call.world.startBroker()
        let resumed = call.world.run(for: .seconds(40)) {
            call.patient.epochs.last ?? 0 >= 1 && call.doctor.epochs.last ?? 0 >= 1
        }
        #expect(resumed, "\(call.report)")
        call.world.run(for: .seconds(2))
        for end in [call.patient, call.doctor] {
            #expect(end.session.isVoiceOpen, "\(call.report)")
            let silence = end.longestSilence(from: begin, to: call.world.now)
            #expect(silence <= .milliseconds(60), "\(silence) of silence: \(call.report)")
        }
        #expect(call.patient.session.media?.secured?.keyingMaterial == keys, "seed \(seed): another handshake")
        #expect(call.patient.session.media?.voice?.audio.lost == 0, "seed \(seed)")
        #expect(call.doctor.session.media?.voice?.audio.lost == 0, "seed \(seed)")
        #expect(!call.isOver, "\(call.report)")
    }

    @Test("sockets that are cut while the call is set up: it stands, or its end has a name", arguments: 3000..<3050)
    func cutSockets(seed: UInt64) throws {
        let call = try Call(seed: seed) { $0.weather.cut = 0.03 }
        call.world.at(.seconds(30)) { $0.weather.cut = 0 }
        let settled = call.world.run(for: .seconds(120)) { call.isBound || call.isOver }
        #expect(settled, "neither connected nor ended: \(call.report)")
        guard !call.isOver else { return }
        let bound = call.world.now
        call.world.run(for: .milliseconds(800))
        #expect(call.patient.blocksHeard(since: bound) >= 15, "\(call.report)")
        #expect(call.doctor.blocksHeard(since: bound) >= 15, "\(call.report)")
        #expect(call.sharesKeys, "seed \(seed)")
    }

    /// Which addresses are unreachable for three seconds.
    enum Outage: CaseIterable, Sendable {
        case doctor, patient, both
    }

    @Test("a path that dies for three seconds brings the sound back in the same call", arguments: Outage.allCases)
    func pathDeath(outage: Outage) throws {
        for seed in 4000..<UInt64(4004) {
            let call = try Call(seed: seed)
            try #require(call.untilBound(), "\(call.report)")
            call.world.run(for: .milliseconds(500))
            let words = call.patient.session.authentication
            if outage != .patient { call.world.forget(Call.doctorAddress.ip) }
            if outage != .doctor { call.world.forget(Call.patientAddress.ip) }
            call.world.run(for: .seconds(3))
            let back = call.world.now
            call.world.assign(Call.doctorAddress.ip, to: Call.doctorIndex)
            call.world.assign(Call.patientAddress.ip, to: Call.patientIndex)
            call.world.run(for: .seconds(15)) {
                call.patient.blocksHeard(since: back) >= 25 && call.doctor.blocksHeard(since: back) >= 25
            }
            #expect(call.patient.blocksHeard(since: back) >= 25, "\(outage): \(call.report)")
            #expect(call.doctor.blocksHeard(since: back) >= 25, "\(outage): \(call.report)")
            #expect(call.patient.session.authentication == words && call.sharesKeys, "\(outage), seed \(seed)")
            #expect(!call.isOver, "\(outage): \(call.report)")
            #expect(call.patient.events.count { $0 == .admitted } == 1, "\(outage), seed \(seed)")
        }
    }

    @Test("a network that is away for 45 s brings the sound back within 10 s of its return, both ways")
    func longOutage() throws {
        for seed in 4500..<UInt64(4503) {
            let call = try Call(seed: seed)
            try #require(call.untilBound(), "\(call.report)")
            call.world.run(for: .seconds(1))
            call.world.forget(Call.doctorAddress.ip)
            call.world.run(for: .seconds(45))
            let back = call.world.now
            call.world.assign(Call.doctorAddress.ip, to: Call.doctorIndex)
            call.world.run(for: .seconds(10)) {
                call.patient.blocksHeard(since: back) >= 25 && call.doctor.blocksHeard(since: back) >= 25
            }
            #expect(call.patient.blocksHeard(since: back) >= 25, "\(call.report)")
            #expect(call.doctor.blocksHeard(since: back) >= 25, "\(call.report)")
        }
    }

    @Test("hanging up ends both, and nobody hears another word", arguments: [true, false])
    func hangUp(byPatient: Bool) throws {
        for seed in 5000..<UInt64(5004) {
            let call = try Call(seed: seed)
            try #require(call.untilBound(), "\(call.report)")
            call.world.run(for: .milliseconds(400))
            let (end, index) =
                byPatient ? (call.patient, Call.patientIndex) : (call.doctor, Call.doctorIndex)
            end.hangUp(now: call.world.now)
            call.world.touch(index)
            call.world.run(for: .seconds(2))
            #expect(call.patient.session.endReason == (byPatient ? .hungUp : .peerHungUp), "\(call.report)")
            #expect(call.doctor.session.endReason == (byPatient ? .peerHungUp : .hungUp), "\(call.report)")
            let last = call.world.now - .seconds(1)
            #expect(call.patient.blocksHeard(since: last) == 0 && call.doctor.blocksHeard(since: last) == 0)
        }
    }
}
