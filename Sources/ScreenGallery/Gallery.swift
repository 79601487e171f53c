import Console
import Glibc
import Phrases
import ScreenSpecimens
import Terminal

/// Specimens on a terminal, one after another.
struct Gallery {
    var states: [Specimen]
    var phrases: Phrases

    /// - Returns: The exit status.
    func run(environment: [String: String], wantsLines: Bool) -> Int32 {
        let capabilities = Capabilities.ofThisProcess(environment: environment, wantsLines: wantsLines)
        guard capabilities.mode == .screen else {
            self.printLines()
            return 0
        }
        do {
            var device = try TerminalDevice(capabilities: capabilities)
            self.show(on: &device)
            device.close()
            return 0
        } catch {
            print("\(error)")
            return 69
        }
    }

    private func printLines() {
        var old: Specimen.Screen?
        for state in self.states {
            let screen = state.screen(self.phrases)
            for line in screen.lines(since: old) { print(line) }
            old = screen
        }
    }

    private func show(on device: inout TerminalDevice) {
        var index = 0
        var screen = self.states[0].screen(self.phrases)
        while true {
            let size = device.size
            device.show(screen.frame(size.columns, size.rows))
            var entries = [
                pollfd(fd: device.inputDescriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: device.eventDescriptor, events: Int16(POLLIN), revents: 0),
            ]
            let patience = device.awaitsMoreKeys ? KeyDecoder.escapeDelay : .seconds(3600)
            let count = poll(&entries, 2, Int32(patience / .milliseconds(1)))
            if device.takeEvents().contains(.stop) { return }
            guard let read = count == 0 ? device.flushKeys() : device.readKeys() else { return }
            for key in read {
                if key == .character(">") {
                    index = (index + 1) % self.states.count
                    screen = self.states[index].screen(self.phrases)
                    continue
                }
                let actions = screen.handle(key)
                if actions.contains("suspend") { device.suspend() }
                if actions.contains("quit") || actions.contains("leave") || actions.contains("hangUp") { return }
                // What a crash does to a terminal, for the test that kills one from inside.
                if key == .function(12) { abort() }
            }
        }
    }
}
