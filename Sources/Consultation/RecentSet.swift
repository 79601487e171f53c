/// The last `capacity` different values, the oldest forgotten first.
struct RecentSet<Value: Hashable & Sendable>: Sendable {
    private let capacity: Int
    private var members: Set<Value> = []
    private var order: [Value] = []
    private var oldest = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// - Returns: `false` when the value is there already.
    mutating func insert(_ value: Value) -> Bool {
        guard self.members.insert(value).inserted else { return false }
        if self.order.count < self.capacity {
            self.order.append(value)
        } else {
            self.members.remove(self.order[self.oldest])
            self.order[self.oldest] = value
            self.oldest = (self.oldest + 1) % self.capacity
        }
        return true
    }
}
