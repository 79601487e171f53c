internal import CConsole
internal import Glibc
package import Terminal

extension Capabilities {
    /// What standard input and output are, and what the environment says of them.
    package static func ofThisProcess(environment: [String: String], wantsLines: Bool) -> Capabilities {
        let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        return Capabilities(environment: environment, isTerminal: isTerminal, wantsLines: wantsLines)
    }
}

/// Cells in a row of the terminal that standard output is, or standard error when asked; `nil` where it is none.
package func columnsOfOutput(apart: Bool = false) -> Int? {
    let descriptor = apart ? STDERR_FILENO : STDOUT_FILENO
    var columns: Int32 = 0
    var rows: Int32 = 0
    guard isatty(descriptor) == 1, colloque_console_size(descriptor, &columns, &rows) == 0, columns > 0 else {
        return nil
    }
    return Int(columns)
}
