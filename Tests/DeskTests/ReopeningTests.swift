import Consultation
import Endpoint
import Foundation
import Invitation
import Keystore
import NIOPosix
import Network
import Primitives
import SecureChannel
import Session
import Testing
import Wire

@testable import Desk

@Suite("What other commands have a running desk do")
final class ReopeningTests: DeskSurface {
    let deadline: Instant = .distantFuture
    func listen(on waiting: inout WaitList) {}
    func serve(_ practice: Practice, driver: CallDriver, now: Instant) {}
    func changed() {}
    func arrived(_ guest: Guest, in room: DeskRoom) {}

    /// A desk that believes it is online, with one room whose patient was admitted by an earlier life of it.
    private struct Afternoon {
        let home: String
        let rooms: RoomStore
        let session: SessionID
        let room: RoomID
        let practice: Practice
        let driver: CallDriver
        let now = monotonicNow()

        /// Has a command ask, until the desk has taken it in.
        func ask(_ verb: DeskRequest.Verb) -> Mailbox<DeskAnswer?> {
            let told = Mailbox<DeskAnswer?>()
            let request = DeskRequest(verb, self.session, seconds: verb == .reopen ? 600 : 0)
            Thread.detachNewThread { [home] in told.post(DeskVisit.ask(request, home: home)) }
            while self.practice.doorVisitors.isEmpty {
                var waiting = WaitList()
                self.practice.listen(on: &waiting)
                waiting.wait(for: .seconds(20))
                self.practice.serveDoor(self.driver, now: self.now)
            }
            return told
        }

        func hear(_ event: RoomEvent) {
            self.practice.handle(.elsewhere(self.room, event), in: self.driver, now: self.now)
        }

        func answer(_ told: Mailbox<DeskAnswer?>) -> DeskAnswer? {
            waitForInput(on: [told.descriptor], for: .seconds(20))
            return told.take().first ?? nil
        }
    }

    private func afternoon(_ state: StoredRoom.State) throws -> Afternoon {
        var random = RandomSource.system
        let home = NSTemporaryDirectory() + "reopening-\(random.bytes(count: 6).hex)"
        let identity = try Keystore(home: home).createIdentity(
            passphrase: SecretBytes(copying: "quatre chevaux sages".utf8),
            cost: PasswordHash(operations: 1, memoryBytes: 8192))
        var room = StoredRoom.made(
            label: "", origin: "http://localhost:1", isRelayOnly: false, lasting: 600, for: identity.keyPair,
            now: UnixClock.now)
        room.state = state
        try identity.rooms.save(room)
        let broker = try #require(WebSocketURL("http://localhost:1"))
        let practice = Practice(
            identity: identity, broker: broker, surface: self, setting: .init(language: .french), home: home)
        let now = monotonicNow()
        let driver = CallDriver(
            session: practice.firstSession(room.isOver ? [] : [room], now: now), broker: broker,
            group: MultiThreadedEventLoopGroup.singleton, attendant: practice)
        practice.isOnline = true
        return Afternoon(
            home: home, rooms: identity.rooms, session: room.session, room: RoomSecrets(room).keys.roomID,
            practice: practice, driver: driver)
    }

    private let admitted = StoredRoom.State.admitted(
        StoredRoom.Admission(
            resumeSecret: .init([UInt8](repeating: 1, count: 32)), transcript: [UInt8](repeating: 2, count: 32),
            lastEpoch: 3, authentication: [UInt8](repeating: 4, count: 8)))

    @Test("a link works again on the disk once the broker has confirmed it, and not before")
    func confirmed() throws {
        let desk = try self.afternoon(self.admitted)
        let told = desk.ask(.reopen)
        #expect(try desk.rooms.load(desk.session).state == self.admitted)
        desk.hear(.opened)
        #expect(desk.answer(told) == .done)
        let room = try desk.rooms.load(desk.session)
        #expect(room.state == .open && room.isReopened && room.timeToLive == 600)
        #expect(desk.practice.rooms.map(\.state) == [.open])
    }

    @Test("the end of a call that is still on its way to the disk is not written over the link that works again")
    func ordered() throws {
        let desk = try self.afternoon(self.admitted)
        desk.practice.rooms.removeAll()
        desk.practice.keeper.end(desk.session, brokeOff: true)
        let told = desk.ask(.reopen)
        desk.hear(.opened)
        desk.practice.keeper.finish()
        #expect(desk.answer(told) == .done)
        #expect(try desk.rooms.load(desk.session).state == .open)
    }

    @Test("a broker that does not confirm it in time leaves the admitted patient what they had")
    func unconfirmed() throws {
        let desk = try self.afternoon(self.admitted)
        let before = desk.practice.rooms.map(\.state)
        let told = desk.ask(.reopen)
        desk.practice.serveDoor(desk.driver, now: desk.now + .seconds(9))
        #expect(desk.answer(told) == .unreachable)
        #expect(try desk.rooms.load(desk.session).state == self.admitted)
        #expect(try !desk.rooms.load(desk.session).isReopened)
        #expect(desk.practice.rooms.map(\.state) == before)
        // Nor does a confirmation that comes late change it.
        desk.hear(.opened)
        #expect(try desk.rooms.load(desk.session).state == self.admitted)
        #expect(desk.practice.rooms.map(\.state) == before)
    }

    @Test("where the call broke off nobody was to come back: without a confirmation the desk has no such room")
    func unconfirmedBrokenOff() throws {
        let desk = try self.afternoon(.brokenOff)
        let told = desk.ask(.reopen)
        #expect(desk.practice.rooms.count == 1)
        desk.practice.handle(.placeLost(.superseded), in: desk.driver, now: desk.now)
        #expect(desk.answer(told) == .superseded)
        #expect(try desk.rooms.load(desk.session).state == .brokenOff)
        #expect(desk.practice.rooms.isEmpty)
    }

    @Test("what cannot be re-opened is refused, whatever the command read", arguments: [StoredRoom.State.open, .ended])
    func refused(state: StoredRoom.State) throws {
        let desk = try self.afternoon(state)
        let request = DeskRequest(.reopen, desk.session, seconds: 600)
        let told = Mailbox<DeskAnswer?>()
        Thread.detachNewThread { [home = desk.home] in told.post(DeskVisit.ask(request, home: home)) }
        var answers: [DeskAnswer?] = []
        while answers.isEmpty {
            var waiting = WaitList()
            desk.practice.listen(on: &waiting)
            waiting.add(told.descriptor)
            waiting.wait(for: .seconds(20))
            desk.practice.serveDoor(desk.driver, now: desk.now)
            answers += told.take()
        }
        #expect(answers == [.refused])
        #expect(try desk.rooms.load(desk.session).state == state)
    }

    @Test("a room too many is the asking command's to take away")
    func tooMany() throws {
        let desk = try self.afternoon(.open)
        let told = desk.ask(.open)
        desk.hear(.ended(.tooManyRooms))
        #expect(desk.answer(told) == .tooManyRooms)
        desk.practice.keeper.finish()
        #expect(try desk.rooms.load(desk.session).state == .open)
    }

    @Test("while a command holds the desk's place, a desk waits, and no other command changes a room")
    func place() throws {
        let desk = try self.afternoon(.open)
        guard case .taken(let lock)? = DeskPlace.find(home: desk.home, ask: { nil as Void? }) else {
            Issue.record("the place is free")
            return
        }
        var rounds = 0
        let found = DeskPlace.find(home: desk.home) {
            rounds += 1
            return rounds == 3 ? rounds : nil
        }
        guard case .served(3)? = found else {
            Issue.record("the place was taken twice")
            return
        }
        withExtendedLifetime(lock) {}
    }
}
