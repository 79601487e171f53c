import Foundation
import Invitation
import Primitives
import Testing
import Wire

@testable import Keystore

/// An identity with some rooms, and what its backup holds.
private struct Practice {
    let home: TemporaryHome
    let keystore: Keystore
    let identity: UnlockedIdentity
    let rooms: [StoredRoom]

    init(rooms count: Int = 3) throws {
        self.home = try TemporaryHome()
        self.keystore = try self.home.keystore()
        self.identity = try self.keystore.createIdentity(passphrase: passphrase, cost: .minimum)
        self.rooms = (0..<count).map { [identity] in makeRoom(label: "room \($0)", of: identity) }
        for room in self.rooms { try self.identity.rooms.save(room) }
        try self.keystore.changeSettings { $0.broker = "https://broker.example" }
    }

    func backup(under backupPassphrase: SecretBytes = passphrase) throws -> String {
        let path = "\(self.home.path)/backup"
        let count = try self.keystore.exportIdentity(
            to: path, passphrase: passphrase, backupPassphrase: backupPassphrase, cost: .minimum)
        #expect(count == self.rooms.count)
        return path
    }
}

private func makeRoom(label: String, of identity: UnlockedIdentity) -> StoredRoom {
    var random = RandomSource.system
    let sessionKey = X25519.KeyPair()
    let invitation = Invitation(sessionPublicKey: sessionKey.publicKey, random: &random)
    return StoredRoom(
        session: SessionID(random: &random), label: label, origin: "https://broker.example", invitation: invitation,
        sessionKey: sessionKey,
        delegation: Delegation(
            identityKey: identity.publicKey, sessionPublicKey: sessionKey.publicKey,
            roomID: RoomKeys(invitation).roomID, notBefore: 1, notAfter: 2, sign: identity.sign),
        timeToLive: 7200, expires: 1_007_200)
}

private let other = SecretBytes(copying: "une tout autre phrase".utf8)

@Suite("Backups of an identity")
struct BackupTests {
    @Test("bring the identity, its rooms and its broker to another machine", arguments: [false, true])
    func roundTrip(hasOwnPassphrase: Bool) throws {
        let practice = try Practice()
        let backupPassphrase = hasOwnPassphrase ? other : passphrase
        let path = try practice.backup(under: backupPassphrase)
        #expect(try practice.home.mode(of: "backup") == 0o600)
        let elsewhere = try TemporaryHome()
        let (identity, count) = try elsewhere.keystore().importIdentity(
            from: path, passphrase: backupPassphrase, cost: .minimum)
        #expect(count == 3 && identity.publicKey == practice.identity.publicKey)
        let found = try elsewhere.keystore().unlock(passphrase: backupPassphrase)
        #expect(found.keyPair.seed == practice.identity.keyPair.seed)
        for room in practice.rooms { #expect(try found.rooms.load(room.session).bytes == room.bytes) }
        #expect(try elsewhere.keystore().settings().broker == "https://broker.example")
    }

    @Test("overwrite neither a file nor an identity")
    func overwriteNothing() throws {
        let practice = try Practice(rooms: 1)
        let path = try practice.backup()
        let before = try practice.home.read("backup")
        #expect(throws: KeystoreError.fileExists(path: path)) {
            try practice.keystore.exportIdentity(
                to: path, passphrase: passphrase, backupPassphrase: passphrase, cost: .minimum)
        }
        #expect(try practice.home.read("backup") == before)
        let elsewhere = try TemporaryHome()
        let own = try elsewhere.keystore().createIdentity(passphrase: passphrase, cost: .minimum)
        #expect(throws: KeystoreError.identityExists) {
            try elsewhere.keystore().importIdentity(from: path, passphrase: passphrase, cost: .minimum)
        }
        #expect(try elsewhere.keystore().publicKey() == own.publicKey)
    }

    @Test("tell damage at each octet, a wrong passphrase and another version apart, and leave nothing behind")
    func damage() throws {
        let practice = try Practice(rooms: 1)
        let path = try practice.backup()
        let whole = try practice.home.read("backup")
        let elsewhere = try TemporaryHome()
        let keystore = try elsewhere.keystore()
        func importing(_ secret: SecretBytes = passphrase) throws {
            _ = try keystore.importIdentity(from: path, passphrase: secret, cost: .minimum)
        }
        for index in stride(from: 0, to: whole.count, by: 7) {
            var octets = whole
            octets[index] ^= 1
            try practice.home.overwrite("backup", with: octets)
            #expect(throws: KeystoreError.damaged(path: path), "octet \(index)") { try importing() }
        }
        for length in stride(from: 0, to: whole.count, by: 13) {
            try practice.home.overwrite("backup", with: [UInt8](whole.prefix(length)))
            #expect(throws: KeystoreError.damaged(path: path), "length \(length)") { try importing() }
        }
        var later = [UInt8](whole.dropLast(32))
        later[15] = 2
        try practice.home.overwrite("backup", with: Digested.seal(later))
        #expect(throws: KeystoreError.unknownVersion(2, path: path)) { try importing() }
        try practice.home.overwrite("backup", with: whole)
        #expect(throws: KeystoreError.wrongPassphrase) { try importing(other) }
        #expect(throws: KeystoreError.noFile(path: "\(path)-none")) {
            try keystore.importIdentity(from: "\(path)-none", passphrase: passphrase, cost: .minimum)
        }
        #expect(throws: KeystoreError.noIdentity) { try keystore.publicKey() }
        #expect(try keystore.sessions().isEmpty)
        try importing()
    }

    @Test("keep a room that is newer here, and refuse where another identity's rooms lie")
    func roomsThatAreThere() throws {
        let practice = try Practice(rooms: 2)
        let path = try practice.backup()
        var newer = practice.rooms[0]
        newer.label = "newer"
        try practice.identity.rooms.save(newer)
        try FileManager.default.removeItem(atPath: "\(practice.home.path)/identity")
        let (identity, _) = try practice.keystore.importIdentity(from: path, passphrase: passphrase, cost: .minimum)
        #expect(try identity.rooms.load(newer.session).label == "newer")

        let stranger = try Practice(rooms: 1)
        try FileManager.default.removeItem(atPath: "\(stranger.home.path)/identity")
        let foreign = KeystoreError.foreignRooms(path: "\(stranger.home.path)/rooms")
        #expect(throws: foreign) {
            try stranger.keystore.importIdentity(from: path, passphrase: passphrase, cost: .minimum)
        }
        #expect(throws: foreign) { try stranger.keystore.createIdentity(passphrase: passphrase, cost: .minimum) }
        #expect(try stranger.keystore.sessions().count == 1)
    }
}

@Suite("The passphrase of an identity")
struct PassphraseChangeTests {
    @Test("changes, and key and rooms stay")
    func change() throws {
        let practice = try Practice(rooms: 1)
        #expect(throws: KeystoreError.wrongPassphrase) {
            try practice.keystore.changePassphrase(from: other, to: passphrase, cost: .minimum)
        }
        #expect(throws: KeystoreError.passphraseTooShort(need: 12)) {
            try practice.keystore.changePassphrase(
                from: passphrase, to: SecretBytes(copying: "onze lettre".utf8), cost: .minimum)
        }
        try practice.keystore.changePassphrase(from: passphrase, to: other, cost: .minimum)
        #expect(throws: KeystoreError.wrongPassphrase) { try practice.keystore.unlock(passphrase: passphrase) }
        let found = try practice.keystore.unlock(passphrase: other)
        #expect(found.publicKey == practice.identity.publicKey)
        #expect(try found.rooms.load(practice.rooms[0].session).label == "room 0")
    }

    @Test(
        "is judged in plain words",
        arguments: [
            ("passwordpassword", PassphraseStrength.tooEasy), ("aaaaaaaaaaaaaaaa", .tooEasy),
            ("123456789012", .tooEasy), ("azertyuiopqsdf", .tooEasy), ("P@ssw0rd2024!", .tooEasy),
            ("bonjour docteur 1985", .tooEasy), ("correct horse battery staple", .tooEasy),
            ("abcabcabcabcabc", .tooEasy), ("marguerite 12", .tooEasy),
            ("quatre chevaux sages mangent", .fair), ("une phrase assez longue", .fair),
            ("k7w2m9x4q1z8", .fair), ("vxkqzwprtbnmhd", .strong),
            ("cinq lapins bleus traversent Namur demain", .strong),
        ])
    func strength(text: String, expected: PassphraseStrength) {
        #expect(
            PassphraseStrength(of: SecretBytes(copying: text.utf8)) == expected, "\(PassphraseStrength.bits(of: text))")
    }

    @Test("six words of a list are strong, and the list makes them weaker than other words")
    func suggested() {
        let words: Set = ["abeille", "acajou", "accordéon", "aiguille", "ampoule", "ananas"]
        let text = words.sorted().joined(separator: " ")
        let bits = PassphraseStrength.bits(of: text) { words.contains($0) }
        #expect(bits == 53)
        #expect(PassphraseStrength.bits(of: text) > bits)
        #expect(PassphraseStrength(of: SecretBytes(copying: text.utf8)) { words.contains($0) } == .strong)
    }

    @Test("what is suggested is drawn anew until it is strong: no word twice, none that guessers try first")
    func suggestion() {
        let words: Set = ["amber", "autumn", "basket", "candle", "dolphin", "engine", "forest"]
        var drawn = [
            "amber basket candle dolphin engine forest", "amber basket candle amber engine forest",
            "amber autumn candle dolphin engine forest",
        ]
        #expect(
            PassphraseStrength.firstStrong(listed: words.contains) { drawn.popLast() }
                == "amber basket candle dolphin engine forest")
        #expect(drawn.isEmpty)
        #expect(PassphraseStrength.firstStrong(listed: words.contains) { nil } == nil)
    }

    @Test("no text makes the judge trap, and none is worth more than its length")
    func bounded() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = RandomSource.seeded(seed)
        for _ in 0..<2000 {
            let octets = random.bytes(count: Int.random(in: 0..<40, using: &random))
            let bits = PassphraseStrength.bits(of: String(decoding: octets, as: UTF8.self))
            #expect(bits >= 0 && bits <= 6.5 * 3 * 40, "seed \(seed)")
        }
    }
}

@Suite("What a home remembers besides secrets")
struct SettingsTests {
    @Test("comes back, and lines of others stay")
    func roundTrip() throws {
        let home = try TemporaryHome()
        let keystore = try home.keystore()
        #expect(try keystore.settings().broker == nil)
        try keystore.changeSettings { $0.broker = "https://a.example" }
        try home.overwrite("settings", with: [UInt8]("# mine\nbroker = https://a.example\nlater-thing=x = y\n".utf8))
        try keystore.changeSettings { $0.broker = "https://b.example" }
        #expect(
            try home.read("settings") == [UInt8]("# mine\nlater-thing=x = y\nbroker = https://b.example\n".utf8))
        #expect(try keystore.settings()["later-thing"] == "x = y")
        #expect(try home.mode(of: "settings") == 0o600)
        try home.overwrite("settings", with: [UInt8]("broker".utf8))
        #expect(throws: KeystoreError.damaged(path: "\(home.path)/settings")) { try keystore.settings() }
        try home.setMode(0o644, of: "settings")
        #expect(throws: KeystoreError.looseMode(path: "\(home.path)/settings", mode: 0o644)) {
            try keystore.settings()
        }
    }

    @Test("what a killed process left is swept once it is old, and nothing else")
    func drafts() throws {
        let home = try TemporaryHome()
        _ = try home.keystore().createIdentity(passphrase: passphrase, cost: .minimum)
        let (old, young) = (".identity.0011223344556677", ".identity.8899aabbccddeeff")
        for name in [old, young, ".other"] {
            try Data().write(to: URL(filePath: "\(home.path)/\(name)"))
        }
        for name in [old, ".other"] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: "\(home.path)/\(name)")
        }
        _ = try home.keystore()
        let left = try FileManager.default.contentsOfDirectory(atPath: home.path).sorted()
        #expect(left == [young, ".other", "identity", "rooms"].sorted())
    }
}
