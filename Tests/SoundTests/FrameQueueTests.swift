import Foundation
import Synchronization
import Testing
import Wire

@testable import Sound

@Suite("Frames between two threads")
struct FrameQueueTests {
    private func frame(_ value: Int) -> [Int16] {
        [Int16](repeating: Int16(truncatingIfNeeded: value), count: SoundFrame.samples)
    }

    @Test("gives what it was given, in order and with its stamp, over and over")
    func order() {
        let queue = FrameQueue(capacity: 3)
        var room = self.frame(0)
        for turn in 0..<20 {
            for index in 0..<3 {
                let value = turn * 3 + index
                let stamp = FrameQueue.Stamp(time: .zero + .milliseconds(value), samples: value)
                let hasRoom = queue.write(self.frame(value).span, stamp)
                #expect(hasRoom)
            }
            #expect(queue.count == 3)
            for index in 0..<3 {
                let value = turn * 3 + index
                let stamp = queue.take(into: &room)
                #expect(stamp == FrameQueue.Stamp(time: .zero + .milliseconds(value), samples: value))
                #expect(room == self.frame(value))
            }
            let nothing = queue.take(into: &room)
            #expect(nothing == nil)
        }
    }

    @Test("refuses and counts what finds no room, and keeps what it has")
    func full() {
        let queue = FrameQueue(capacity: 2)
        var room = self.frame(0)
        let accepted = (1...5).map { queue.write(self.frame($0).span) }
        #expect(accepted == [true, true, false, false, false])
        #expect(queue.lost == 3)
        _ = queue.take(into: &room)
        #expect(room == self.frame(1))
        let hasRoom = queue.write(self.frame(6).span)
        #expect(hasRoom)
        _ = queue.take(into: &room)
        #expect(room == self.frame(2))
        _ = queue.take(into: &room)
        #expect(room == self.frame(6))
    }

    @Test("skips to a place, never back and never beyond what was written")
    func skips() {
        let queue = FrameQueue(capacity: 4)
        var room = self.frame(0)
        for value in 0..<4 { queue.write(self.frame(value).span) }
        queue.skip(to: 2)
        queue.skip(to: 1)
        #expect(queue.count == 2)
        _ = queue.peek(into: &room)
        #expect(room == self.frame(2))
        queue.skip(to: 100)
        #expect(queue.count == 0)
        #expect(queue.taken == 4)
        queue.drop()
        #expect(queue.taken == 4)
    }

    @Test("between two threads, no frame is torn, lost or out of order, and the count is never below none")
    func twoThreads() {
        let queue = FrameQueue(capacity: 5)
        let total = 20_000
        let isOver = Atomic<Bool>(false)
        let writer = Thread {
            var value = 0
            while value < total {
                let frame = [Int16](repeating: Int16(truncatingIfNeeded: value), count: SoundFrame.samples)
                if queue.write(frame.span, FrameQueue.Stamp(time: .zero, samples: value)) {
                    value += 1
                } else {
                    sched_yield()
                }
                precondition((0...queue.capacity).contains(queue.count))
            }
            isOver.store(true, ordering: .releasing)
        }
        writer.start()
        var room = self.frame(0)
        var next = 0
        var torn = 0
        while next < total {
            guard let stamp = queue.take(into: &room) else {
                sched_yield()
                continue
            }
            #expect(stamp.samples == next)
            for sample in room where sample != Int16(truncatingIfNeeded: next) { torn += 1 }
            guard stamp.samples == next else { break }
            next += 1
        }
        #expect(next == total)
        #expect(torn == 0)
        while !isOver.load(ordering: .acquiring) { sched_yield() }
        #expect(queue.count == 0)
    }
}

@Suite("A bell between threads")
struct BellTests {
    @Test("who hushes it and then looks misses nothing, however the threads meet")
    func missesNothing() {
        let bell = Bell()
        let told = Atomic<Int>(0)
        let total = 50_000
        let ringer = Thread {
            for value in 1...total {
                told.store(value, ordering: .sequentiallyConsistent)
                bell.ring()
            }
        }
        ringer.start()
        // Each wait ends by a ring: the last one, of which nothing follows, may not be missed.
        var waits = 0
        repeat {
            let began = soundClock()
            bell.wait(nanoseconds: 10_000_000_000)
            waits += 1
            #expect(soundClock() - began < .seconds(9), "a ring was missed after \(waits) waits")
        } while told.load(ordering: .sequentiallyConsistent) < total
    }
}
