internal import Glibc
package import Network
internal import Wire

/// The place of the desk in a doctor's home: whoever holds it is the only one to change the rooms there.
package enum DeskPlace<Answer> {
    /// This process has it, until it lets go of the lock.
    case taken(ProcessLock)
    /// A desk or a call has it, and said this.
    case served(Answer)

    /// Asks whoever has the place, or takes it.
    ///
    /// While a command is at work there, or a desk is on its way in or out, it waits; blocks for up to fifteen seconds.
    /// - Parameter ask: `nil` for nobody who answers.
    /// - Returns: `nil` when it could be neither asked nor taken.
    package static func find(home: String, ask: () -> Answer?) -> DeskPlace? {
        let end = monotonicNow() + .seconds(15)
        while true {
            if let answer = ask() { return .served(answer) }
            if let lock = ProcessLock(directory: home, name: "desk.lock") { return .taken(lock) }
            guard monotonicNow() < end else { return nil }
            // Nobody is told when a lock file or a socket changes hands: asked again, too seldom to cost anything.
            usleep(50_000)
        }
    }
}
