internal import Wire

/// Allocations in slots, found by flow: open addressing over slot numbers, half empty at most, so that a look-up on
/// the way of a packet costs a few nanoseconds and allocates nothing.
struct AllocationTable {
    private(set) var slots: ContiguousArray<Allocation?> = []
    private var free: [UInt32] = []
    /// Slot number + 1 at the hash of its flow; 0 is empty. A power of two.
    private var index: ContiguousArray<UInt32> = ContiguousArray(repeating: 0, count: 64)
    private(set) var count = 0
    private let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed
    }

    func find(_ flow: RelayFlow) -> Int? {
        let mask = self.index.count - 1
        var position = Int(truncatingIfNeeded: flow.hash(seed: self.seed)) & mask
        while true {
            let entry = self.index[position]
            if entry == 0 { return nil }
            let slot = Int(entry) - 1
            if self.slots[slot]?.flow == flow { return slot }
            position = (position + 1) & mask
        }
    }

    /// The allocation behind a name, unless it is gone.
    func find(_ name: AllocationName) -> Int? {
        let slot = Int(name.slot)
        return self.slots[slot]?.generation == name.generation ? slot : nil
    }

    /// - Precondition: `slot` came from ``find(_:)-(RelayFlow)`` and was not removed since.
    subscript(slot: Int) -> Allocation {
        get { self.slots[slot]! }
        _modify { yield &self.slots[slot]! }
    }

    func name(of slot: Int) -> AllocationName {
        AllocationName(slot: UInt32(slot), generation: self[slot].generation)
    }

    /// - Precondition: its flow has no allocation.
    mutating func insert(_ allocation: Allocation) -> Int {
        if (self.count + 1) * 2 > self.index.count { self.grow() }
        let slot: Int
        if let reused = self.free.popLast() {
            slot = Int(reused)
            self.slots[slot] = allocation
        } else {
            slot = self.slots.count
            self.slots.append(allocation)
        }
        self.enter(slot)
        self.count += 1
        return slot
    }

    mutating func remove(_ slot: Int) {
        let mask = self.index.count - 1
        var hole = self.position(of: slot)
        self.slots[slot] = nil
        self.free.append(UInt32(slot))
        self.count -= 1
        // Whatever stands behind the hole and would not be found past it moves up (Knuth 6.4, algorithm R).
        var next = (hole + 1) & mask
        while self.index[next] != 0 {
            let home = self.home(of: Int(self.index[next]) - 1)
            if (next &- home) & mask >= (next &- hole) & mask {
                self.index[hole] = self.index[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        self.index[hole] = 0
    }

    private func home(of slot: Int) -> Int {
        Int(truncatingIfNeeded: self[slot].flow.hash(seed: self.seed)) & (self.index.count - 1)
    }

    private func position(of slot: Int) -> Int {
        var position = self.home(of: slot)
        while self.index[position] != UInt32(slot) + 1 { position = (position + 1) & (self.index.count - 1) }
        return position
    }

    private mutating func enter(_ slot: Int) {
        var position = self.home(of: slot)
        while self.index[position] != 0 { position = (position + 1) & (self.index.count - 1) }
        self.index[position] = UInt32(slot) + 1
    }

    private mutating func grow() {
        self.index = ContiguousArray(repeating: 0, count: self.index.count * 2)
        for slot in self.slots.indices where self.slots[slot] != nil { self.enter(slot) }
    }
}
