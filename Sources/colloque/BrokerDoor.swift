import Endpoint
import Keystore
import Network
import Primitives

/// How a command has something done at the broker.
///
/// The broker keeps one connection of a key, so that a visit of its own would cut off a call or a desk of the same
/// doctor on this machine.
struct BrokerDoor {
    let broker: WebSocketURL
    let identity: Ed25519.KeyPair
    /// The doctor's directory, where whoever holds the connection would be found.
    let home: String

    init(broker: WebSocketURL, identity: UnlockedIdentity, options: GlobalOptions) {
        self.broker = broker
        self.identity = identity.keyPair
        self.home = options.homePath
    }

    /// Returns when the broker confirmed it.
    func perform(_ errand: BrokerErrand) async throws {
        try await errand.run(at: self.broker, as: self.identity)
    }
}
