internal import Console
package import Consultation
package import Endpoint
package import Network
package import Phrases
internal import Screens
internal import Sound
package import Terminal
package import Wire

/// The desk on a terminal whose screen is redrawn. Confined to the driver's thread.
package final class ScreenSurface: DeskSurface {
    private var device: TerminalDevice
    private var stage: Stage
    private var isDirty = true
    private var hasArrival = false
    private var lastFrame: Instant = .zero
    private var flushAt: Instant = .distantFuture

    /// - Throws: when there is no terminal to hold.
    package init(capabilities: Capabilities, phrases: Phrases, isSingle: Bool) throws {
        self.device = try TerminalDevice(capabilities: capabilities)
        self.stage = Stage(phrases: phrases, isSingle: isSingle, inSentences: false)
    }

    package func listen(on waiting: inout WaitList) {
        waiting.add(self.device.inputDescriptor)
        waiting.add(self.device.eventDescriptor)
    }

    package var deadline: Instant {
        let pause = self.isDirty || self.stage.isLively ? Self.livelyPause : Self.calmPause
        return min(self.lastFrame + pause, self.flushAt)
    }

    package func changed() {
        self.isDirty = true
    }

    package func arrived(_ guest: Guest, in room: DeskRoom) {
        self.device.ring()
        self.isDirty = true
        self.hasArrival = true
    }

    package func serve(_ practice: Practice, driver: CallDriver, now: Instant) {
        for event in self.device.takeEvents() {
            switch event {
            case .resized, .resumed: self.isDirty = true
            case .stop: practice.leave(driver: driver, now: now)
            }
        }
        self.readKeys(practice, driver, now: now)
        if self.hasArrival, practice.call == nil { Chime.play(on: practice.sound.playback) }
        self.hasArrival = false
        guard now >= self.deadline else { return }
        self.lastFrame = now
        self.isDirty = false
        self.stage.update(practice, driver, now: now)
        var frame = Frame(size: self.device.size)
        switch self.stage.shown {
        case .desk(let screen): screen.draw(into: &frame)
        case .call(let screen): screen.draw(into: &frame)
        }
        self.device.show(frame)
    }

    /// Gives the terminal back.
    package func close() {
        self.device.close()
    }

    private func readKeys(_ practice: Practice, _ driver: CallDriver, now: Instant) {
        guard var keys = self.device.readKeys() else { return practice.leave(driver: driver, now: now) }
        if self.flushAt <= now { keys += self.device.flushKeys() }
        // Packets wake this far more often than the delay lasts: they must not put it off.
        if !self.device.awaitsMoreKeys {
            self.flushAt = .distantFuture
        } else if self.flushAt == .distantFuture {
            self.flushAt = now + KeyDecoder.escapeDelay
        }
        for key in keys {
            // What the person saw is what the key was meant for, as long as it is still there.
            self.stage.update(practice, driver, now: now)
            self.stage.handle(key, practice, driver, now: now)
            if self.stage.wantsSuspension { self.device.suspend() }
            self.isDirty = true
            self.lastFrame = .zero
        }
    }

    private static let livelyPause: Duration = .milliseconds(100)
    /// Waiting times count by the second.
    private static let calmPause: Duration = .seconds(1)
}
