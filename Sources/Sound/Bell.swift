internal import CPoll
internal import Glibc
internal import Synchronization

/// A descriptor that is readable while it rings. Any thread rings, one listens. No call waits for another thread.
final class Bell: Sendable {
    let descriptor: Int32
    /// Whether it has been rung since it was last hushed: then ringing again costs nothing.
    private let rung = Atomic<Bool>(false)

    init() {
        self.descriptor = colloque_eventfd()
        precondition(self.descriptor >= 0, "no descriptor is left for sound")
    }

    deinit { close(self.descriptor) }

    func ring() {
        guard !self.rung.exchange(true, ordering: .sequentiallyConsistent) else { return }
        var one: UInt64 = 1
        _ = write(self.descriptor, &one, 8)
    }

    /// Whether there is something to hush.
    var isRung: Bool { self.rung.load(ordering: .sequentiallyConsistent) }

    /// Ends the ringing. What was told before a ring that came meanwhile has to be looked at afterwards.
    func hush() {
        // In this order, so that the descriptor rings whenever `rung` says so: a ring between the two is silent, and
        // where nothing can be read yet, whoever rings is about to write.
        var count: UInt64 = 0
        guard read(self.descriptor, &count, 8) == 8 else { return }
        self.rung.store(false, ordering: .sequentiallyConsistent)
    }

    /// Sleeps until it rings, and hushes it.
    func wait(nanoseconds: Int64) {
        var entry = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        if colloque_wait(&entry, 1, max(0, nanoseconds)) > 0 { self.hush() }
    }
}
