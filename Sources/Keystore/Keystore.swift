package import Primitives
internal import Wire

/// The doctor's home directory: the identity under its passphrase, and the rooms under the identity.
///
///     HOME/            0700
///     HOME/identity    0600, see IdentityFile
///     HOME/rooms/ID    0600, see RoomStore
///
/// Safe to use from several processes: every file is replaced whole, and the last writer wins.
package struct Keystore: Sendable {
    private let home: PrivateDirectory

    /// Opens the home, made with mode 0700 where it is missing.
    /// - Throws: `.looseMode` when others may enter it.
    package init(home path: String) throws(KeystoreError) {
        self.home = try PrivateDirectory(path: path)
    }

    /// Makes the doctor's identity; there is no other copy of it than this file.
    /// - Parameters:
    ///   - passphrase: octets as typed, at least ``minimumPassphraseLength``.
    ///   - cost: of trying one passphrase.
    /// - Throws: `.identityExists`, which changes nothing.
    package func createIdentity(
        passphrase: [UInt8], cost: PasswordHash = .moderate
    ) throws(KeystoreError) -> UnlockedIdentity {
        guard passphrase.count >= Self.minimumPassphraseLength else {
            throw .passphraseTooShort(need: Self.minimumPassphraseLength)
        }
        guard try self.home.read(IdentityFile.name) == nil else { throw .identityExists }
        let keyPair = Self.drawKeyPair()
        let roomKey = SecretBytes(randomCount: SecretBox.keyLength)
        var random = RandomSource.system
        let salt = random.bytes(count: PasswordHash.saltLength)
        let nonce = random.bytes(count: SecretBox.nonceLength)
        var secrets = keyPair.seed.copy() + roomKey.copy()
        defer { SecretBytes.wipe(&secrets) }
        let box: [UInt8]
        do {
            box = try SecretBox.seal(
                secrets, nonce: nonce, key: cost.deriveKey(passphrase: passphrase, salt: salt))
        } catch {
            throw .outOfMemory
        }
        let file = IdentityFile(cost: cost, salt: salt, publicKey: keyPair.publicKey, nonce: nonce, box: box)
        guard try self.home.write(file.bytes, to: IdentityFile.name, isNew: true) else { throw .identityExists }
        return try UnlockedIdentity(keyPair: keyPair, roomKey: roomKey, home: self.home)
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
        try self.identityFile().publicKey
    }

    /// Opens the identity; takes as long as its cost was chosen, about a second.
    package func unlock(passphrase: [UInt8]) throws(KeystoreError) -> UnlockedIdentity {
        let file = try self.identityFile()
        let key: SecretBytes
        do {
            key = try file.cost.deriveKey(passphrase: passphrase, salt: file.salt)
        } catch {
            throw .outOfMemory
        }
        do {
            var secrets = try SecretBox.open(file.box, nonce: file.nonce, key: key)
            defer { SecretBytes.wipe(&secrets) }
            let keyPair = try Ed25519.KeyPair(seed: SecretBytes(copying: secrets.prefix(Ed25519.seedLength)))
            let roomKey = SecretBytes(copying: secrets.dropFirst(Ed25519.seedLength))
            guard keyPair.publicKey == file.publicKey else {
                throw KeystoreError.damaged(path: self.home.path(of: IdentityFile.name))
            }
            return try UnlockedIdentity(keyPair: keyPair, roomKey: roomKey, home: self.home)
        } catch let error as KeystoreError {
            throw error
        } catch {
            throw .wrongPassphrase
        }
    }

    private func identityFile() throws(KeystoreError) -> IdentityFile {
        guard let bytes = try self.home.read(IdentityFile.name) else { throw .noIdentity }
        return try IdentityFile(bytes, path: self.home.path(of: IdentityFile.name))
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

    fileprivate init(keyPair: Ed25519.KeyPair, roomKey: SecretBytes, home: PrivateDirectory) throws(KeystoreError) {
        self.keyPair = keyPair
        self.rooms = RoomStore(directory: try PrivateDirectory(path: home.path(of: "rooms")), key: roomKey)
    }

    /// Ed25519, 32 octets.
    package var publicKey: [UInt8] { self.keyPair.publicKey }

    /// 64 octets.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        self.keyPair.sign(message)
    }
}
