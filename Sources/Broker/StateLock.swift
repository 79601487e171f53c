import Foundation

/// One broker serves a state directory: a second one would take the first one's relay over, and its rooms.
///
/// The system lets go of the lock with the process, however that ends.
final class StateLock: Sendable {
    private let descriptor: Int32

    /// - Returns: `nil` if another process holds it, or the directory cannot be written.
    init?(directory: String) {
        let descriptor = open(directory + "/broker.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    deinit { close(self.descriptor) }
}
