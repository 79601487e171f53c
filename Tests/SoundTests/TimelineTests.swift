import Audio
import Testing
import Wire

@testable import Sound

private func at(_ milliseconds: Int) -> Instant {
    .zero + .milliseconds(milliseconds)
}

private func frame(_ value: Int16) -> [Int16] {
    [Int16](repeating: value, count: 480)
}

/// For what changes as it is asked.
private func required<Value>(_ value: Value?, at place: SourceLocation = #_sourceLocation) throws -> Value {
    try #require(value, sourceLocation: place)
}

private func expect<Value: Equatable>(
    _ value: Value, _ wanted: Value, _ comment: Comment? = nil, at place: SourceLocation = #_sourceLocation
) {
    #expect(value == wanted, comment, sourceLocation: place)
}

@Suite("Captured sound on a time line without holes")
struct CaptureTimelineTests {
    @Test("a device that is lost and comes back leaves as many samples as time has passed")
    func keepsTime() {
        var block = [Int16](repeating: 0, count: AudioFormat.blockSamples)
        var timeline = CaptureTimeline(now: .zero)
        var blocks = 0
        for time in stride(from: 10, through: 10_000, by: 10) {
            let isThere = time <= 3_000 || time > 7_000
            if time == 3_010 { timeline.lose(now: at(time)) }
            if isThere { timeline.deliver(frame(1), now: at(time)) }
            if time % 20 == 0 { timeline.advance(now: at(time)) }
            while timeline.take(into: &block) { blocks += 1 }
        }
        #expect((499...501).contains(blocks))
        #expect(timeline.droppedSamples == 0)
    }

    @Test("what a stalled device delivers late is dropped for the silence that stood in")
    func dropsTheLate() {
        var block = [Int16](repeating: 0, count: AudioFormat.blockSamples)
        var timeline = CaptureTimeline(now: .zero)
        var samples = 0
        timeline.deliver(frame(1), now: at(10))
        for time in stride(from: 20, through: 500, by: 20) {
            timeline.advance(now: at(time))
            while timeline.take(into: &block) { samples += block.count }
        }
        // 490 ms of sound in one go, oldest first.
        for _ in 0..<49 {
            timeline.deliver(frame(2), now: at(500))
            while timeline.take(into: &block) { samples += block.count }
        }
        #expect((500 * 48...541 * 48).contains(samples), "\(samples)")
    }

    @Test("the oldest are dropped when nobody takes blocks")
    func isBounded() {
        var block = [Int16](repeating: 0, count: AudioFormat.blockSamples)
        var timeline = CaptureTimeline(now: .zero)
        for index in 1...100 { timeline.deliver(frame(Int16(index)), now: at(index * 10)) }
        #expect(timeline.queuedSamples == CaptureTimeline.longestQueue)
        expect(timeline.take(into: &block), true)
        #expect(block.first == 81)
    }
}

@Suite("Playback that wants blocks")
struct PlaybackTimelineTests {
    private let block = [Int16](repeating: 7, count: AudioFormat.blockSamples)

    @Test("without a device the clock wants fifty blocks a second")
    func clock() {
        var timeline = PlaybackTimeline(now: .zero)
        var played = 0
        for time in stride(from: 20, through: 2_000, by: 20) {
            timeline.advance(now: at(time))
            while timeline.owed > 0 {
                expect(timeline.play(), false, "thrown away")
                played += 1
            }
        }
        #expect(played == 100)
    }

    @Test("with a device, queue and device never hold more than the depth")
    func depth() {
        let line = PlaybackLine(DeviceWatch.Attempt(number: 1, device: "default"), now: .zero)
        var store = PlaybackStore(deviceSamples: 960, now: .zero)
        line.tell(store)
        var device = 960
        var room = frame(0)
        for time in stride(from: 10, through: 1_000, by: 10) {
            device -= 480
            store.report(deviceSamples: device, now: at(time))
            line.tell(store)
            while line.wantedBlocks > 0 { line.play(self.block.span) }
            while device + 480 <= store.deviceDepth, line.take(into: &room, counting: &store) { device += 480 }
            #expect(device + line.queuedSamples <= PlaybackStore.initialDepth)
            #expect(device >= 480)
            #expect(line.lastSign == at(time))
        }
    }

    @Test("a device that takes nothing for 100 ms hands over to the clock, and takes over again")
    func stall() {
        var timeline = PlaybackTimeline(now: .zero)
        timeline.begin(now: .zero)
        for time in stride(from: 10, through: 200, by: 10) {
            timeline.hear(signAt: .zero)
            timeline.advance(now: at(time))
        }
        #expect(timeline.isDriving)
        #expect((9...10).contains(timeline.owed))
        timeline.hear(signAt: at(210))
        #expect(!timeline.isDriving)
        #expect(timeline.owed == 0)
        expect(timeline.play(), true, "for the device")
    }

    @Test("what waits when a device stops is not played when it goes on")
    func discards() {
        let line = PlaybackLine(DeviceWatch.Attempt(number: 1, device: "default"), now: .zero)
        var store = PlaybackStore(now: .zero)
        var room = frame(0)
        line.play(self.block.span)
        line.drive(byClock: true)
        expect(line.take(into: &room, counting: &store), false)
        line.drive(byClock: false)
        expect(line.take(into: &room, counting: &store), false)
        line.play([Int16](repeating: 8, count: AudioFormat.blockSamples).span)
        expect(line.take(into: &room, counting: &store), true)
        #expect(room[0] == 8)
        #expect(store.deviceSamples == 480)
    }

    @Test("a device that runs dry twice in 10 s gets 10 ms more in store, and less after 40 s of calm")
    func grows() {
        var store = PlaybackStore(now: .zero)
        for time in [0, 100, 1_000, 1_200] { store.runDry(now: at(time)) }
        #expect(store.depth == PlaybackStore.initialDepth + 480)
        #expect(store.dryCount == 4)
        for time in stride(from: 1_200, through: 40_900, by: 20) { store.advance(now: at(time)) }
        #expect(store.depth == PlaybackStore.initialDepth + 480)
        store.advance(now: at(41_000))
        #expect(store.depth == PlaybackStore.initialDepth)
    }
}

@Suite("Which device to try")
struct DeviceWatchTests {
    @Test("a missing device is named once, the default stands in, and the device is taken when it comes")
    func standIn() throws {
        var watch = DeviceWatch(chosen: "usb", now: .zero)
        let first = try required(watch.next(now: .zero))
        #expect(first.device == "usb")
        expect(watch.next(now: .zero), nil, "one attempt at a time")
        expect(watch.failed(first, .missing, now: at(10)), .lost("usb", .missing))
        let second = try required(watch.next(now: at(10)))
        #expect(second.device == "default")
        expect(watch.opened(second, now: at(50)), .returned("default"))
        expect(watch.next(now: at(60)), nil)
        var time = 60
        for _ in 0..<5 {
            time += 1_000
            let probe = try required(watch.next(now: at(time)))
            #expect(probe.device == "usb")
            expect(watch.failed(probe, .missing, now: at(time)), nil, "the default goes on unmentioned")
            #expect(watch.current == second)
        }
        let last = try required(watch.next(now: at(time + 1_000)))
        expect(watch.opened(last, now: at(time + 1_050)), .opened("usb"))
        expect(watch.next(now: at(time + 9_000)), nil)
    }

    @Test("an unplugged device is lost once and tried often enough to be back within 2 s")
    func unplugged() throws {
        var watch = DeviceWatch(chosen: "default", now: .zero)
        let first = try required(watch.next(now: .zero))
        expect(watch.opened(first, now: .zero), .opened("default"))
        expect(watch.failed(first, .unplugged, now: at(1_000)), .lost("default", .unplugged))
        var tries = 0
        for time in stride(from: 1_000, to: 5_000, by: 20) {
            guard let attempt = watch.next(now: at(time)) else { continue }
            tries += 1
            expect(watch.failed(attempt, .missing, now: at(time)), nil, "no second message")
        }
        #expect(tries >= 8, "\(tries)")
        let last = try required(watch.next(now: at(6_000)))
        expect(watch.opened(last, now: at(6_050)), .returned("default"))
    }

    @Test("what belongs to a forgotten attempt is ignored")
    func forgotten() throws {
        var watch = DeviceWatch(chosen: "a", now: .zero)
        let old = try required(watch.next(now: .zero))
        watch.choose("b", now: at(10))
        expect(watch.opened(old, now: at(20)), nil)
        expect(watch.failed(old, .busy, now: at(20)), nil)
        #expect(watch.current == nil)
        expect(watch.next(now: at(20))?.device, "b")
    }

    @Test("an opening that never ends is told once")
    func hangs() throws {
        var watch = DeviceWatch(chosen: "default", now: .zero)
        _ = try required(watch.next(now: .zero))
        expect(watch.advance(now: at(2_000)), nil)
        expect(watch.advance(now: at(3_000)), .lost("default", .unresponsive))
        expect(watch.advance(now: at(3_100)), nil)
    }
}

@Suite("Echo and its reference")
struct EchoReferenceTests {
    @Test("two clocks 300 ppm apart: each frame is paired within the tolerance, by a slip each half minute")
    func drift() {
        for partsPerMillion in [300.0, -300] {
            var reference = EchoReference()
            var random = RandomSource.seeded(3)
            var played = 0
            var room = frame(0)
            var worst: Double = 0
            for captured in 0..<29_000 {
                let now = Double(captured) * 10
                while Double(played) * 10 / (1 + partsPerMillion / 1e6) <= now {
                    // Heard 40 ms after it is written, by a device that is wrong by up to 5 ms.
                    let sounds = Double(played) * 10 / (1 + partsPerMillion / 1e6) + 40
                    let told = sounds + (random.unitInterval() - 0.5) * 10
                    reference.play(
                        frame(Int16(played % 30_000)), soundingAt: .zero + .microseconds(Int64(told * 1_000)))
                    played += 1
                }
                reference.take(capturedAt: at(Int(now) - 20), into: &room)
                guard captured > 100, room[0] > 0 else { continue }
                let sounded = Double(room[0]) * 10 / (1 + partsPerMillion / 1e6) + 40
                worst = max(worst, abs(sounded - (now - 20 + EchoReference.lead.milliseconds)))
            }
            #expect(worst < 20, "\(worst) ms off at \(partsPerMillion) ppm")
            #expect((5...12).contains(reference.slips), "\(reference.slips)")
        }
    }
}
