package import Primitives
internal import Wire

/// The doctor's home directory: the identity under its passphrase, and the rooms under the identity.
///
///     HOME/            0700
///     HOME/identity    0600, see IdentityFile
///     HOME/rooms/ID    0600, see RoomStore
///     HOME/journal/N   0600, see Journal
///     HOME/settings    0600, see Settings
///
/// Safe to use from several processes: every file is replaced whole, and the last writer wins.
package struct Keystore: Sendable {
    private let home: PrivateDirectory

    /// Opens the home, made with mode 0700 where it is missing.
    /// - Throws: `.looseMode` when others may enter it.
    package init(home path: String) throws(KeystoreError) {
        self.home = try PrivateDirectory(path: path)
    }

    // MARK: The identity

    /// Makes the doctor's identity; there is no other copy of it than this file.
    /// - Parameters:
    ///   - passphrase: octets as typed, at least ``minimumPassphraseLength``.
    ///   - cost: of trying one passphrase.
    /// - Throws: `.identityExists`, `.foreignRooms`, which change nothing.
    package func createIdentity(
        passphrase: SecretBytes, cost: PasswordHash = .moderate
    ) throws(KeystoreError) -> UnlockedIdentity {
        try Self.checkLength(of: passphrase)
        guard try self.home.read(IdentityFile.name) == nil else { throw .identityExists }
        let rooms = try self.roomDirectory()
        // Sealed under a key that is gone, they would only read as damaged; a backup of that key may turn up.
        guard try rooms.names().isEmpty else { throw .foreignRooms(path: rooms.path) }
        let keyPair = Self.drawKeyPair()
        let roomKey = SecretBytes(randomCount: SecretBox.keyLength)
        let file = try Self.seal(keyPair, roomKey, passphrase: passphrase, cost: cost)
        guard try self.home.write(file.bytes, to: IdentityFile.name, isNew: true) else { throw .identityExists }
        return UnlockedIdentity(
            keyPair: keyPair, roomKey: roomKey, rooms: rooms, journal: self.home.path(of: "journal"))
    }

    /// A pair whose public key, as people pass it on, does not begin like an option of a command line.
    static func drawKeyPair() -> Ed25519.KeyPair {
        while true {
            let keyPair = Ed25519.KeyPair()
            if keyPair.publicKey[0] >> 2 != Self.dash { return keyPair }
        }
    }

    /// The identity's public key, which needs no passphrase: Ed25519, 32 octets.
    package func publicKey() throws(KeystoreError) -> [UInt8] {
        try self.identityFile().sealed.publicKey
    }

    /// Opens the identity; takes as long as its cost was chosen, about a second.
    package func unlock(passphrase: SecretBytes) throws(KeystoreError) -> UnlockedIdentity {
        let (keyPair, roomKey) = try self.secrets(passphrase: passphrase)
        return UnlockedIdentity(
            keyPair: keyPair, roomKey: roomKey, rooms: try self.roomDirectory(), journal: self.home.path(of: "journal"))
    }

    /// Seals the identity under another passphrase; on return the file is on the disk, and the old one opens nothing
    /// here any more. Backups keep the passphrase they were made with.
    package func changePassphrase(
        from old: SecretBytes, to new: SecretBytes, cost: PasswordHash = .moderate
    ) throws(KeystoreError) {
        try Self.checkLength(of: new)
        let (keyPair, roomKey) = try self.secrets(passphrase: old)
        let file = try Self.seal(keyPair, roomKey, passphrase: new, cost: cost)
        try self.home.write(file.bytes, to: IdentityFile.name)
    }

    // MARK: Backup

    /// Writes a new file from which ``importIdentity(from:passphrase:cost:)`` makes this identity and its rooms again.
    /// - Parameters:
    ///   - backupPassphrase: under which the file is sealed.
    /// - Returns: how many rooms are in it.
    /// - Throws: `.fileExists`: a backup overwrites nothing.
    package func exportIdentity(
        to path: String, passphrase: SecretBytes, backupPassphrase: SecretBytes, cost: PasswordHash = .moderate
    ) throws(KeystoreError) -> Int {
        try Self.checkLength(of: backupPassphrase)
        let (keyPair, roomKey) = try self.secrets(passphrase: passphrase)
        let store = RoomStore(directory: try self.roomDirectory(), key: roomKey)
        var rooms: [StoredRoom] = []
        for session in try store.sessions() { rooms.append(try store.load(session)) }
        let backup = IdentityBackup(
            seed: keyPair.seed, roomKey: roomKey, broker: try self.settings().broker ?? "", rooms: rooms)
        let octets = try backup.seal(passphrase: backupPassphrase, cost: cost)
        guard try PrivateDirectory.write(octets, anywhere: path) else { throw .fileExists(path: path) }
        return rooms.count
    }

    /// Takes an identity with its rooms out of a backup; everything is read and checked before a file is written.
    ///
    /// The identity's file is written last and makes the others count: whoever is interrupted imports again. A room
    /// that is here already and opens under this identity is the newer one and stays.
    /// - Returns: the identity, and how many rooms are here now.
    /// - Throws: `.identityExists`, `.foreignRooms`, `.noFile`, `.damaged`, `.unknownVersion`, `.wrongPassphrase`;
    ///   none changes anything.
    package func importIdentity(
        from path: String, passphrase: SecretBytes, cost: PasswordHash = .moderate
    ) throws(KeystoreError) -> (identity: UnlockedIdentity, rooms: Int) {
        guard try self.home.read(IdentityFile.name) == nil else { throw .identityExists }
        guard let octets = try PrivateDirectory.read(anywhere: path, limit: IdentityBackup.maximumLength) else {
            throw .noFile(path: path)
        }
        let backup = try IdentityBackup(opening: octets, passphrase: passphrase, path: path)
        let keyPair: Ed25519.KeyPair
        do {
            keyPair = try Ed25519.KeyPair(seed: backup.seed)
        } catch {
            throw .damaged(path: path)
        }
        let directory = try self.roomDirectory()
        let store = RoomStore(directory: directory, key: backup.roomKey)
        let present = Set(try store.sessions())
        for session in present {
            guard (try? store.load(session)) != nil else { throw .foreignRooms(path: directory.path) }
        }
        let file = try Self.seal(keyPair, backup.roomKey, passphrase: passphrase, cost: cost)
        for room in backup.rooms where !present.contains(room.session) { try store.save(room) }
        if !backup.broker.isEmpty, try self.settings().broker == nil {
            try self.changeSettings { $0.broker = backup.broker }
        }
        guard try self.home.write(file.bytes, to: IdentityFile.name, isNew: true) else { throw .identityExists }
        return (
            UnlockedIdentity(
                keyPair: keyPair, roomKey: backup.roomKey, rooms: directory, journal: self.home.path(of: "journal")),
            try store.sessions().count
        )
    }

    // MARK: What needs no passphrase

    /// - Returns: the defaults where there is no file.
    package func settings() throws(KeystoreError) -> Settings {
        guard let bytes = try self.home.read(Settings.name) else { return Settings() }
        return try Settings(bytes, path: self.home.path(of: Settings.name))
    }

    package func changeSettings(_ change: (inout Settings) -> Void) throws(KeystoreError) {
        var settings = try self.settings()
        change(&settings)
        try self.home.write(settings.bytes, to: Settings.name)
    }

    /// The sessions that have a file, in alphabetical order.
    package func sessions() throws(KeystoreError) -> [SessionID] {
        try self.roomDirectory().names().compactMap { SessionID($0) }
    }

    /// Replaces a file that somebody names, or makes it, whole and with mode 0600.
    package static func writePrivately(_ octets: [UInt8], to path: String) throws(KeystoreError) {
        try PrivateDirectory.write(octets, anywhere: path, isNew: false)
    }

    // MARK: Parts

    private func secrets(
        passphrase: SecretBytes
    ) throws(KeystoreError) -> (keyPair: Ed25519.KeyPair, roomKey: SecretBytes) {
        let sealed = try self.identityFile().sealed
        var secrets = try sealed.open(passphrase: passphrase)
        defer { SecretBytes.wipe(&secrets) }
        let seed = SecretBytes(copying: secrets.prefix(Ed25519.seedLength))
        guard let keyPair = try? Ed25519.KeyPair(seed: seed), keyPair.publicKey == sealed.publicKey else {
            throw .damaged(path: self.home.path(of: IdentityFile.name))
        }
        return (keyPair, SecretBytes(copying: secrets.dropFirst(Ed25519.seedLength)))
    }

    private static func seal(
        _ keyPair: Ed25519.KeyPair, _ roomKey: SecretBytes, passphrase: SecretBytes, cost: PasswordHash
    ) throws(KeystoreError) -> IdentityFile {
        var secrets = keyPair.seed.copy() + roomKey.copy()
        defer { SecretBytes.wipe(&secrets) }
        return IdentityFile(
            sealed: try SealedIdentity(
                sealing: secrets, publicKey: keyPair.publicKey, passphrase: passphrase, cost: cost))
    }

    private static func checkLength(of passphrase: SecretBytes) throws(KeystoreError) {
        guard passphrase.count >= Self.minimumPassphraseLength else {
            throw .passphraseTooShort(need: Self.minimumPassphraseLength)
        }
    }

    private func identityFile() throws(KeystoreError) -> IdentityFile {
        guard let bytes = try self.home.read(IdentityFile.name) else { throw .noIdentity }
        return try IdentityFile(bytes, path: self.home.path(of: IdentityFile.name))
    }

    private func roomDirectory() throws(KeystoreError) -> PrivateDirectory {
        try PrivateDirectory(path: self.home.path(of: "rooms"))
    }

    /// The six bits that base64url writes as `-`.
    private static let dash: UInt8 = 62
    package static let minimumPassphraseLength = 12
}

/// The identity while its passphrase is given: signs, and opens the rooms.
///
/// Needed when a room is made; a call holds the rooms alone.
package struct UnlockedIdentity: Sendable {
    /// What the broker is shown, and what signs a room of its own.
    package let keyPair: Ed25519.KeyPair
    package let rooms: RoomStore
    package let journal: Journal

    fileprivate init(
        keyPair: Ed25519.KeyPair, roomKey: SecretBytes, rooms: PrivateDirectory, journal: String
    ) {
        self.keyPair = keyPair
        self.rooms = RoomStore(directory: rooms, key: roomKey)
        self.journal = Journal(path: journal, key: roomKey, keyPair: keyPair)
    }

    /// Ed25519, 32 octets.
    package var publicKey: [UInt8] { self.keyPair.publicKey }

    /// 64 octets.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        self.keyPair.sign(message)
    }
}
