internal import Primitives
internal import Wire

/// The two secrets of an identity under one passphrase: what the identity's file and a backup have in common.
///
///     operations u64 | memory u64 | salt 16 | public key 32 | nonce 24 | box (16 + plaintext)
struct SealedIdentity: Equatable {
    /// Of trying one passphrase.
    var cost: PasswordHash
    var salt: [UInt8]
    var publicKey: [UInt8]
    var nonce: [UInt8]
    var box: [UInt8]

    /// Seals under a fresh salt and nonce.
    /// - Parameter plaintext: begins with the seed whose public key is given.
    /// - Throws: `.outOfMemory`.
    init(
        sealing plaintext: [UInt8], publicKey: [UInt8], passphrase: SecretBytes, cost: PasswordHash
    ) throws(KeystoreError) {
        var random = RandomSource.system
        self.cost = cost
        self.salt = random.bytes(count: PasswordHash.saltLength)
        self.publicKey = publicKey
        self.nonce = random.bytes(count: SecretBox.nonceLength)
        do {
            self.box = try SecretBox.seal(
                plaintext, nonce: self.nonce, key: cost.deriveKey(passphrase: passphrase, salt: self.salt))
        } catch {
            throw .outOfMemory
        }
    }

    /// - Returns: the plaintext, the caller's to wipe.
    /// - Throws: `.outOfMemory`, `.wrongPassphrase`.
    func open(passphrase: SecretBytes) throws(KeystoreError) -> [UInt8] {
        let key: SecretBytes
        do {
            key = try self.cost.deriveKey(passphrase: passphrase, salt: self.salt)
        } catch {
            throw .outOfMemory
        }
        do {
            return try SecretBox.open(self.box, nonce: self.nonce, key: key)
        } catch {
            throw .wrongPassphrase
        }
    }

    /// Reads the fields up to the box.
    /// - Returns: `nil` for costs that nothing of ours asks: a file must not make this machine hash for an hour.
    init?(_ reader: inout ByteReader, boxLength: Int) throws(ByteReader.Failure) {
        let operations = try reader.readUInt64()
        let memory = try reader.readUInt64()
        guard (1...Self.maximumOperations).contains(operations), (8192...Self.maximumMemory).contains(memory) else {
            return nil
        }
        self.cost = PasswordHash(operations: operations, memoryBytes: Int(memory))
        self.salt = try reader.readBytes(PasswordHash.saltLength)
        self.publicKey = try reader.readBytes(Ed25519.publicKeyLength)
        self.nonce = try reader.readBytes(SecretBox.nonceLength)
        self.box = try reader.readBytes(boxLength)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(self.cost.operations)
        writer.write(UInt64(self.cost.memoryBytes))
        writer.write(self.salt)
        writer.write(self.publicKey)
        writer.write(self.nonce)
        writer.write(self.box)
    }

    /// Octets before the box.
    static let headLength = 16 + PasswordHash.saltLength + Ed25519.publicKeyLength + SecretBox.nonceLength
    private static let maximumOperations: UInt64 = 64
    private static let maximumMemory: UInt64 = 4 << 30
}

/// A file's content with its SHA-256 behind it.
///
/// The digest tells a damaged file from a wrong passphrase; it protects from accidents, not from an attacker, who
/// gains nothing by recomputing it.
enum Digested {
    static func seal(_ content: [UInt8]) -> [UInt8] {
        content + SHA256.hash(content)
    }

    /// - Returns: `nil` unless the last 32 octets are the digest of those before.
    static func open(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= self.length else { return nil }
        let content = [UInt8](bytes.dropLast(self.length))
        return SHA256.hash(content) == [UInt8](bytes.suffix(self.length)) ? content : nil
    }

    static let length = 32
}
