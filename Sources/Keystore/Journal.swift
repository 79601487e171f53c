internal import Glibc
internal import Primitives
internal import Wire

/// What happened in the doctor's consultations, entry after entry, each naming the one before by its hash.
///
///     HOME/journal/N    0600: "colloque journal" 16 | nonce 24 | box (16 + up to 64 entries, from 64 N on)
///
/// The chain shows what was changed, taken out or put in between; that its end was cut off only somebody shows who has a
/// later hash. The newest file is replaced whole with each entry: a crash leaves it with the entry or without.
package struct Journal: Sendable {
    /// Why a journal is not what was written.
    package enum Fault: Equatable, Sendable {
        /// A file cannot be opened, or holds no entries.
        case damaged(path: String)
        /// The entry does not follow the one before.
        case broken(sequence: UInt64)
        case badSignature(sequence: UInt64)
    }

    private let path: String
    private let key: SecretBytes
    private let keyPair: Ed25519.KeyPair

    /// - Parameter path: of the directory, which is made with the first entry.
    init(path: String, key: SecretBytes, keyPair: Ed25519.KeyPair) {
        self.path = path
        self.key = key
        self.keyPair = keyPair
    }

    /// Adds an entry; on return it is on the disk.
    /// - Parameters:
    ///   - text: at most 256 octets, the rest is cut; no name belongs there.
    ///   - time: Unix seconds, kept to the minute.
    package func append(
        _ kind: JournalEntry.Kind, session: SessionID?, text: String = "", time: UInt64
    ) throws(KeystoreError) {
        try self.append { last in
            JournalEntry(
                sequence: last.map { $0.sequence + 1 } ?? 0, previous: last?.hash ?? Self.nothing, kind: kind,
                time: time, session: session, text: text)
        }
    }

    /// Signs all that is there by signing its last hash.
    package func sign(time: UInt64) throws(KeystoreError) {
        try self.append { last in
            guard let last else { return nil }
            let signature = self.keyPair.sign(Self.message(sequence: last.sequence, hash: last.hash))
            return JournalEntry(
                sequence: last.sequence + 1, previous: last.hash, kind: .signed, time: time, session: nil,
                text: signature.hex)
        }
    }

    /// All entries up to the first fault, and that.
    package func read() throws(KeystoreError) -> (entries: [JournalEntry], fault: Fault?) {
        var all: [JournalEntry] = []
        let directory = try PrivateDirectory(path: self.path)
        for number in 0..<(try self.chunkCount(in: directory)) {
            guard let chunk = try self.chunk(number, in: directory) else {
                return (all, .damaged(path: directory.path(of: Self.name(number))))
            }
            for entry in chunk {
                if let fault = Self.fault(of: entry, after: all.last, identity: self.keyPair.publicKey) {
                    return (all, fault)
                }
                all.append(entry)
            }
        }
        return (all, nil)
    }

    static func fault(of entry: JournalEntry, after last: JournalEntry?, identity: [UInt8]) -> Fault? {
        guard entry.sequence == last.map({ $0.sequence + 1 }) ?? 0, entry.previous == last?.hash ?? Self.nothing else {
            return .broken(sequence: entry.sequence)
        }
        guard entry.kind == .signed else { return nil }
        guard let last, let signature = [UInt8](hex: entry.text),
            Ed25519.verify(
                signature: signature, message: Self.message(sequence: last.sequence, hash: last.hash),
                publicKey: identity)
        else { return .badSignature(sequence: entry.sequence) }
        return nil
    }

    // MARK: Parts

    private func append(_ make: (JournalEntry?) -> JournalEntry?) throws(KeystoreError) {
        // Several commands of one doctor may write at once.
        let directory = try PrivateDirectory(path: self.path)
        let lock = try directory.lock(Self.lockName)
        defer { close(lock) }
        let count = try self.chunkCount(in: directory)
        var number = max(0, count - 1)
        var chunk: [JournalEntry] = []
        if count > 0 {
            guard let found = try self.chunk(number, in: directory) else {
                throw .damaged(path: directory.path(of: Self.name(number)))
            }
            chunk = found
        }
        guard let entry = make(chunk.last) else { return }
        if chunk.count >= Self.chunkLength {
            number += 1
            chunk = []
        }
        try self.write(chunk + [entry], number, in: directory)
    }

    private func write(
        _ entries: [JournalEntry], _ number: Int, in directory: PrivateDirectory
    ) throws(KeystoreError) {
        var writer = ByteWriter(capacity: 8192)
        for entry in entries { writer.writeLengthPrefixed(entry.octets) }
        var random = RandomSource.system
        let nonce = random.bytes(count: SecretBox.nonceLength)
        let box: [UInt8]
        do {
            box = try SecretBox.seal(writer.bytes, nonce: nonce, key: self.key)
        } catch {
            preconditionFailure("nonce and key have their lengths")
        }
        try directory.write(Self.magic + nonce + box, to: Self.name(number))
    }

    /// - Returns: `nil` for a file that is missing or damaged.
    private func chunk(_ number: Int, in directory: PrivateDirectory) throws(KeystoreError) -> [JournalEntry]? {
        guard let octets = try directory.read(Self.name(number)) else { return nil }
        let prefix = Self.magic.count + SecretBox.nonceLength
        guard octets.count > prefix, octets.starts(with: Self.magic),
            let plain = try? SecretBox.open(
                [UInt8](octets[prefix...]), nonce: [UInt8](octets[Self.magic.count..<prefix]), key: self.key)
        else { return nil }
        var reader = ByteReader(plain)
        var entries: [JournalEntry] = []
        while !reader.isAtEnd {
            guard let item = try? reader.readLengthPrefixed() else { return nil }
            var inner = ByteReader(item)
            guard let entry = JournalEntry(reading: &inner), inner.isAtEnd else { return nil }
            entries.append(entry)
        }
        return entries.isEmpty ? nil : entries
    }

    private func chunkCount(in directory: PrivateDirectory) throws(KeystoreError) -> Int {
        let numbers = try directory.names().compactMap { Int($0) }
        return (numbers.max() ?? -1) + 1
    }

    private static func message(sequence: UInt64, hash: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacity: 80)
        writer.writeLengthPrefixed([UInt8]("colloque/1 journal head".utf8))
        writer.write(sequence)
        writer.write(hash)
        return writer.bytes
    }

    /// Eight digits, so that names sort as numbers do.
    private static func name(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    private static let magic = [UInt8]("colloque journal".utf8)
    private static let nothing = [UInt8](repeating: 0, count: 32)
    /// Entries in a file: it stays below what a file of the keystore may have.
    private static let chunkLength = 64
    private static let lockName = ".lock"
}
