/// What to expect of the place where output goes.
package struct Capabilities: Equatable, Sendable {
    package enum Mode: Equatable, Sendable {
        /// A terminal whose screen is redrawn.
        case screen
        /// One line for each change: for screen readers, files and pipes, and terminals that can do no more.
        case lines
    }

    package var mode: Mode
    package var hasColours: Bool

    package init(mode: Mode, hasColours: Bool) {
        self.mode = mode
        self.hasColours = hasColours
    }

    /// - Parameters:
    ///   - environment: `TERM` (unset, empty or `dumb`: lines) and `NO_COLOR` (set and not empty: no colours) are read.
    ///   - isTerminal: Whether input and output both are one.
    ///   - wantsLines: Whether the person asked for lines.
    package init(environment: [String: String], isTerminal: Bool, wantsLines: Bool) {
        let terminal = environment["TERM"] ?? ""
        let isDumb = terminal.isEmpty || terminal == "dumb"
        self.mode = isTerminal && !isDumb && !wantsLines ? .screen : .lines
        let isMonochrome = terminal.hasPrefix("vt1") || terminal.hasPrefix("vt2")
        self.hasColours = self.mode == .screen && (environment["NO_COLOR"] ?? "").isEmpty && !isMonochrome
    }
}
