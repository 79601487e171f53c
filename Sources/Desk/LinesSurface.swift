internal import Console
package import Consultation
package import Endpoint
internal import Glibc
package import Network
package import Phrases
internal import Screens
internal import Sound
internal import Terminal
package import Wire

/// The desk in sentences, one for each change: for screen readers, and where there is no screen to draw on.
///
/// Keys are those of the screens, one octet after the other from standard input. Confined to the driver's thread.
package final class LinesSurface: DeskSurface {
    private let input: KeyInput
    private var stage: Stage
    private var printed: Stage.Shown?
    private var nextLook: Instant = .zero
    private var hasArrival = false
    private let print: (String) -> Void

    package init(phrases: Phrases, isSingle: Bool, print: @escaping (String) -> Void) {
        self.input = KeyInput()
        self.stage = Stage(phrases: phrases, isSingle: isSingle, inSentences: true)
        self.print = print
    }

    package func listen(on waiting: inout WaitList) {
        if let descriptor = self.input.descriptor { waiting.add(descriptor) }
    }

    package var deadline: Instant { min(self.nextLook, self.input.deadline) }

    package func changed() {
        self.nextLook = .zero
    }

    package func arrived(_ guest: Guest, in room: DeskRoom) {
        self.nextLook = .zero
        self.hasArrival = true
    }

    package func serve(_ practice: Practice, driver: CallDriver, now: Instant) {
        for key in self.input.read(now: now) {
            self.stage.update(practice, driver, now: now)
            self.stage.handle(key, practice, driver, now: now)
            self.say()
        }
        if self.hasArrival, practice.call == nil { Chime.play(on: practice.sound.playback) }
        self.hasArrival = false
        guard now >= self.nextLook else { return }
        self.nextLook = now + .seconds(1)
        self.stage.update(practice, driver, now: now)
        self.say()
    }

    package func close() {
        self.input.close()
    }

    private func say() {
        let lines: [String] =
            switch (self.stage.shown, self.printed) {
            case (.desk(let screen), .desk(let old)): screen.lines(since: old)
            case (.call(let screen), .call(let old)): screen.lines(since: old)
            case (.desk(let screen), _): screen.lines(since: nil)
            case (.call(let screen), _): screen.lines(since: nil)
            }
        for line in lines { self.print(line) }
        self.printed = self.stage.shown
    }
}
