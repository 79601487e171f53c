/// Shows any state of the doctor's screens on a real terminal: `screen-gallery [--lines] [--language L] NAME…`
///
/// Without a name it lists them. With several, `>` shows the next. Keys act on the screen; its actions appear in the
/// notice line or, in lines, by name. For tests and for eyes; not part of the product.

import Glibc
import Phrases
import ScreenSpecimens
import Terminal

private func environment() -> [String: String] {
    var result: [String: String] = [:]
    for name in ["TERM", "NO_COLOR", "LC_ALL", "LC_MESSAGES", "LANG"] {
        if let value = getenv(name) { result[name] = String(cString: value) }
    }
    return result
}

private var names: [String] = []
private var language: String?
private var wantsLines = false
private var arguments = CommandLine.arguments.dropFirst().makeIterator()
while let argument = arguments.next() {
    switch argument {
    case "--lines": wantsLines = true
    case "--language": language = arguments.next()
    default: names.append(argument)
    }
}

private let phrases = Phrases(Language.chosen(option: language, environment: environment()))
private let states = names.compactMap { Specimen.named($0) }
if states.isEmpty || states.count < names.count {
    for name in Specimen.names { print(name) }
    exit(names.isEmpty ? 0 : 64)
}
exit(Gallery(states: states, phrases: phrases).run(environment: environment(), wantsLines: wantsLines))
