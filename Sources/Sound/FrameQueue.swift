internal import Synchronization
internal import Wire

/// Frames on their way from one thread to another, in order, each with a stamp.
///
/// One thread writes, one reads; neither ever waits for the other. Nothing is allocated after `init`. Whoever needs
/// another writer or reader makes another queue.
///
/// Sendable by hand, since the compiler cannot see what guards the slots: the two counts. The writer touches only slots
/// that are not between them, the reader only those that are, and each count is moved by one of the two, after it has
/// done with the slot.
final class FrameQueue: @unchecked Sendable {
    struct Stamp: Equatable, Sendable {
        var time: Instant = .zero
        /// What the device told of itself at that time.
        var samples = 0
    }

    /// In frames.
    let capacity: Int
    private let slots: UnsafeMutablePointer<Int16>
    private let stamps: UnsafeMutablePointer<Stamp>
    private let writtenCount = Atomic<Int>(0)
    private let takenCount = Atomic<Int>(0)
    private let lostCount = Atomic<Int>(0)

    init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
        self.slots = .allocate(capacity: capacity * SoundFrame.samples)
        self.slots.initialize(repeating: 0, count: capacity * SoundFrame.samples)
        self.stamps = .allocate(capacity: capacity)
        self.stamps.initialize(repeating: Stamp(), count: capacity)
    }

    deinit {
        self.slots.deallocate()
        self.stamps.deallocate()
    }

    // MARK: Any thread

    /// Frames written since the beginning. Only rises.
    var written: Int { self.writtenCount.load(ordering: .sequentiallyConsistent) }
    /// Frames taken or skipped since the beginning. Only rises.
    var taken: Int { self.takenCount.load(ordering: .acquiring) }
    /// Frames that found no room.
    var lost: Int { self.lostCount.load(ordering: .acquiring) }
    /// Frames that wait, as far as the asking thread can know.
    var count: Int {
        // In this order: what is taken meanwhile is counted as waiting, and never fewer than none wait.
        let taken = self.taken
        return self.written - taken
    }

    // MARK: Writer

    /// Adds 480 samples.
    /// - Returns: Whether there was room.
    @discardableResult
    func write(_ frame: Span<Int16>, _ stamp: Stamp = Stamp()) -> Bool {
        precondition(frame.count == SoundFrame.samples)
        let written = self.writtenCount.load(ordering: .relaxed)
        guard written - self.taken < self.capacity else {
            self.lostCount.wrappingAdd(1, ordering: .releasing)
            return false
        }
        let slot = self.slots + written % self.capacity * SoundFrame.samples
        for index in 0..<SoundFrame.samples { slot[index] = frame[index] }
        self.stamps[written % self.capacity] = stamp
        self.writtenCount.store(written + 1, ordering: .sequentiallyConsistent)
        return true
    }

    // MARK: Reader

    /// Copies the oldest frame to the front of `frame` and leaves it in the queue, until ``drop()``.
    /// - Returns: Its stamp; `nil` when none waits, and nothing is copied.
    func peek(into frame: inout [Int16]) -> Stamp? {
        precondition(frame.count >= SoundFrame.samples)
        let taken = self.takenCount.load(ordering: .relaxed)
        guard taken < self.written else { return nil }
        let slot = self.slots + taken % self.capacity * SoundFrame.samples
        for index in 0..<SoundFrame.samples { frame[index] = slot[index] }
        return self.stamps[taken % self.capacity]
    }

    /// Drops the oldest frame, if any.
    func drop() {
        self.skip(to: self.takenCount.load(ordering: .relaxed) + 1)
    }

    /// Moves the oldest frame to the front of `frame`.
    /// - Returns: Its stamp; `nil` when none waits.
    func take(into frame: inout [Int16]) -> Stamp? {
        guard let stamp = self.peek(into: &frame) else { return nil }
        self.drop()
        return stamp
    }

    /// Drops all of which fewer than `place` were written before.
    func skip(to place: Int) {
        let next = min(place, self.written)
        guard next > self.takenCount.load(ordering: .relaxed) else { return }
        self.takenCount.store(next, ordering: .releasing)
    }
}
