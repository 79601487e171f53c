import Foundation
import Keystore
import Network
import Testing
import Wire

@testable import Desk

@Suite("The socket by which other commands reach a running desk")
struct DeskDoorTests {
    let home: String

    init() throws {
        var random = RandomSource.system
        self.home = NSTemporaryDirectory() + "desk-\(random.bytes(count: 6).hex)"
        try FileManager.default.createDirectory(
            atPath: self.home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    private func session() -> SessionID {
        var random = RandomSource.system
        return SessionID(random: &random)
    }

    @Test("a request comes whole, and its answer goes back", arguments: [DeskAnswer.done, .refused, .tooManyRooms])
    func answers(answer: DeskAnswer) throws {
        let door = try #require(DeskDoor(home: self.home))
        let request = DeskRequest(.open, self.session())
        let home = self.home
        let told = Mailbox<DeskAnswer?>()
        Thread.detachNewThread { told.post(DeskVisit.ask(request, home: home)) }
        var answers: [DeskAnswer?] = []
        while answers.isEmpty {
            var waiting = WaitList()
            door.listen(on: &waiting)
            waiting.add(told.descriptor)
            waiting.wait(for: .seconds(20))
            for (visitor, found) in door.take(now: monotonicNow()) {
                #expect(found == request)
                door.answer(answer, to: visitor)
            }
            answers += told.take()
        }
        #expect(answers == [answer])
    }

    @Test("where no desk runs there is no answer, also over the socket of one that is gone")
    func nobody() throws {
        let request = DeskRequest(.close, self.session())
        #expect(DeskVisit.ask(request, home: self.home) == nil)
        _ = try #require(DeskDoor(home: self.home))
        #expect(DeskVisit.ask(request, home: self.home) == nil)
    }

    @Test("the socket is its owner's alone")
    func mode() throws {
        let door = try #require(DeskDoor(home: self.home))
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(self.home)/desk.sock")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        withExtendedLifetime(door) {}
    }

    @Test("no octets make a request but those of one")
    func fuzz() {
        let whole = DeskRequest(.reopen, self.session()).octets
        #expect(DeskRequest(whole)?.octets == whole)
        for length in 0..<whole.count { #expect(DeskRequest([UInt8](whole.prefix(length))) == nil) }
        #expect(DeskRequest(whole + [0]) == nil)
        var random = RandomSource.seeded(7)
        for _ in 0..<2000 {
            var octets = whole
            octets[Int.random(in: 0..<octets.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            if let request = DeskRequest(octets) { #expect(request.octets == octets) }
        }
    }

    @Test("one lock, one holder; it goes with its holder")
    func lock() {
        var first = ProcessLock(directory: self.home, name: "desk.lock")
        #expect(first != nil)
        #expect(ProcessLock(directory: self.home, name: "desk.lock") == nil)
        first = nil
        #expect(ProcessLock(directory: self.home, name: "desk.lock") != nil)
    }

    @Test("whether a desk runs is told by its socket, and asking leaves nobody at the door")
    func isAnswered() throws {
        #expect(!DeskVisit.isAnswered(home: self.home))
        let door = try #require(DeskDoor(home: self.home))
        #expect(DeskVisit.isAnswered(home: self.home))
        #expect(door.take(now: monotonicNow()).isEmpty)
        #expect(door.take(now: monotonicNow()).isEmpty)
        var waiting = WaitList()
        door.listen(on: &waiting)
        #expect(waiting.count == 1)
    }
}
