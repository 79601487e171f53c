internal import Glibc
package import Terminal

extension Capabilities {
    /// What standard input and output are, and what the environment says of them.
    package static func ofThisProcess(environment: [String: String], wantsLines: Bool) -> Capabilities {
        let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        return Capabilities(environment: environment, isTerminal: isTerminal, wantsLines: wantsLines)
    }
}
