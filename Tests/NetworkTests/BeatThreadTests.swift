import Foundation
import Testing

@testable import Network

@Suite("A thread that keeps a beat")
struct BeatThreadTests {
    @Test("has the shortest slices once it asked, where the kernel gives any, and stays in its class")
    func shortSlices() async {
        let (policies, slices) = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let before = sched_getscheduler(0)
                let slices = [BeatThread.askForShortSlices(), BeatThread.askForShortSlices()]
                continuation.resume(returning: ([before, sched_getscheduler(0)], slices))
            }
        }
        #expect(policies[0] == policies[1])
        #expect(slices[0] == slices[1])
        // A kernel before 6.12 has none, nor has a thread of another class.
        #expect(slices[0] == nil || slices[0] == .microseconds(100))
    }
}
