/// A sound card in the hands of a test: plays one file, records another, and tells what happens as JSON lines.
///
///     sound-probe [--capture NAME] [--playback NAME] [--raw] [--play FILE.wav] [--record FILE.raw] [--seconds N]
///     sound-probe --list
///     sound-probe --clean CAPTURED.raw PLAYED.raw OUT.raw
///
/// Lines on standard input change it: `capture NAME`, `playback NAME`, `raw`, `speech`, `stall MILLISECONDS`, `close`;
/// `quiet` ends the reports until the next line, which may be `tell`.
/// Raw files hold 48 kHz mono 16-bit samples without a header. `--clean` runs the speech processor alone.

import Foundation
import Sound

private let arguments = Array(CommandLine.arguments.dropFirst())

@MainActor private func option(_ name: String) -> String? {
    guard let place = arguments.firstIndex(of: name), place + 1 < arguments.count else { return nil }
    return arguments[place + 1]
}

if arguments.contains("--list") {
    for side in SoundSide.allCases {
        for device in SoundDevices.list(side) {
            tell(["side": side.rawValue, "name": device.name, "title": device.title])
        }
    }
} else if arguments.first == "--clean", arguments.count == 4 {
    clean(captured: arguments[1], played: arguments[2], into: arguments[3])
} else {
    let probe = Probe(
        choice: SoundCard.Choice(
            capture: option("--capture"), playback: option("--playback"),
            processing: arguments.contains("--raw") ? .raw : .speech),
        play: option("--play"), record: option("--record"))
    probe.run(seconds: option("--seconds").flatMap(Double.init) ?? .infinity)
}
