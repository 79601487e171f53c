internal import CAllocations
internal import Glibc

/// Processor time and heap allocations of this thread, for a piece of work.
package struct Cost: Sendable {
    package private(set) var nanoseconds: Int64 = 0
    /// `nil` where the kernel lets nobody count them.
    package var allocations: Int64? = Allocations.areCounted ? 0 : nil

    package init() {}

    mutating func add(_ other: Cost) {
        self.nanoseconds += other.nanoseconds
        self.allocations = self.allocations.flatMap { mine in other.allocations.map { mine + $0 } }
    }

    /// Adds what `work` costs.
    mutating func measure(_ work: () throws -> Void) rethrows {
        let before = Allocations.count
        let start = Self.processorTime()
        try work()
        self.nanoseconds += Self.processorTime() - start
        let after = Allocations.count
        self.allocations = self.allocations.flatMap { mine in
            before.flatMap { before in after.map { mine + $0 - before } }
        }
    }

    private static func processorTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// The calling thread's heap allocations, counted by the processor's breakpoints; nothing of the allocator is replaced.
package enum Allocations {
    /// Since this thread first asked; `nil` where the kernel refuses.
    static var count: Int64? {
        let count = colloque_allocation_count()
        return count < 0 ? nil : count
    }

    package static var areCounted: Bool { Self.count != nil }

    /// Octets of the heap in use by the whole process.
    static var heapInUse: UInt64 { colloque_heap_in_use() }
}
