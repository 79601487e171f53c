import Endpoint
import Foundation
import Invitation
import Keystore
import Primitives
import Testing
import Wire

@testable import Desk

@Suite("What a desk writes to the keystore")
struct RoomKeeperTests {
    private func keystore() throws -> (UnlockedIdentity, StoredRoom) {
        var random = RandomSource.system
        let home = NSTemporaryDirectory() + "keeper-\(random.bytes(count: 6).hex)"
        let identity = try Keystore(home: home).createIdentity(
            passphrase: SecretBytes(copying: "quatre chevaux sages".utf8),
            cost: PasswordHash(operations: 1, memoryBytes: 8192))
        let room = StoredRoom.made(
            label: "", origin: "http://localhost:1", isRelayOnly: false, lasting: 60, for: identity.keyPair,
            now: 1_800_000_000)
        try identity.rooms.save(room)
        return (identity, room)
    }

    private func admission(_ epoch: UInt32, _ comparison: Bool?) -> StoredRoom.Admission {
        StoredRoom.Admission(
            resumeSecret: .init([UInt8](repeating: 1, count: 32)), transcript: [UInt8](repeating: 2, count: 32),
            lastEpoch: epoch, comparison: comparison, authentication: [UInt8](repeating: 3, count: 8))
    }

    @Test("an admission is on the disk at once; what follows is in order; the end is the end")
    func order() throws {
        let (identity, room) = try self.keystore()
        let keeper = RoomKeeper(identity.rooms, identity.journal)
        keeper.keep(self.admission(0, nil), of: room.session, isNew: true)
        #expect(try identity.rooms.load(room.session).state == .admitted(self.admission(0, nil)))
        for epoch in 1...50 { keeper.keep(self.admission(UInt32(epoch), true), of: room.session, isNew: false) }
        keeper.finish()
        #expect(try identity.rooms.load(room.session).state == .admitted(self.admission(50, true)))
        keeper.end(room.session)
        keeper.finish()
        #expect(try identity.rooms.load(room.session).state == .ended)
        #expect(keeper.failure == nil)
    }

    @Test("what cannot be written is told until the next write succeeds")
    func failure() throws {
        let (identity, room) = try self.keystore()
        try identity.rooms.remove(room.session)
        let keeper = RoomKeeper(identity.rooms, identity.journal)
        keeper.end(room.session)
        keeper.finish()
        #expect(keeper.failure == .unknownSession(room.session))
        keeper.note(.ended, room.session)
        keeper.finish()
        #expect(keeper.failure == .unknownSession(room.session), "a line in the journal writes no room")
        #expect(keeper.keep(room))
        #expect(keeper.failure == nil)
    }
}
