internal import Primitives
internal import Wire

/// The file of the doctor's identity.
///
///     "colloque identity" 17 | version u8 = 1 | SealedIdentity (seed 32 | room key 32) | SHA-256 of all before 32
struct IdentityFile: Equatable {
    var sealed: SealedIdentity

    static let name = "identity"
    static let secretLength = 64

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.write(Self.magic)
        writer.write(Self.version)
        self.sealed.write(to: &writer)
        return Digested.seal(writer.bytes)
    }

    init(sealed: SealedIdentity) {
        self.sealed = sealed
    }

    init(_ bytes: [UInt8], path: String) throws(KeystoreError) {
        guard let content = Digested.open(bytes) else { throw .damaged(path: path) }
        var reader = ByteReader(content)
        do {
            guard try reader.readBytes(Self.magic.count) == Self.magic else { throw KeystoreError.damaged(path: path) }
            let version = try reader.readUInt8()
            guard version == Self.version else { throw KeystoreError.unknownVersion(version, path: path) }
            guard let sealed = try SealedIdentity(&reader, boxLength: SecretBox.overhead + Self.secretLength),
                reader.isAtEnd
            else { throw KeystoreError.damaged(path: path) }
            self.sealed = sealed
        } catch let error as KeystoreError {
            throw error
        } catch {
            throw .damaged(path: path)
        }
    }

    private static let magic = [UInt8]("colloque identity".utf8)
    private static let version: UInt8 = 1
    private static let length = 17 + 1 + SealedIdentity.headLength + 80 + Digested.length
}
