import ArgumentParser
import Console
import Foundation
import Phrases
import Sound
import Terminal

/// What the commands at which a person sits have in common.
struct SeatOptions: ParsableArguments {
    @OptionGroup var speech: SpeechOptions

    @Flag(help: "Print a line for each change instead of drawing a screen, for screen readers.")
    var lines = false

    @Option(
        help: ArgumentHelp("The microphone, by its ALSA name; see `colloque check --devices`.", valueName: "device"))
    var microphone: String?

    @Option(help: ArgumentHelp("The loudspeaker, by its ALSA name.", valueName: "device"))
    var loudspeaker: String?

    @Flag(help: "Send sound untouched: no echo, noise or gain is worked on, for breath and cough.")
    var raw = false

    var phrases: Phrases { Speech.phrases }

    var sound: SoundCard.Choice {
        SoundCard.Choice(
            capture: self.microphone, playback: self.loudspeaker, processing: self.raw ? .raw : .speech)
    }

    /// Prints sentences, broken between words where a terminal shows them; to standard error beside a document.
    func speaker(isJSON: Bool) -> (String) -> Void {
        { line in
            let columns = columnsOfOutput() ?? .max
            let text = columns >= 20 && columns < .max ? line.wrapped(to: columns).joined(separator: "\n") : line
            let output = isJSON ? FileHandle.standardError : FileHandle.standardOutput
            try? output.write(contentsOf: Data("\(text)\n".utf8))
        }
    }

    var capabilities: Capabilities {
        .ofThisProcess(environment: ProcessInfo.processInfo.environment, wantsLines: self.lines)
    }
}
