import Foundation
import Invitation
import Primitives
import Testing
import Wire

@testable import Keystore

/// A directory of its own for one test, removed with it.
final class TemporaryHome {
    let path: String

    init() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "colloque-\(UUID().uuidString)")
        self.path = directory.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }

    func keystore() throws -> Keystore {
        try Keystore(home: self.path)
    }

    func mode(of name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(self.path)/\(name)")
        return try #require(attributes[.posixPermissions] as? Int)
    }

    func setMode(_ mode: Int, of name: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(self.path)/\(name)")
    }

    func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: "\(self.path)/\(name)")))
    }

    /// Puts other octets into a file that exists, without touching its mode.
    func overwrite(_ name: String, with octets: [UInt8]) throws {
        let file = try FileHandle(forWritingTo: URL(filePath: "\(self.path)/\(name)"))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data(octets))
        try file.close()
    }
}

let passphrase = SecretBytes(copying: "une phrase assez longue".utf8)

@Suite("The doctor's identity")
struct IdentityTests {
    private let home: TemporaryHome

    init() throws {
        self.home = try TemporaryHome()
    }

    @Test("an identity is made, found again and signs")
    func roundTrip() throws {
        let keystore = try self.home.keystore()
        #expect(throws: KeystoreError.noIdentity) { try keystore.publicKey() }
        #expect(throws: KeystoreError.noIdentity) { try keystore.unlock(passphrase: passphrase) }
        let made = try keystore.createIdentity(passphrase: passphrase, cost: .minimum)
        let found = try self.home.keystore().unlock(passphrase: passphrase)
        #expect(found.publicKey == made.publicKey)
        #expect(try keystore.publicKey() == made.publicKey)
        #expect(Ed25519.verify(signature: found.sign([1, 2, 3]), message: [1, 2, 3], publicKey: made.publicKey))
    }

    @Test("home and rooms are 0700, the identity 0600, and its seed is not in it")
    func modes() throws {
        let made = try self.home.keystore().createIdentity(passphrase: passphrase, cost: .minimum)
        #expect(try self.home.mode(of: "") == 0o700)
        #expect(try self.home.mode(of: "rooms") == 0o700)
        #expect(try self.home.mode(of: "identity") == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: self.home.path).sorted() == ["identity", "rooms"])
        #expect(try self.home.read("identity").count == 218)
        #expect(try self.home.read("identity").hex.contains(made.publicKey.hex))
    }

    @Test("looser modes are refused", arguments: [0o640, 0o604, 0o660, 0o611, 0o777])
    func looseModes(mode: Int) throws {
        _ = try self.home.keystore().createIdentity(passphrase: passphrase, cost: .minimum)
        try self.home.setMode(mode, of: "identity")
        #expect(throws: KeystoreError.looseMode(path: "\(self.home.path)/identity", mode: UInt32(mode))) {
            try self.home.keystore().unlock(passphrase: passphrase)
        }
        try self.home.setMode(mode | 0o100, of: "")
        #expect(throws: KeystoreError.looseMode(path: self.home.path, mode: UInt32(mode | 0o100))) {
            try self.home.keystore()
        }
    }

    @Test("a link or a directory in place of the identity is refused")
    func notAFile() throws {
        _ = try self.home.keystore()
        let path = "\(self.home.path)/identity"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/etc/hostname")
        #expect(throws: KeystoreError.notOurs(path: path)) { try self.home.keystore().publicKey() }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(throws: KeystoreError.notOurs(path: path)) { try self.home.keystore().publicKey() }
    }

    @Test("an identity is never overwritten")
    func exists() throws {
        let keystore = try self.home.keystore()
        let made = try keystore.createIdentity(passphrase: passphrase, cost: .minimum)
        #expect(throws: KeystoreError.identityExists) {
            try keystore.createIdentity(passphrase: passphrase, cost: .minimum)
        }
        let directory = try PrivateDirectory(path: self.home.path)
        #expect(try !directory.write([1], to: "identity", isNew: true))
        #expect(try keystore.unlock(passphrase: passphrase).publicKey == made.publicKey)
        #expect(try directory.names() == ["identity", "rooms"])
    }

    @Test("a short passphrase is refused")
    func short() throws {
        #expect(throws: KeystoreError.passphraseTooShort(need: 12)) {
            try self.home.keystore().createIdentity(
                passphrase: SecretBytes(copying: "onze lettre".utf8), cost: .minimum)
        }
    }

    @Test("a wrong passphrase is told from a damaged file, at each octet of it")
    func wrongAndDamaged() throws {
        let keystore = try self.home.keystore()
        _ = try keystore.createIdentity(passphrase: passphrase, cost: .minimum)
        let right = passphrase.copy()
        for wrong in [[], Array(right.dropLast()), right + [0x0A]].map({ SecretBytes(copying: $0) }) {
            #expect(throws: KeystoreError.wrongPassphrase) { try keystore.unlock(passphrase: wrong) }
        }
        let whole = try self.home.read("identity")
        let damaged = KeystoreError.damaged(path: "\(self.home.path)/identity")
        for index in whole.indices {
            var changed = whole
            changed[index] ^= 0x10
            try self.home.overwrite("identity", with: changed)
            #expect(throws: damaged, "octet \(index)") { try keystore.unlock(passphrase: passphrase) }
        }
        for length in stride(from: 0, to: whole.count, by: 7) {
            try self.home.overwrite("identity", with: [UInt8](whole.prefix(length)))
            #expect(throws: damaged, "length \(length)") { try keystore.unlock(passphrase: passphrase) }
        }
        try self.home.overwrite("identity", with: whole + [0])
        #expect(throws: damaged) { try keystore.unlock(passphrase: passphrase) }
        try self.home.overwrite("identity", with: whole)
        _ = try keystore.unlock(passphrase: passphrase)
    }

    @Test("a forged file with a right digest gives no identity")
    func forged() throws {
        let keystore = try self.home.keystore()
        _ = try keystore.createIdentity(passphrase: passphrase, cost: .minimum)
        let whole = try self.home.read("identity")
        let path = "\(self.home.path)/identity"
        func unlocking(_ change: (inout [UInt8]) -> Void) throws {
            var body = [UInt8](whole.dropLast(32))
            change(&body)
            try self.home.overwrite("identity", with: body + SHA256.hash(body))
            _ = try keystore.unlock(passphrase: passphrase)
        }
        #expect(throws: KeystoreError.unknownVersion(2, path: path)) { try unlocking { $0[17] = 2 } }
        // Operations of 2⁵⁶, memory of 2⁴⁰: refused before anything is hashed.
        #expect(throws: KeystoreError.damaged(path: path)) { try unlocking { $0[18] = 1 } }
        #expect(throws: KeystoreError.damaged(path: path)) { try unlocking { $0[28] = 1 } }
        #expect(throws: KeystoreError.wrongPassphrase) { try unlocking { $0[34] ^= 1 } }  // salt
        #expect(throws: KeystoreError.damaged(path: path)) { try unlocking { $0[50] ^= 1 } }  // public key
        #expect(throws: KeystoreError.wrongPassphrase) { try unlocking { $0[82] ^= 1 } }  // nonce
        #expect(throws: KeystoreError.wrongPassphrase) { try unlocking { $0[106] ^= 1 } }  // box
    }
}

@Suite("The doctor's rooms")
struct RoomStoreTests {
    private let home: TemporaryHome
    private let identity: UnlockedIdentity

    init() throws {
        self.home = try TemporaryHome()
        self.identity = try self.home.keystore().createIdentity(passphrase: passphrase, cost: .minimum)
    }

    private func room(label: String = "Madame Z.") -> StoredRoom {
        var random = RandomSource.system
        let sessionKey = X25519.KeyPair()
        let invitation = Invitation(flags: .relayOnly, sessionPublicKey: sessionKey.publicKey, random: &random)
        return StoredRoom(
            session: SessionID(random: &random), label: label, origin: "https://broker.example",
            invitation: invitation, sessionKey: sessionKey,
            delegation: Delegation(
                identityKey: self.identity.publicKey, sessionPublicKey: sessionKey.publicKey,
                roomID: RoomKeys(invitation).roomID, notBefore: 1_000_000, notAfter: 1_007_200,
                sign: self.identity.sign),
            timeToLive: 7200, expires: 1_007_200)
    }

    @Test("a room comes back as it was, in every state, after the home is opened again")
    func roundTrip() throws {
        var room = self.room()
        let admission = StoredRoom.Admission(
            resumeSecret: Secret([UInt8](repeating: 4, count: 32)), transcript: [UInt8](repeating: 5, count: 32),
            lastEpoch: 7, hasConsented: true, comparison: false, authentication: [UInt8](repeating: 6, count: 8),
            guestNumber: 2)
        for state in [StoredRoom.State.open, .admitted(admission), .ended] {
            room.state = state
            try self.identity.rooms.save(room)
            let rooms = try self.home.keystore().unlock(passphrase: passphrase).rooms
            let found = try rooms.load(room.session)
            #expect(found.bytes == room.bytes)
            #expect(found.state == state)
            #expect(found.label == "Madame Z.")
            #expect(found.origin == room.origin)
            #expect(found.invitation == room.invitation)
            #expect(found.sessionKey.privateKey == room.sessionKey.privateKey)
            #expect(found.delegation == room.delegation)
            #expect(found.timeToLive == 7200)
            #expect(found.expires == 1_007_200)
            #expect((found.resumption == nil) == (state == .open || state == .ended))
            try found.delegation.verify(
                sessionPublicKey: found.sessionKey.publicKey, roomID: RoomKeys(found.invitation).roomID)
        }
        #expect(try self.home.mode(of: "rooms/\(room.session)") == 0o600)
    }

    @Test("rooms are listed and removed")
    func listAndRemove() throws {
        let rooms = [self.room(), self.room(label: ""), self.room(label: String(repeating: "é", count: 900))]
        for room in rooms { try self.identity.rooms.save(room) }
        #expect(try self.identity.rooms.sessions() == rooms.map(\.session).sorted { $0.text < $1.text })
        try self.identity.rooms.remove(rooms[0].session)
        #expect(throws: KeystoreError.unknownSession(rooms[0].session)) {
            try self.identity.rooms.remove(rooms[0].session)
        }
        #expect(throws: KeystoreError.unknownSession(rooms[0].session)) {
            try self.identity.rooms.load(rooms[0].session)
        }
        #expect(try self.identity.rooms.sessions().count == 2)
        #expect(try self.identity.rooms.load(rooms[2].session).label.utf8.count == 1024)
    }

    @Test("nothing of a room stands in its file in clear")
    func sealed() throws {
        let room = self.room(label: "Madame Zénobie")
        try self.identity.rooms.save(room)
        let octets = try self.home.read("rooms/\(room.session)").hex
        for secret in [
            Array("Madame".utf8), Array("broker".utf8), room.invitation.secret.bytes,
            room.sessionKey.publicKey, room.sessionKey.privateKey.copy(), self.identity.publicKey,
            RoomKeys(room.invitation).roomID.bytes,
        ] {
            #expect(!octets.contains(secret.hex))
        }
    }

    @Test("damage at any octet, at any length, and a file under another's name are told")
    func damaged() throws {
        let room = self.room()
        try self.identity.rooms.save(room)
        let name = "rooms/\(room.session)"
        let whole = try self.home.read(name)
        let damaged = KeystoreError.damaged(path: "\(self.home.path)/\(name)")
        for index in whole.indices {
            var changed = whole
            changed[index] ^= 1
            try self.home.overwrite(name, with: changed)
            #expect(throws: damaged, "octet \(index)") { try self.identity.rooms.load(room.session) }
        }
        for length in 0..<whole.count {
            try self.home.overwrite(name, with: [UInt8](whole.prefix(length)))
            #expect(throws: damaged, "length \(length)") { try self.identity.rooms.load(room.session) }
        }
        let other = self.room()
        try self.identity.rooms.save(other)
        try self.home.overwrite(name, with: self.home.read("rooms/\(other.session)"))
        #expect(throws: damaged) { try self.identity.rooms.load(room.session) }
        try self.home.overwrite(name, with: [UInt8](repeating: 0, count: 70_000))
        #expect(throws: damaged) { try self.identity.rooms.load(room.session) }
        try self.home.setMode(0o644, of: name)
        #expect(throws: KeystoreError.looseMode(path: "\(self.home.path)/\(name)", mode: 0o644)) {
            try self.identity.rooms.load(room.session)
        }
    }

    @Test("another identity opens no room")
    func foreign() throws {
        let room = self.room()
        try self.identity.rooms.save(room)
        let otherHome = try TemporaryHome()
        let other = try otherHome.keystore().createIdentity(passphrase: passphrase, cost: .minimum)
        try other.rooms.save(room)
        try otherHome.overwrite("rooms/\(room.session)", with: self.home.read("rooms/\(room.session)"))
        #expect(throws: KeystoreError.damaged(path: "\(otherHome.path)/rooms/\(room.session)")) {
            try other.rooms.load(room.session)
        }
    }

    @Test("a write that fails leaves the old room and no litter", arguments: PrivateDirectory.Step.allCases)
    func failedWrite(step: PrivateDirectory.Step) throws {
        var room = self.room()
        try self.identity.rooms.save(room)
        room.label = "new"
        let failure = KeystoreError.system(call: "write", path: "", errno: 28)
        #expect(throws: failure) {
            try self.identity.rooms.save(room) { reached throws(KeystoreError) in
                if reached == step { throw failure }
            }
        }
        let label = try self.identity.rooms.load(room.session).label
        #expect(label == (step == .placed ? "new" : "Madame Z."))
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(self.home.path)/rooms")
        #expect(files == [room.session.text])
    }

    @Test(
        "a machine that stops in the middle of a write finds the old room or the new",
        arguments: PrivateDirectory.Step.allCases)
    func crash(step: PrivateDirectory.Step) throws {
        var room = self.room()
        try self.identity.rooms.save(room)
        room.label = "new"
        // What the disk holds at that moment is what a restart would find.
        let snapshot = "\(self.home.path)-\(step)"
        defer { try? FileManager.default.removeItem(atPath: snapshot) }
        var copied = false
        try self.identity.rooms.save(room) { reached in
            guard reached == step else { return }
            copied = (try? FileManager.default.copyItem(atPath: self.home.path, toPath: snapshot)) != nil
        }
        #expect(copied)
        let found = try Keystore(home: snapshot).unlock(passphrase: passphrase).rooms
        #expect(try found.sessions() == [room.session])
        #expect(try found.load(room.session).label == (step == .placed ? "new" : "Madame Z."))
    }

    @Test("no garbage makes a room's reader trap, and what it reads writes the same octets")
    func fuzz() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = RandomSource.seeded(seed)
        var room = self.room()
        room.state = .admitted(
            StoredRoom.Admission(
                resumeSecret: Secret(random.bytes(count: 32)), transcript: random.bytes(count: 32), lastEpoch: 1,
                authentication: random.bytes(count: 8)))
        let whole = room.bytes
        for _ in 0..<1000 {
            var octets = whole
            octets[Int.random(in: 0..<octets.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            octets[Int.random(in: 0..<40, using: &random)] ^= UInt8.random(in: 0...255, using: &random)
            octets.removeLast(Int.random(in: 0..<3, using: &random))
            if let found = try? StoredRoom(octets, path: ""), found.label.utf8.count < 1024 {
                #expect(found.bytes.count >= octets.count, "seed \(seed)")
            }
        }
        for length in 0..<whole.count {
            #expect(throws: KeystoreError.damaged(path: "")) {
                try StoredRoom([UInt8](whole.prefix(length)), path: "")
            }
        }
    }

    @Test("no public key begins like an option: on a command line its letters would be read as flags")
    func keysOnCommandLines() {
        for _ in 0..<500 {
            #expect(!Keystore.drawKeyPair().publicKey.base64URL.hasPrefix("-"))
        }
    }

    @Test(
        "session names are ten characters that no path is made of",
        arguments: [
            "", "../identity", "abcdefghi", "abcdefghijk", "ABCDEFGHJK", "abcdefghi/", "abcdefghi.", "abcdefghiü",
        ])
    func sessionNames(text: String) throws {
        #expect(SessionID(text) == nil)
        var random = RandomSource.system
        let session = SessionID(random: &random)
        #expect(SessionID(session.text) == session)
    }
}
