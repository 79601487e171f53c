import Audio
import Testing
import Wire

@Suite("How hard the encoder works")
struct EncodingEffortTests {
    /// A machine on which one beat takes so long at complexity 5, and in proportion at others.
    private struct Machine {
        var busyAtFive: Duration
        var lateEvery = 0
        var effort = EncodingEffort(complexity: 5)
        private(set) var now = Instant.zero
        private(set) var changes = 0

        init(busyAtFive: Duration) { self.busyAtFive = busyAtFive }

        mutating func run(seconds: Int) {
            let costs: [Int: Double] = [0: 0.4, 2: 0.8, 5: 1, 7: 1.6]
            for beat in 0..<seconds * 50 {
                self.now = self.now + .milliseconds(20)
                let before = self.effort.complexity
                self.effort.observe(
                    busy: self.busyAtFive * (costs[before] ?? 1),
                    late: self.lateEvery > 0 && beat % self.lateEvery == 0 ? .milliseconds(15) : .zero, now: self.now)
                if self.effort.complexity != before { self.changes += 1 }
            }
        }
    }

    @Test("with time to spare it rises after five seconds, and stays")
    func rises() {
        var machine = Machine(busyAtFive: .microseconds(400))
        machine.run(seconds: 4)
        #expect(machine.effort.complexity == 5)
        machine.run(seconds: 600)
        #expect(machine.effort.complexity == 7 && machine.changes == 1)
    }

    @Test("without time to spare it stays, and where the beat is in danger it falls within a second a step")
    func falls() {
        var machine = Machine(busyAtFive: .milliseconds(5))
        machine.run(seconds: 60)
        #expect(machine.effort.complexity == 5 && machine.changes == 0)
        machine.busyAtFive = .milliseconds(12)
        machine.run(seconds: 1)
        #expect(machine.effort.complexity == 2)
        machine.busyAtFive = .milliseconds(40)
        machine.run(seconds: 1)
        #expect(machine.effort.complexity == 0)
        machine.busyAtFive = .milliseconds(1)
        machine.run(seconds: 60)
        #expect(machine.effort.complexity == 7)
    }

    @Test("one late beat in a second is chance, ten are not")
    func lateness() {
        var machine = Machine(busyAtFive: .milliseconds(4))
        machine.lateEvery = 50
        machine.run(seconds: 60)
        #expect(machine.effort.complexity == 5)
        machine.lateEvery = 5
        machine.run(seconds: 3)
        #expect(machine.effort.complexity == 0)
    }

    @Test("where more is too much, tries for more become rare")
    func backsOff() {
        var machine = Machine(busyAtFive: .microseconds(1_500))
        // A neighbour that comes whenever the machine does more.
        for _ in 0..<3600 {
            machine.lateEvery = machine.effort.complexity > 5 ? 5 : 0
            machine.run(seconds: 1)
        }
        #expect(machine.changes <= 60, "\(machine.changes) changes in an hour")
        #expect(machine.changes >= 10)
    }

    @Test(
        "complexities between the steps are rounded down", arguments: [(0, 0), (1, 0), (4, 2), (5, 5), (6, 5), (10, 7)])
    func rounds(given: Int, taken: Int) {
        #expect(EncodingEffort(complexity: given).complexity == taken)
    }
}
