internal import Primitives
internal import Wire

/// The rooms of one identity, each a file sealed under a key that the identity's file holds.
///
///     "colloque room" 13 | nonce 24 | box (16 + the room, see StoredRoom)
///
/// The names of the files are the sessions' names, which say nothing of patients; all else is sealed.
package struct RoomStore: Sendable {
    private let directory: PrivateDirectory
    private let key: SecretBytes

    init(directory: PrivateDirectory, key: SecretBytes) {
        self.directory = directory
        self.key = key
    }

    /// Writes the room, in place of what was kept of the session before; on return it is on the disk.
    package func save(_ room: StoredRoom) throws(KeystoreError) {
        try self.save(room, observing: { _ in })
    }

    func save(
        _ room: StoredRoom, observing observe: (PrivateDirectory.Step) throws(KeystoreError) -> Void
    ) throws(KeystoreError) {
        var random = RandomSource.system
        let nonce = random.bytes(count: SecretBox.nonceLength)
        var plaintext = room.bytes
        defer { SecretBytes.wipe(&plaintext) }
        let box: [UInt8]
        do {
            box = try SecretBox.seal(plaintext, nonce: nonce, key: self.key)
        } catch {
            preconditionFailure("nonce and key have their lengths")
        }
        try self.directory.write(Self.magic + nonce + box, to: room.session.text, observing: observe)
    }

    /// - Throws: `.unknownSession`, `.damaged`.
    package func load(_ session: SessionID) throws(KeystoreError) -> StoredRoom {
        let path = self.directory.path(of: session.text)
        guard let bytes = try self.directory.read(session.text) else { throw .unknownSession(session) }
        let prefixLength = Self.magic.count + SecretBox.nonceLength
        guard bytes.count > prefixLength, bytes.starts(with: Self.magic) else { throw .damaged(path: path) }
        var plaintext: [UInt8]
        do {
            plaintext = try SecretBox.open(
                [UInt8](bytes[prefixLength...]), nonce: [UInt8](bytes[Self.magic.count..<prefixLength]), key: self.key)
        } catch {
            throw .damaged(path: path)
        }
        defer { SecretBytes.wipe(&plaintext) }
        let room = try StoredRoom(plaintext, path: path)
        // A file under another's name is not the room that was asked for.
        guard room.session == session else { throw .damaged(path: path) }
        return room
    }

    /// The sessions that have a file, in alphabetical order; whether each opens is told by ``load(_:)``.
    package func sessions() throws(KeystoreError) -> [SessionID] {
        try self.directory.names().compactMap { SessionID($0) }
    }

    /// Removes the room with all its keys.
    /// - Throws: `.unknownSession`.
    package func remove(_ session: SessionID) throws(KeystoreError) {
        guard try self.directory.remove(session.text) else { throw .unknownSession(session) }
    }

    private static let magic = [UInt8]("colloque room".utf8)
}
