/// What a core has to say, first in, first out, in one array that is reused.
package struct OutputQueue<Output: Sendable>: Sendable {
    // Seen from other modules: each has it compiled for its own outputs, without a table of functions between.
    @usableFromInline var items: [Output] = []
    @usableFromInline var head = 0

    @inlinable package init() {}

    @inlinable package mutating func append(_ output: Output) {
        self.items.append(output)
    }

    @inlinable package mutating func next() -> Output? {
        guard self.head < self.items.count else {
            guard self.head > 0 else { return nil }
            self.items.removeAll(keepingCapacity: true)
            self.head = 0
            return nil
        }
        defer { self.head += 1 }
        return self.items[self.head]
    }
}
