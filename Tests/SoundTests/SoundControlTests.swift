import Audio
import Testing
import Wire

@testable import Sound

private func at(_ milliseconds: Int) -> Instant {
    .zero + .milliseconds(milliseconds)
}

@Suite("Which lines work")
struct SoundControlTests {
    /// Both sides open on the default device.
    private func settled() throws -> SoundControl {
        var control = SoundControl(SoundCard.Choice(), now: .zero)
        let (capture, playback) = control.next(now: .zero)
        control.opened(try #require(capture).attempt, .capture, now: at(10))
        control.opened(try #require(playback).attempt, .playback, now: at(10))
        return control
    }

    @Test("nothing changes while all is settled, and each side's first sound is told")
    func settles() throws {
        var control = try self.settled()
        #expect(control.scene.isSettled && control.scene.capture != nil && control.scene.playback != nil)
        let events = control.takeEvents()
        #expect(events == [.opened(.capture, device: "default"), .opened(.playback, device: "default")])
        let first = control.takeChange()
        #expect(first)
        for time in stride(from: 20, through: 500, by: 20) {
            control.advance(now: at(time))
            let (capture, playback) = control.next(now: at(time))
            #expect(capture == nil && playback == nil)
        }
        let later = control.takeChange()
        #expect(!later)
    }

    @Test("a device that is tried beside the current one takes its place: another line, another echo")
    func takesOver() throws {
        var control = SoundControl(SoundCard.Choice(capture: "usb"), now: .zero)
        let (missing, playback) = control.next(now: .zero)
        control.opened(try #require(playback).attempt, .playback, now: at(5))
        control.failed(try #require(missing).attempt, .capture, .missing, now: at(5))
        let standIn = try #require(control.next(now: at(10)).capture)
        #expect(standIn.attempt.device == "default")
        control.opened(standIn.attempt, .capture, now: at(20))
        let echo = try #require(control.scene.echo)
        let usb = try #require(control.next(now: at(2_000)).capture)
        #expect(usb.attempt.device == "usb" && standIn.isWanted && usb.isWanted)
        #expect(control.scene.capture === standIn && control.scene.echo === echo && !control.scene.isSettled)
        control.opened(usb.attempt, .capture, now: at(2_100))
        #expect(control.scene.capture === usb && !standIn.isWanted && usb.isWanted)
        #expect(control.scene.echo !== echo && control.scene.echo != nil && control.scene.isSettled)
    }

    @Test("a device that moves nothing for 1.1 s is lost and its line dismissed, also if it never says so")
    func stalls() throws {
        var control = try self.settled()
        let (capture, playback) = (try #require(control.scene.capture), try #require(control.scene.playback))
        _ = control.takeEvents()
        let silence = [Int16](repeating: 0, count: SoundFrame.samples)
        _ = capture.deliver(silence.span, delay: 0, now: at(1_000))
        control.advance(now: at(1_090))
        #expect(playback.isWanted)
        control.advance(now: at(1_100))
        #expect(!playback.isWanted && capture.isWanted && control.scene.playback == nil && control.scene.echo == nil)
        let events = control.takeEvents()
        #expect(events == [.lost(.playback, device: "default", .unresponsive)])
        control.failed(playback.attempt, .playback, .unplugged, now: at(60_000))
        let late = control.takeEvents()
        #expect(late == [], "what wakes a minute later has nothing to say")
    }

    @Test("choosing and closing dismiss what runs, and what is being opened")
    func dismisses() throws {
        var control = try self.settled()
        let (capture, playback) = (try #require(control.scene.capture), try #require(control.scene.playback))
        control.choose(capture: nil, playback: "other", now: at(20))
        #expect(capture.isWanted && !playback.isWanted && control.scene.playback == nil)
        let other = try #require(control.next(now: at(20)).playback)
        control.close()
        #expect(!capture.isWanted && !other.isWanted && control.scene.isClosed)
        let (none, nothing) = control.next(now: at(9_000))
        #expect(none == nil && nothing == nil)
    }
}

@Suite("The owner of a card, in virtual time")
struct SoundOwnerTests {
    private let desk = SoundDesk(SoundCard.Choice())
    private let frame = [Int16](repeating: 5, count: SoundFrame.samples)
    private let block = [Int16](repeating: 6, count: AudioFormat.blockSamples)
    /// The desk began at the real time; here it is the origin.
    private let start = soundClock()

    private func at(_ milliseconds: Int) -> Instant { self.start + .milliseconds(milliseconds) }

    private func open() throws -> (CaptureLine, PlaybackLine) {
        let (capture, playback) = self.desk.with { $0.next(now: self.at(0)) }
        let lines = (try #require(capture), try #require(playback))
        self.desk.with { control in
            control.opened(lines.0.attempt, .capture, now: self.at(0))
            control.opened(lines.1.attempt, .playback, now: self.at(0))
        }
        return lines
    }

    private func blocks(of owner: inout SoundOwner) -> Int {
        var room = self.block
        var count = 0
        while owner.takeCaptured(into: &room) { count += 1 }
        return count
    }

    @Test("the bell rings for a whole block, for room and for events, and for nothing else; no lock is taken")
    func bell() throws {
        var owner = SoundOwner(now: self.at(0))
        let (capture, playback) = try self.open()
        owner.look(at: self.desk, now: self.at(0))
        owner.settle(self.desk)
        #expect(self.desk.ownerBell.isRung, "two devices have opened")
        #expect(owner.takeEvents().count == 2)
        while owner.wantedBlocks > 0 { owner.play(self.block.span) }
        owner.settle(self.desk)
        #expect(!self.desk.ownerBell.isRung)
        let lockings = self.desk.lockings
        var store = PlaybackStore(now: self.at(0))
        var room = self.frame
        var blocks = 0
        for time in stride(from: 10, through: 2_000, by: 10) {
            let isAwaited = capture.deliver(self.frame.span, delay: 0, now: self.at(time))
            // The first frame of all ends the silence.
            #expect(isAwaited == (time % 20 == 0 || time == 10), "at \(time) ms")
            // The device plays a frame and takes the next.
            store.report(deviceSamples: max(0, store.deviceSamples - 480), now: self.at(time))
            playback.tell(store)
            _ = playback.take(into: &room, counting: &store)
            owner.look(at: self.desk, now: self.at(time))
            owner.settle(self.desk)
            #expect(self.desk.ownerBell.isRung == (time % 20 == 0 || owner.wantedBlocks > 0), "at \(time) ms")
            blocks += self.blocks(of: &owner)
            while owner.wantedBlocks > 0 { owner.play(self.block.span) }
            owner.settle(self.desk)
            #expect(!self.desk.ownerBell.isRung, "at \(time) ms")
        }
        #expect(blocks == 100)
        #expect(self.desk.lockings == lockings)
        #expect(owner.isCapturing && owner.isPlaying)
    }

    @Test("an owner that hangs for 600 ms finds the newest 200 ms and counts the rest as dropped")
    func hangs() throws {
        var owner = SoundOwner(now: self.at(0))
        let (capture, _) = try self.open()
        owner.look(at: self.desk, now: self.at(0))
        for time in stride(from: 10, through: 600, by: 10) {
            let frame = [Int16](repeating: Int16(time), count: SoundFrame.samples)
            _ = capture.deliver(frame.span, delay: 0, now: self.at(time))
        }
        owner.look(at: self.desk, now: self.at(600))
        var room = self.block
        #expect(owner.losses.droppedSamples == 40 * 480)
        let hasBlock = owner.takeCaptured(into: &room)
        #expect(hasBlock && room[0] == 410, "\(room[0])")
        #expect(self.blocks(of: &owner) == 9)
    }

    @Test("a microphone that is lost leaves silence at the clock's pace, and the next one's sound follows")
    func changesOver() throws {
        var owner = SoundOwner(now: self.at(0))
        let (capture, _) = try self.open()
        var samples = 0
        owner.look(at: self.desk, now: self.at(0))
        var line: CaptureLine? = capture
        for time in stride(from: 10, through: 3_000, by: 10) {
            if time == 1_000, let old = line {
                self.desk.with { $0.failed(old.attempt, .capture, .unplugged, now: self.at(time)) }
                line = nil
            }
            if time == 2_000 {
                let next = try #require(self.desk.with { $0.next(now: self.at(time)) }.capture)
                self.desk.with { $0.opened(next.attempt, .capture, now: self.at(time)) }
                line = next
            }
            if let line { _ = line.deliver(self.frame.span, delay: 0, now: self.at(time)) }
            owner.look(at: self.desk, now: self.at(time))
            #expect(owner.isCapturing == (line != nil), "at \(time) ms")
            samples += self.blocks(of: &owner) * AudioFormat.blockSamples
        }
        #expect((2_980 * 48...3_040 * 48).contains(samples), "\(samples)")
    }

    @Test("a closed card gives and wants nothing more, and its bell is silent")
    func closes() throws {
        var owner = SoundOwner(now: self.at(0))
        _ = try self.open()
        owner.look(at: self.desk, now: self.at(10))
        self.desk.with { $0.close() }
        #expect(self.desk.ownerBell.isRung)
        for time in stride(from: 20, through: 1_000, by: 20) {
            owner.look(at: self.desk, now: self.at(time))
            owner.settle(self.desk)
            #expect(self.blocks(of: &owner) == 0 && owner.wantedBlocks == 0, "at \(time) ms")
            #expect(!self.desk.ownerBell.isRung)
        }
    }

    @Test("without a loudspeaker the clock wants fifty blocks a second and throws them away")
    func playsNowhere() {
        var owner = SoundOwner(now: self.at(0))
        var played = 0
        for time in stride(from: 20, through: 2_000, by: 20) {
            owner.look(at: self.desk, now: self.at(time))
            while owner.wantedBlocks > 0 {
                owner.play(self.block.span)
                played += 1
            }
        }
        #expect(played == 100)
        #expect(owner.takeLevels().playback == .silence)
    }
}
