internal import Primitives
internal import Wire

/// The file of the doctor's identity.
///
///     "colloque identity" 17 | version u8 = 1 | operations u64 | memory u64 | salt 16
///        | public key 32 | nonce 24 | box (16 + seed 32 + room key 32) | SHA-256 of all before 32
///
/// The last field tells a damaged file from a wrong passphrase; it protects from accidents, not from an
/// attacker, who gains nothing by recomputing it: another cost, salt or box does not open, and the public
/// key is compared with the one of the seed.
struct IdentityFile: Equatable {
    var cost: PasswordHash
    var salt: [UInt8]
    var publicKey: [UInt8]
    var nonce: [UInt8]
    var box: [UInt8]

    static let name = "identity"
    static let secretLength = 64

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.write(self.cost.operations)
        writer.write(UInt64(self.cost.memoryBytes))
        writer.write(self.salt)
        writer.write(self.publicKey)
        writer.write(self.nonce)
        writer.write(self.box)
        writer.write(SHA256.hash(writer.bytes))
        return writer.bytes
    }

    init(cost: PasswordHash, salt: [UInt8], publicKey: [UInt8], nonce: [UInt8], box: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.publicKey = publicKey
        self.nonce = nonce
        self.box = box
    }

    init(_ bytes: [UInt8], path: String) throws(KeystoreError) {
        guard bytes.count >= Self.digestLength,
            SHA256.hash([UInt8](bytes.dropLast(Self.digestLength))) == [UInt8](bytes.suffix(Self.digestLength))
        else { throw .damaged(path: path) }
        var reader = ByteReader(bytes.dropLast(Self.digestLength))
        do {
            guard try reader.readBytes(Self.magic.count) == Self.magic else { throw KeystoreError.damaged(path: path) }
            let version = try reader.readUInt8()
            guard version == Self.version else { throw KeystoreError.unknownVersion(version, path: path) }
            let operations = try reader.readUInt64()
            let memory = try reader.readUInt64()
            guard (1...Self.maximumOperations).contains(operations), (8192...Self.maximumMemory).contains(memory) else {
                throw KeystoreError.damaged(path: path)
            }
            self.cost = PasswordHash(operations: operations, memoryBytes: Int(memory))
            self.salt = try reader.readBytes(PasswordHash.saltLength)
            self.publicKey = try reader.readBytes(Ed25519.publicKeyLength)
            self.nonce = try reader.readBytes(SecretBox.nonceLength)
            self.box = try reader.readBytes(SecretBox.overhead + Self.secretLength)
        } catch let error as KeystoreError {
            throw error
        } catch {
            throw .damaged(path: path)
        }
        guard reader.isAtEnd else { throw .damaged(path: path) }
    }

    private static let magic = [UInt8]("colloque identity".utf8)
    private static let version: UInt8 = 1
    private static let digestLength = 32
    private static let length = 17 + 1 + 16 + 16 + 32 + 24 + 80 + 32
    /// Beyond what any cost of ours asks: a file must not make this machine hash for an hour.
    private static let maximumOperations: UInt64 = 64
    private static let maximumMemory: UInt64 = 4 << 30
}
