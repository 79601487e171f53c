/// Why the keystore does not give or take a key. Shown to the doctor; nobody else learns of it.
package enum KeystoreError: Error, Equatable, Sendable {
    case noIdentity
    /// An identity is never overwritten.
    case identityExists
    /// Fewer octets than ``Keystore/minimumPassphraseLength``.
    case passphraseTooShort(need: Int)
    /// The file is whole, the passphrase another.
    case wrongPassphrase
    /// The octets are not those that were written.
    case damaged(path: String)
    /// Written by a later version.
    case unknownVersion(UInt8, path: String)
    /// Others than the owner may read or write it; `mode` is its permission bits.
    case looseMode(path: String, mode: UInt32)
    /// The file belongs to another user, or is not a regular file or directory.
    case notOurs(path: String)
    case unknownSession(SessionID)
    /// Rooms lie here that no key at hand opens: those of an identity whose file is gone.
    case foreignRooms(path: String)
    /// A file that would be overwritten.
    case fileExists(path: String)
    case noFile(path: String)
    /// The passphrase's hash did not get its memory.
    case outOfMemory
    /// A system call failed.
    case system(call: String, path: String, errno: Int32)
}
