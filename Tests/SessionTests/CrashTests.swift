import Consultation
import SecureTransport
import Session
import Simulation
import Testing
import Wire

@Suite("A doctor's process that is killed in mid-call")
struct CrashTests {
    @Test("comes back from what was kept: same words, nothing asked again, sound both ways", arguments: 0..<24)
    func comesBack(seed: UInt64) throws {
        let call = try Call(seed: seed) { world in
            world.weather.loss = 0.05 * world.random.unitInterval()
            world.weather.delay = .milliseconds(5) + .milliseconds(60) * world.random.unitInterval()
        }
        try #require(call.untilBound(), "\(call.report)")
        call.world.run(for: .seconds(1))
        let record = try #require(call.doctor.record, "nothing was kept: \(call.report)")
        #expect(record.comparison == true && record.hasConsented, "\(call.report)")
        let words = call.patient.session.authentication
        call.world.kill(Call.doctorIndex)
        call.world.forget(Call.doctorAddress.ip)
        // From at once to a reboot.
        call.world.run(for: .seconds(Int(seed) % 25 + 1))
        let back = call.world.now
        let doctor = call.returnedDoctor(record, index: 2)
        let isBack = call.world.run(for: .seconds(30)) {
            doctor.blocksHeard(since: back) >= 25 && call.patient.blocksHeard(since: back) >= 25
        }
        let report = "\(call.report); RETURNED \(doctor.events.map { "\($0)".prefix(60) })"
        #expect(isBack, "\(report)")
        #expect(call.world.now - back < .seconds(20), "after \(call.world.now - back): \(report)")
        #expect(call.patient.session.endReason == nil, "\(report)")
        #expect(call.patient.session.authentication == words && doctor.session.authentication == words, "\(report)")
        #expect(call.patient.events.count { $0 == .admitted } == 1, "\(report)")
        #expect(doctor.session.comparison == true, "\(report)")
        #expect(
            doctor.session.media?.secured?.keyingMaterial == call.patient.session.media?.secured?.keyingMaterial,
            "\(report)")
    }

    @Test("into a room that asks for a relay tells no address of this end: without a relay there is no call")
    func relayOnlyRoom() throws {
        let call = try Call(seed: 77)
        try #require(call.untilBound(), "\(call.report)")
        let record = try #require(call.doctor.record, "\(call.report)")
        call.world.kill(Call.doctorIndex)
        call.world.run(for: .seconds(2))
        let doctor = call.returnedDoctor(record, index: 2, relayOnly: true)
        call.world.run(for: .seconds(30)) { doctor.session.endReason != nil }
        #expect(doctor.session.endReason == .noRelay, "\(call.report)")
        #expect(doctor.session.media == nil, "nothing was gathered")
    }

    @Test("between the keeping and the broker's answer still lets the patient in", arguments: 0..<8)
    func atAdmission(seed: UInt64) throws {
        let call = try Call(seed: seed)
        var record: AdmissionRecord?
        call.world.run(for: .seconds(20)) {
            record = call.doctor.record
            return record != nil
        }
        let kept = try #require(record, "\(call.report)")
        call.world.kill(Call.doctorIndex)
        call.world.run(for: .seconds(2))
        let doctor = call.returnedDoctor(kept, index: 2)
        let isBack = call.world.run(for: .seconds(60)) {
            doctor.session.isBound && call.patient.session.isBound || call.patient.session.endReason != nil
        }
        #expect(isBack && doctor.session.isBound, "\(call.report) RETURNED \(doctor.events.map { "\($0)".prefix(60) })")
    }
}

extension SessionEnd {
    /// What a keystore would hold now.
    var record: AdmissionRecord? {
        self.events.reversed().lazy.compactMap { if case .admissionChanged(let record) = $0 { record } else { nil } }
            .first
    }
}
