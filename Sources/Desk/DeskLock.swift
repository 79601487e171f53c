internal import Glibc

/// One desk serves a doctor's directory: a second one would take the first one's place at the broker.
///
/// The system lets go of the lock with the process, however that ends.
package final class DeskLock: Sendable {
    private let descriptor: Int32

    /// - Returns: `nil` if another process holds it, or the directory cannot be written.
    package init?(home: String) {
        let descriptor = open(home + "/desk.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        // Who only asks whether it is held holds it for a moment.
        for _ in 0..<Self.attempts where flock(descriptor, LOCK_EX | LOCK_NB) != 0 { usleep(10_000) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            Glibc.close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    /// Whether a desk or a call of this directory runs.
    package static func isHeld(home: String) -> Bool {
        DeskLock(home: home) == nil
    }

    private static let attempts = 3

    deinit { Glibc.close(self.descriptor) }
}
