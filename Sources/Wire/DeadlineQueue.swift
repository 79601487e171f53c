/// One deadline each for a number of members, by the earliest: a heap that knows where everybody stands.
///
/// After ``init(members:)`` nothing is allocated.
package struct DeadlineQueue: Sendable {
    private var deadlines: [Instant]
    /// Members in the order of a binary heap.
    private var heap: [Int] = []
    /// Where each member stands in ``heap``; -1 for one without a deadline.
    private var places: [Int]

    /// - Parameter members: They are called 0 ..< `members`.
    package init(members: Int) {
        self.deadlines = Array(repeating: .distantFuture, count: members)
        self.places = Array(repeating: -1, count: members)
        self.heap.reserveCapacity(members)
    }

    package var first: (member: Int, deadline: Instant)? {
        self.heap.first.map { ($0, self.deadlines[$0]) }
    }

    package mutating func set(_ member: Int, to deadline: Instant) {
        self.deadlines[member] = deadline
        if self.places[member] < 0 {
            self.places[member] = self.heap.count
            self.heap.append(member)
        }
        self.settle(self.places[member])
    }

    package mutating func remove(_ member: Int) {
        let place = self.places[member]
        guard place >= 0 else { return }
        let last = self.heap.removeLast()
        self.places[member] = -1
        guard last != member else { return }
        self.heap[place] = last
        self.places[last] = place
        self.settle(place)
    }

    private mutating func settle(_ start: Int) {
        var place = start
        while place > 0, self.isEarlier(place, than: (place - 1) / 2) {
            self.exchange(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
        while true {
            var earliest = place
            for child in place * 2 + 1...place * 2 + 2 {
                if child < self.heap.count, self.isEarlier(child, than: earliest) { earliest = child }
            }
            guard earliest != place else { return }
            self.exchange(place, earliest)
            place = earliest
        }
    }

    private func isEarlier(_ place: Int, than other: Int) -> Bool {
        self.deadlines[self.heap[place]] < self.deadlines[self.heap[other]]
    }

    private mutating func exchange(_ place: Int, _ other: Int) {
        self.heap.swapAt(place, other)
        self.places[self.heap[place]] = place
        self.places[self.heap[other]] = other
    }
}
