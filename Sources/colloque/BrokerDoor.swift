import Desk
import Endpoint
import Keystore
import Network
import Phrases
import Primitives

/// How a command has something done at the broker: by the desk that runs here, or by a visit of its own.
///
/// The broker keeps one connection of a key, so that a visit would cut off a call or a desk of the same doctor on this
/// machine.
struct BrokerDoor {
    let broker: WebSocketURL
    let identity: Ed25519.KeyPair
    /// The doctor's directory, where whoever holds the connection is found.
    let home: String

    init(broker: WebSocketURL, identity: UnlockedIdentity, options: GlobalOptions) {
        self.broker = broker
        self.identity = identity.keyPair
        self.home = options.homePath
    }

    /// Has the desk that runs here do it.
    /// - Returns: `false` when none runs, or it is at another broker: ``visit(_:)`` disturbs nobody then.
    func askDesk(_ request: DeskRequest) throws -> Bool {
        switch DeskVisit.ask(request, home: self.home) {
        case nil, .elsewhere: return false
        case .refused:
            throw CommandFailure(SessionTrouble.inCall(request.session.text))
        case .some(let answer):
            try answer.get()
            return true
        }
    }

    /// Goes to the broker; returns when it confirmed everything.
    func visit(_ errand: BrokerErrand) async throws {
        try await errand.run(at: self.broker, as: self.identity)
    }

    /// Whether a desk holds the place at the broker, so that the key is known there.
    var hasDesk: Bool { DeskVisit.isAnswered(home: self.home) }
}
