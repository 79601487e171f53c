/// A queue of samples with an end: what does not fit pushes out the oldest. Nothing is allocated after `init`.
struct SampleRing: Sendable {
    private var storage: [Int16]
    private var head = 0
    private(set) var count = 0

    init(capacity: Int) {
        self.storage = [Int16](repeating: 0, count: capacity)
    }

    var capacity: Int { self.storage.count }

    /// Appends the first `length` of `samples`.
    /// - Returns: How many of the oldest were pushed out.
    @discardableResult
    mutating func append(_ samples: [Int16], count length: Int) -> Int {
        let pushedOut = max(0, self.count + length - self.capacity)
        self.drop(min(pushedOut, self.count))
        var place = (self.head + self.count) % self.capacity
        for index in max(0, length - self.capacity)..<length {
            self.storage[place] = samples[index]
            place = place + 1 == self.capacity ? 0 : place + 1
        }
        self.count += min(length, self.capacity)
        return pushedOut
    }

    /// Appends silence.
    @discardableResult
    mutating func append(zeros length: Int) -> Int {
        let pushedOut = max(0, self.count + length - self.capacity)
        self.drop(min(pushedOut, self.count))
        var place = (self.head + self.count) % self.capacity
        for _ in 0..<min(length, self.capacity) {
            self.storage[place] = 0
            place = place + 1 == self.capacity ? 0 : place + 1
        }
        self.count += min(length, self.capacity)
        return pushedOut
    }

    /// Moves `length` samples into the front of `samples`.
    /// - Returns: Whether there were as many; if not, nothing moves.
    mutating func take(_ length: Int, into samples: inout [Int16]) -> Bool {
        guard self.count >= length else { return false }
        var place = self.head
        for index in 0..<length {
            samples[index] = self.storage[place]
            place = place + 1 == self.capacity ? 0 : place + 1
        }
        self.head = place
        self.count -= length
        return true
    }

    /// Drops the oldest `length` samples, or all.
    mutating func drop(_ length: Int) {
        let length = min(length, self.count)
        self.head = (self.head + length) % self.capacity
        self.count -= length
    }

    mutating func removeAll() {
        self.head = 0
        self.count = 0
    }
}
