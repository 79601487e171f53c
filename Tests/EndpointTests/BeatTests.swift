import Endpoint
import Testing
import Wire

@Suite("The beat of many sessions")
struct BeatTests {
    @Test("is spread over its period in groups, however many there are", arguments: 1...100)
    func phases(count: Int) {
        let period: Duration = .milliseconds(20)
        let first = period * count / 101
        let beat = BeatPhase(first: first)
        let all = (0..<count * BeatPhase.groupSize).map { beat.offset(of: $0) }
        #expect(all.allSatisfy { $0 >= .zero && $0 < period } && all[0] == first)
        let phases = Set(all).sorted()
        #expect(phases.count == count)
        #expect(phases.allSatisfy { phase in all.count { $0 == phase } == BeatPhase.groupSize })
        let gaps = zip(phases, phases.dropFirst() + [phases[0] + period]).map { $1 - $0 }
        // Even gaps are period / count; the sequence is never worse than twice that.
        #expect(gaps.max() ?? .zero <= period * 2 / count)
    }

    @Test("says how late it was")
    func histogram() {
        var late = LatenessHistogram()
        for tenths in 1...100 { late.add(.microseconds(100 * tenths - 50)) }
        #expect(late.quantile(0.5) == .milliseconds(5))
        #expect(late.quantile(0.99) == .microseconds(9900))
        #expect(late.counts(below: [1, 5, 25]) == [10, 40, 50])
        #expect(late.missed == 0)
        late.add(.milliseconds(19.9))
        late.add(.milliseconds(20))
        late.add(.seconds(2))
        #expect(late.missed == 2)
        #expect(late.worst == .seconds(2))
        #expect(late.quantile(1) == .seconds(2))
        #expect(late.counts(below: [1, 5, 25]) == [10, 40, 52])
    }

    @Test("is kept or not by the window", arguments: [(4.9, 0, true), (5, 0, true), (5.1, 0, false), (1, 1, false)])
    func windows(p99: Double, missed: Int, isKept: Bool) {
        let window = BeatWindow(
            sessions: 1, beats: 250, missed: missed, p99: p99, seconds: 5, processorSeconds: 0.1, allocations: nil,
            quietTenths: nil)
        #expect(window.isKept == isKept)
    }

    @Test(
        "two ends that share sockets in their own ways share none between two sessions",
        arguments: [
            (1, 1), (8, 2), (16, 2), (17, 1), (50, 2), (50, 3), (200, 4), (500, 8), (1000, 2),
        ])
    func sharing(sessions: Int, threads: Int) {
        let ways = [CallPool.Sharing(.blocks), CallPool.Sharing(.stripes)]
        let pairs = (0..<sessions).map { session in
            ways.map { $0.place(of: session, among: sessions, threads: threads) }
        }
        #expect(Set(pairs).count == sessions)
    }
}
