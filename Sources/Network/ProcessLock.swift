internal import Glibc

/// One process at a time holds a directory: a second broker would take the first one's rooms and relay over, a second desk
/// the first one's place at the broker.
///
/// The system lets go of the lock with the process, however that ends.
package final class ProcessLock: Sendable {
    private let descriptor: Int32

    /// - Parameter name: of the file that carries the lock, made where it is missing.
    /// - Returns: `nil` if another holds it, or the directory cannot be written.
    package init?(directory: String, name: String) {
        let descriptor = open("\(directory)/\(name)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    deinit { close(self.descriptor) }
}
