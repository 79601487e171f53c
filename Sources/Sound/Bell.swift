internal import CPoll
internal import Glibc

/// A descriptor that is readable while it rings. Any thread.
final class Bell: Sendable {
    let descriptor: Int32

    init() {
        self.descriptor = colloque_eventfd()
        precondition(self.descriptor >= 0, "no descriptor is left for sound")
    }

    deinit { close(self.descriptor) }

    func ring() {
        var one: UInt64 = 1
        _ = write(self.descriptor, &one, 8)
    }

    func hush() {
        var count: UInt64 = 0
        _ = read(self.descriptor, &count, 8)
    }

    /// Sleeps until it rings, and hushes it.
    func wait(nanoseconds: Int64) {
        var entry = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        if colloque_wait(&entry, 1, max(0, nanoseconds)) > 0 { self.hush() }
    }
}
