internal import CPoll
internal import Wire

/// The descriptors that a thread sleeps on, in memory that is used again and again.
///
///     waiting.removeAll()
///     let slot = waiting.add(descriptor)
///     waiting.wait(for: pause)
///     if waiting.isReady(slot) { … }
package struct WaitList {
    private var entries: [pollfd] = []

    package init() {}

    package var count: Int { self.entries.count }

    package mutating func removeAll() {
        self.entries.removeAll(keepingCapacity: true)
    }

    /// - Returns: Its slot, valid until ``removeAll()``.
    @discardableResult
    package mutating func add(_ descriptor: Int32) -> Int {
        self.entries.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
        return self.entries.count - 1
    }

    /// Sleeps until a descriptor is readable or time is up.
    package mutating func wait(for duration: Duration) {
        let nanoseconds = min(max(0, duration.wholeNanoseconds), 3_600_000_000_000)
        let ready = colloque_wait(&self.entries, UInt(self.entries.count), nanoseconds)
        // After an interruption the entries say what they said before.
        if ready < 0 { for index in self.entries.indices { self.entries[index].revents = 0 } }
    }

    /// Whether there is something to read, an error or an end among it.
    package func isReady(_ slot: Int) -> Bool {
        self.entries[slot].revents != 0
    }
}

/// Sleeps until one of these is readable or time is up.
package func waitForInput(on descriptors: [Int32], for duration: Duration) {
    var waiting = WaitList()
    for descriptor in descriptors { waiting.add(descriptor) }
    waiting.wait(for: duration)
}
