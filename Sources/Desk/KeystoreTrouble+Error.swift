internal import Glibc
package import Keystore
package import Phrases

extension KeystoreTrouble {
    package init(_ error: KeystoreError) {
        switch error {
        case .noIdentity: self = .noIdentity
        case .identityExists: self = .identityExists
        case .passphraseTooShort(let need): self = .passphraseTooShort(need: need)
        case .wrongPassphrase: self = .wrongPassphrase
        case .damaged(let path): self = .damaged(path: path)
        case .unknownVersion(let version, let path): self = .unknownVersion(Int(version), path: path)
        case .looseMode(let path, _): self = .looseMode(path: path)
        case .notOurs(let path): self = .notOurs(path: path)
        case .unknownSession(let session): self = .unknownSession(session.text)
        case .foreignRooms(let path): self = .foreignRooms(path: path)
        case .fileExists(let path): self = .fileExists(path: path)
        case .noFile(let path): self = .noFile(path: path)
        case .outOfMemory: self = .outOfMemory
        case .system(_, let path, let number): self = .system(path: path, reason: SystemReason(number))
        }
    }
}

extension SystemReason {
    /// - Parameter number: an `errno`.
    init(_ number: Int32) {
        switch number {
        case ENOSPC, EDQUOT: self = .noSpace
        case EACCES, EPERM: self = .forbidden
        case EROFS: self = .readOnly
        case ENOENT: self = .missing
        default: self = .other(String(cString: strerror(number)))
        }
    }
}
