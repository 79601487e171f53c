import NIOConcurrencyHelpers
import Network
import Wire

/// Whether somebody holds the control socket, and whether the relay is to end.
final class Supervision: Sendable {
    private struct State {
        var supervisors = 0
        var aloneSince: Instant?
        var isStopped = false
        var onStop: (@Sendable () -> Void)?
    }

    private let state = NIOLockedValueBox(State(aloneSince: monotonicNow()))

    func entered() {
        self.state.withLockedValue { state in
            state.supervisors += 1
            state.aloneSince = nil
        }
    }

    func left() {
        self.state.withLockedValue { state in
            state.supervisors -= 1
            if state.supervisors == 0 { state.aloneSince = monotonicNow() }
        }
    }

    /// Called once, at the first stop, also one that came before.
    func onStop(_ body: @escaping @Sendable () -> Void) {
        let isStopped = self.state.withLockedValue { state in
            state.onStop = body
            return state.isStopped
        }
        if isStopped { body() }
    }

    func stop() {
        let body = self.state.withLockedValue { state -> (@Sendable () -> Void)? in
            guard !state.isStopped else { return nil }
            state.isStopped = true
            return state.onStop
        }
        body?()
    }

    /// Nobody has held the control socket for so long.
    func isAbandoned(for duration: Duration) -> Bool {
        self.state.withLockedValue { state in
            state.aloneSince.map { monotonicNow() - $0 >= duration } ?? false
        }
    }
}
