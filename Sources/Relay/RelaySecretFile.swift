import Foundation
package import TURN

/// The file that the broker and its relays read, 64 hexadecimal digits, readable by their user alone.
package enum RelaySecretFile {
    package enum Failure: Error, Equatable, Sendable {
        case unreadable(String)
        /// Not 64 hexadecimal digits.
        case malformed(String)
        /// Others may read it.
        case tooOpen(String)
    }

    package static func read(_ path: String) throws(Failure) -> RelaySecret {
        var status = stat()
        guard stat(path, &status) == 0, let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw .unreadable(path)
        }
        guard status.st_mode & 0o077 == 0 else { throw .tooOpen(path) }
        guard let secret = RelaySecret(hex: text) else { throw .malformed(path) }
        return secret
    }

    /// Reads it, or makes one where there is none. Two that start at once end up with the same.
    package static func readOrMake(_ path: String) throws(Failure) -> RelaySecret {
        if access(path, F_OK) == 0 { return try self.read(path) }
        let draft = "\(path).\(RelaySecret.random().hex.prefix(16))"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unreadable(path) }
        let line = RelaySecret.random().hex + "\n"
        let isWritten = write(descriptor, line, line.utf8.count) == line.utf8.count && fsync(descriptor) == 0
        close(descriptor)
        defer { unlink(draft) }
        // A link is made whole or not at all, and does not replace what another one has made meanwhile.
        guard isWritten, link(draft, path) == 0 || errno == EEXIST else { throw .unreadable(path) }
        return try self.read(path)
    }
}

extension RelaySecretFile.Failure {
    /// One sentence for the administrator.
    package var words: String {
        switch self {
        case .unreadable(let path): "\(path): the secret cannot be read or made"
        case .malformed(let path): "\(path): a secret is 64 hexadecimal digits"
        case .tooOpen(let path): "\(path): others may read the secret; take their rights with `chmod go= \(path)`"
        }
    }
}
