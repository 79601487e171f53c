import ICE
import Session
import Simulation
import TURN
import Testing
import Wire

@Suite("Whole sessions through the relay, in virtual time")
struct RelayedSessionTests {
    private static func isDirect(_ datagram: SimulatedDatagram) -> Bool {
        datagram.source.ip != SimulatedRelay.address.ip && datagram.destination.ip != SimulatedRelay.address.ip
    }

    private static func path(_ end: SessionEnd) -> ICEAgent.SelectedPair? { end.session.media?.selectedPair }

    /// Runs until both ends have heard half a second after `begin`.
    /// - Returns: how long the longer silence of the two was.
    private static func silence(_ call: Call, since begin: Instant, within limit: Duration) -> Duration? {
        call.world.run(for: limit) {
            call.patient.blocksHeard(since: begin + .milliseconds(500)) >= 25
                && call.doctor.blocksHeard(since: begin + .milliseconds(500)) >= 25
        }
        let ends = [call.patient, call.doctor]
        guard ends.allSatisfy({ $0.blocksHeard(since: begin + .milliseconds(500)) >= 25 }) else { return nil }
        return ends.map { $0.longestSilence(from: begin, to: call.world.now) }.max()
    }

    @Test("where one end wants only relays, no datagram goes between the ends", arguments: 7000..<7006)
    func relayOnly(seed: UInt64) throws {
        let patientAsks = seed % 2 == 0
        let setting = Call.Setting(transports: ["udp", "tcp"], relayOnly: (patientAsks, !patientAsks))
        var direct = 0
        let call = try Call(seed: seed, setting) { world in
            world.weather.loss = 0.05
            world.onDatagram = { if Self.isDirect($0) { direct += 1 } }
        }
        try #require(call.untilBound(), "\(call.report)")
        call.world.run(for: .seconds(3))
        for end in [call.patient, call.doctor] {
            #expect(Self.path(end)?.isRelayed == true && end.session.pathTransport == .udp, "\(call.report)")
            #expect(end.heard.count > 100, "\(call.report)")
        }
        #expect(call.sharesKeys && !call.isOver, "\(call.report)")
        // The end that may use direct ways checks the candidates it was told of: only the other's relayed ones.
        #expect(direct == 0, "\(call.report)")
    }

    @Test("a direct path wins where there is one", arguments: 7100..<7106)
    func directWins(seed: UInt64) throws {
        let call = try Call(seed: seed, Call.Setting(transports: ["udp", "tcp"])) { $0.weather.loss = 0.1 }
        try #require(call.untilBound(), "\(call.report)")
        call.world.run(for: .seconds(6))
        for end in [call.patient, call.doctor] {
            #expect(Self.path(end)?.isRelayed == false && Self.path(end)?.isNominated == true, "\(call.report)")
        }
        #expect(call.patient.session.restartCount == 0, "\(call.report)")
    }

    @Test("where no datagram passes at all, the call stands through TCP within three seconds", arguments: 7200..<7204)
    func onlyStreams(seed: UInt64) throws {
        let call = try Call(seed: seed, Call.Setting(transports: ["udp", "tcp"])) { $0.blocks = { _ in true } }
        #expect(call.untilBound(within: .seconds(3)), "\(call.report)")
        call.world.run(for: .seconds(2))
        for end in [call.patient, call.doctor] {
            #expect(end.session.pathTransport == .tcp && end.heard.count > 50, "\(call.report)")
        }
    }

    @Test("datagrams are blocked in mid-call: the sound is back through TCP within six seconds", arguments: 7300..<7308)
    func blocked(seed: UInt64) throws {
        let isDirect = seed % 2 == 0
        let call = try Call(
            seed: seed, Call.Setting(transports: ["udp", "tcp"], relayOnly: (!isDirect, false)))
        try #require(call.untilBound(), "\(call.report)")
        call.world.run(for: .seconds(8))
        let begin = call.world.now
        call.world.blocks = { _ in true }
        let silence = Self.silence(call, since: begin, within: .seconds(20))
        #expect(silence.map { $0 <= .seconds(6) } == true, "\(String(describing: silence)): \(call.report)")
        #expect(call.patient.session.pathTransport == .tcp, "\(call.report)")
        #expect(call.sharesKeys && !call.isOver, "\(call.report)")
    }

    @Test("the relay dies and comes back: so does the sound, within six seconds", arguments: 7400..<7412)
    func relayDies(seed: UInt64) throws {
        let transports = [["udp", "tcp"], ["udp"], ["tcp"]][Int(seed % 3)]
        // By wish, or because no datagram passes between the two: then there are other pairs to go on checking.
        let isWish = seed % 2 == 0
        let call = try Call(seed: seed, Call.Setting(transports: transports, relayOnly: (isWish, isWish))) { world in
            if !isWish { world.blocks = { Self.isDirect($0) } }
        }
        try #require(call.untilBound(), "\(call.report)")
        call.world.run(for: .seconds(8))
        let begin = call.world.now
        call.relay?.kill()
        // Back so soon, streams stand on the new relay before datagrams tell that the old one is gone.
        let pause: Duration = [.milliseconds(50), .seconds(1), .seconds(2)][Int(seed / 3 % 3)]
        call.world.at(pause) { call.relay?.restart(now: $0.now) }
        let silence = Self.silence(call, since: begin, within: .seconds(20))
        #expect(silence.map { $0 <= .seconds(6) } == true, "\(String(describing: silence)): \(call.report)")
        #expect(call.sharesKeys && !call.isOver, "\(call.report)")
    }

    @Test("a call outlives its credentials, nonces and permissions: no gap, nothing allocated anew")
    func outlivesCredentials() throws {
        let call = try Call(
            seed: 7450,
            Call.Setting(transports: ["udp"], relayOnly: (true, true), lifetimes: (5, .seconds(40))))
        try #require(call.untilBound(), "\(call.report)")
        call.world.run(for: .seconds(1))
        let begin = call.world.now
        // Credentials are over after 5 s, an unrefreshed allocation after 40, a permission after 300.
        call.world.run(for: .seconds(320))
        for end in [call.patient, call.doctor] {
            let silence = end.longestSilence(from: begin, to: call.world.now)
            #expect(silence <= .milliseconds(60), "\(silence): \(call.report)")
            #expect(end.session.restartCount == 0, "\(call.report)")
        }
        #expect(call.relay?.allocations == 2 && !call.isOver, "\(call.report)")
    }

    @Test("credentials that ran out are renewed before the relay is asked anew", arguments: 7460..<7464)
    func expiredCredentials(seed: UInt64) throws {
        let setting = Call.Setting(
            transports: ["udp", "tcp"], relayOnly: (true, true), lifetimes: (15, .seconds(600)))
        let call = try Call(seed: seed, setting)
        try #require(call.untilBound(), "\(call.report)")
        call.world.run(for: .seconds(20))
        let begin = call.world.now
        call.relay?.kill()
        call.relay?.restart(now: begin)
        let silence = Self.silence(call, since: begin, within: .seconds(20))
        #expect(silence.map { $0 <= .seconds(6) } == true, "\(String(describing: silence)): \(call.report)")
        #expect(call.sharesKeys && !call.isOver, "\(call.report)")
    }

    @Test("an address changes in mid-call: the sound is back within three seconds", arguments: 7500..<7512)
    func moves(seed: UInt64) throws {
        let isPatient = seed % 2 == 0
        let setting = [
            Call.Setting(), Call.Setting(transports: ["udp", "tcp"]),
            Call.Setting(transports: ["udp", "tcp"], relayOnly: (true, false)),
        ][Int(seed / 2 % 3)]
        let call = try Call(seed: seed, setting)
        try #require(call.untilBound(), "\(call.report)")
        call.world.run(for: .seconds(4))
        let begin = call.world.now
        let (end, index) = isPatient ? (call.patient, Call.patientIndex) : (call.doctor, Call.doctorIndex)
        let new = TransportAddress(.v4(0x0A00_0063), port: 7000)
        call.world.forget(isPatient ? Call.patientAddress.ip : Call.doctorAddress.ip)
        call.world.assign(new.ip, to: index)
        end.move(to: new, world: call.world)
        let silence = Self.silence(call, since: begin, within: .seconds(20))
        #expect(silence.map { $0 <= .seconds(3) } == true, "\(String(describing: silence)): \(call.report)")
        #expect(call.sharesKeys && !call.isOver, "\(call.report)")
    }

    @Test("a network that loses one packet in five restarts nothing", arguments: 7600..<7602)
    func patience(seed: UInt64) throws {
        let call = try Call(seed: seed, Call.Setting(transports: ["udp"])) { $0.weather.loss = 0.2 }
        try #require(call.untilBound(), "\(call.report)")
        call.world.run(for: .seconds(60))
        #expect(call.patient.session.restartCount == 0 && !call.isOver, "\(call.report)")
    }
}
