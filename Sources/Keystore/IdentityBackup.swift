internal import Primitives
internal import Wire

/// One file from which an identity comes back with its rooms, on this machine or on another.
///
///     "colloque backup" 15 | version u8 = 1 | box length u32 | SealedIdentity | SHA-256 of all before 32
///
/// The box holds
///
///     seed 32 | room key 32 | broker lp | count u32 | count × (length u32 | a room, see StoredRoom)
///
/// The public key is readable, so that a backup can be told from another without its passphrase.
struct IdentityBackup {
    var seed: SecretBytes
    var roomKey: SecretBytes
    /// The default broker's origin; empty for none.
    var broker: String
    var rooms: [StoredRoom]

    /// - Throws: `.outOfMemory`.
    func seal(passphrase: SecretBytes, cost: PasswordHash) throws(KeystoreError) -> [UInt8] {
        var secrets = self.plaintext
        defer { SecretBytes.wipe(&secrets) }
        let sealed = try SealedIdentity(
            sealing: secrets, publicKey: try Self.publicKey(of: self.seed), passphrase: passphrase, cost: cost)
        var writer = ByteWriter(capacity: secrets.count + 256)
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.write(UInt32(sealed.box.count))
        sealed.write(to: &writer)
        return Digested.seal(writer.bytes)
    }

    /// What the box holds; the caller's to wipe, and nobody else's by then.
    private var plaintext: [UInt8] {
        var plaintext = ByteWriter(capacity: 1024 * (self.rooms.count + 1))
        plaintext.write(self.seed.copy())
        plaintext.write(self.roomKey.copy())
        plaintext.writeLengthPrefixed([UInt8](self.broker.utf8.prefix(1024)))
        plaintext.write(UInt32(self.rooms.count))
        for room in self.rooms {
            var octets = room.bytes
            plaintext.write(UInt32(octets.count))
            plaintext.write(octets)
            SecretBytes.wipe(&octets)
        }
        return plaintext.bytes
    }

    /// - Throws: `.damaged` for other octets than were written, `.unknownVersion`, `.wrongPassphrase`, `.outOfMemory`.
    init(opening bytes: [UInt8], passphrase: SecretBytes, path: String) throws(KeystoreError) {
        let sealed = try Self.read(bytes, path: path)
        var plaintext = try sealed.open(passphrase: passphrase)
        defer { SecretBytes.wipe(&plaintext) }
        do {
            var reader = ByteReader(plaintext)
            self.seed = SecretBytes(copying: try reader.readBytes(Ed25519.seedLength))
            self.roomKey = SecretBytes(copying: try reader.readBytes(SecretBox.keyLength))
            self.broker = String(decoding: try reader.readLengthPrefixed(), as: UTF8.self)
            self.rooms = []
            for _ in 0..<(try reader.readUInt32()) {
                let length = Int(try reader.readUInt32())
                self.rooms.append(try StoredRoom(try reader.readBytes(length), path: path))
            }
            guard reader.isAtEnd, try Self.publicKey(of: self.seed) == sealed.publicKey else {
                throw KeystoreError.damaged(path: path)
            }
        } catch let error as KeystoreError {
            throw error
        } catch {
            throw .damaged(path: path)
        }
    }

    init(seed: SecretBytes, roomKey: SecretBytes, broker: String, rooms: [StoredRoom]) {
        self.seed = seed
        self.roomKey = roomKey
        self.broker = broker
        self.rooms = rooms
    }

    private static func read(_ bytes: [UInt8], path: String) throws(KeystoreError) -> SealedIdentity {
        guard let content = Digested.open(bytes) else { throw .damaged(path: path) }
        var reader = ByteReader(content)
        do {
            guard try reader.readBytes(Self.magic.count) == Self.magic else { throw KeystoreError.damaged(path: path) }
            let version = try reader.readUInt8()
            guard version == Self.version else { throw KeystoreError.unknownVersion(version, path: path) }
            let boxLength = Int(try reader.readUInt32())
            guard boxLength >= SecretBox.overhead, let sealed = try SealedIdentity(&reader, boxLength: boxLength),
                reader.isAtEnd
            else { throw KeystoreError.damaged(path: path) }
            return sealed
        } catch let error as KeystoreError {
            throw error
        } catch {
            throw .damaged(path: path)
        }
    }

    private static func publicKey(of seed: SecretBytes) throws(KeystoreError) -> [UInt8] {
        guard let keyPair = try? Ed25519.KeyPair(seed: seed) else {
            preconditionFailure("a seed has 32 octets")
        }
        return keyPair.publicKey
    }

    /// Of the largest file that is read: some ten thousand rooms.
    static let maximumLength = 16 << 20
    private static let magic = [UInt8]("colloque backup".utf8)
    private static let version: UInt8 = 1
}
