import Consultation
import SecureChannel
import Signalling
import Simulation
import Testing
import Wire

/// What the random schedules found, each as a schedule of its own.
@Suite("Words that are lost with their socket")
struct LostWordsTests {
    private func stage(desks: Int = 1, devices: Int = 1) throws -> Schedule {
        let stage = try Schedule(seed: 1, rooms: 1, desks: desks, devicesPerRoom: devices)
        stage.play(for: .seconds(2)) { $0.desks[0].begin(now: $0.now) }
        for device in stage.devices { stage.play(for: .seconds(2)) { device.knock(now: $0.now) } }
        #expect(stage.desks[0].guests(in: 0).count == devices)
        return stage
    }

    /// Kills a socket; the broker and the end learn of it after so long.
    private func kill(_ end: Int, of stage: Schedule, broker: Duration, end learns: Duration) {
        stage.world.kill(socketOf: end, brokerLearnsAfter: broker, endLearnsAfter: learns)
    }

    @Test("a desk that another took over shows nobody, and nobody can be admitted there")
    func superseded() throws {
        let stage = try self.stage(desks: 2)
        let guest = try #require(stage.desks[0].guests(in: 0).first)
        stage.play(for: .seconds(3)) { $0.desks[1].begin(now: $0.now) }
        #expect(stage.desks[0].endReason == .superseded)
        #expect(stage.desks[0].guests(in: 0).isEmpty)
        #expect(stage.desks[1].guests(in: 0).count == 1)
        stage.play(for: .seconds(3)) { $0.desks[0].admit(guest, in: 0, now: $0.now) }
        #expect(stage.practice.rooms[0].admissions.isEmpty)
    }

    @Test("hanging up into a dead socket closes the room once there is another")
    func closeIsRepeated() throws {
        let stage = try self.stage()
        self.kill(stage.endIndex(of: stage.desks[0]), of: stage, broker: .seconds(1), end: .seconds(5))
        stage.play(for: .seconds(30)) { $0.desks[0].hangUp(0, now: $0.now) }
        #expect(stage.devices[0].standing == .over(.turnedAway(.closed)))
    }

    @Test("hanging up while the admitted patient is away: that patient learns that there is no room any more")
    func byeIsLost() throws {
        let stage = try self.stage()
        let guest = try #require(stage.desks[0].guests(in: 0).first)
        stage.play(for: .seconds(3)) { $0.desks[0].admit(guest, in: 0, now: $0.now) }
        #expect(stage.devices[0].isBound)
        self.kill(stage.endIndex(of: stage.devices[0]), of: stage, broker: .seconds(20), end: .seconds(10))
        stage.play(for: .zero) { $0.desks[0].hangUp(0, now: $0.now) }
        stage.play(for: .seconds(30)) { $0.noticeLosses() }
        #expect(stage.devices[0].standing == .over(.turnedAway(.unknownOrExpired)))
    }

    @Test("admitted into a dead socket, joined afresh before the desk is back: the patient gets in")
    func admittedUnheard() throws {
        let stage = try self.stage()
        let guest = try #require(stage.desks[0].guests(in: 0).first)
        self.kill(stage.endIndex(of: stage.desks[0]), of: stage, broker: .milliseconds(10), end: .seconds(20))
        self.kill(stage.endIndex(of: stage.devices[0]), of: stage, broker: .seconds(1), end: .seconds(1))
        stage.play(for: .seconds(30)) { $0.desks[0].admit(guest, in: 0, now: $0.now) }
        #expect(stage.devices[0].isBound)
        #expect(stage.devices[0].words.last == guest.authentication)
    }

    @Test("the doctor admits a guest whose socket is dead while the same patient waits as another: the patient gets in")
    func ghost() throws {
        let stage = try self.stage()
        self.kill(stage.endIndex(of: stage.devices[0]), of: stage, broker: .seconds(40), end: .seconds(1))
        stage.world.run(for: .seconds(5))
        let guests = stage.desks[0].guests(in: 0)
        #expect(guests.count == 2)
        let ghost = try #require(guests.first)
        #expect(stage.devices[0].words.last != ghost.authentication)
        stage.play(for: .seconds(20)) { $0.desks[0].admit(ghost, in: 0, now: $0.now) }
        #expect(stage.devices[0].isBound)
        #expect(stage.devices[0].words.last == ghost.authentication)
    }

    @Test("a refusal that is lost: whoever comes back after another was admitted hears that the link is used")
    func refusalIsLost() throws {
        let stage = try self.stage(devices: 2)
        let guest = try #require(stage.desks[0].guests(in: 0).first)
        self.kill(stage.endIndex(of: stage.devices[1]), of: stage, broker: .seconds(5), end: .seconds(5))
        stage.play(for: .seconds(30)) { $0.desks[0].admit(guest, in: 0, now: $0.now) }
        #expect(stage.devices[0].isBound)
        #expect(stage.devices[1].standing == .over(.turnedAway(.used)))
    }

    @Test("admission in the middle of another's handshake: the other hears that the link is used")
    func handshakeUnderWay() throws {
        let stage = try self.stage(devices: 2)
        stage.play(for: .seconds(1)) { $0.devices[1].closeTab() }
        let guest = try #require(stage.desks[0].guests(in: 0).first)
        stage.at(.zero) { $0.devices[1].knock(now: $0.now) }
        stage.at(.milliseconds(150)) { $0.desks[0].admit(guest, in: 0, now: $0.now) }
        stage.world.run(for: .seconds(5))
        #expect(stage.devices[1].standing == .over(.turnedAway(.used)))
    }
}
