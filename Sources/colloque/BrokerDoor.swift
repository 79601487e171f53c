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

    /// Has the desk that runs here do it, or does it here where none runs: then none begins, and no other command
    /// changes a room, before `body` has returned. A desk at another broker has nothing to do with the room.
    func ask(_ request: DeskRequest, orDo body: () async throws -> Void) async throws {
        switch DeskPlace.find(home: self.home, ask: { DeskVisit.ask(request, home: self.home) }) {
        case nil: throw CommandFailure(CommandTrouble.alreadyRunning)
        case .served(.elsewhere): try await body()
        case .served(.refused): throw CommandFailure(SessionTrouble.inCall(request.session.text))
        case .served(.unwritten): throw CommandFailure(CommandTrouble.unwritable(path: "\(self.home)/rooms"))
        case .served(let answer): try answer.get()
        case .taken(let lock):
            defer { withExtendedLifetime(lock) {} }
            try await body()
        }
    }

    /// Goes to the broker; returns when it confirmed everything.
    func visit(_ errand: BrokerErrand) async throws {
        try await errand.run(at: self.broker, as: self.identity)
    }

    /// Whether a desk holds the place at the broker, so that the key is known there.
    var hasDesk: Bool { DeskVisit.isAnswered(home: self.home) }
}
