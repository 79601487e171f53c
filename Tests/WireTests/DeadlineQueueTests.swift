import Testing
import Wire

@Suite("One deadline for each of many")
struct DeadlineQueueTests {
    @Test("the first is the earliest, whatever was set and removed", arguments: 1...20 as ClosedRange<UInt64>)
    func earliest(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        var queue = DeadlineQueue(members: 40)
        var model: [Int: Instant] = [:]
        for _ in 0..<2000 {
            let member = Int(random.next() % 40)
            if random.next() % 4 == 0 {
                queue.remove(member)
                model[member] = nil
            } else {
                let deadline = Instant(nanoseconds: Int64(random.next() % 1000))
                queue.set(member, to: deadline)
                model[member] = deadline
            }
            #expect(queue.first?.deadline == model.values.min(), "seed \(seed)")
            if let (member, deadline) = queue.first { #expect(model[member] == deadline, "seed \(seed)") }
        }
    }
}
