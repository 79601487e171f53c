/// What a core has to say, first in, first out, in one array that is reused.
package struct OutputQueue<Output: Sendable>: Sendable {
    private var items: [Output] = []
    private var head = 0

    package init() {}

    package mutating func append(_ output: Output) {
        self.items.append(output)
    }

    package mutating func next() -> Output? {
        guard self.head < self.items.count else {
            self.items.removeAll(keepingCapacity: true)
            self.head = 0
            return nil
        }
        defer { self.head += 1 }
        return self.items[self.head]
    }
}
