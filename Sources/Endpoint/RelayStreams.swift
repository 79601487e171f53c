internal import ICE
internal import NIOCore
internal import Network
internal import Session

/// The byte streams to relays that a session asked for, by its names for them. Confined to the driver's thread.
struct RelayStreams {
    private var connections: [SocketID: StreamConnection] = [:]
    private let trust: ServerTrust
    private let group: any EventLoopGroup

    init(trust: ServerTrust, group: any EventLoopGroup) {
        self.trust = trust
        self.group = group
    }

    mutating func open(
        _ id: SocketID, to target: RelaySet.StreamTarget, onEvent: @escaping @Sendable (StreamEvent) -> Void
    ) {
        self.connections[id] = StreamClient.connect(
            to: target.host, port: target.port, trust: target.isSecure ? self.trust : nil,
            eventLoopGroup: self.group, onEvent: onEvent)
    }

    func write(_ octets: [UInt8], to id: SocketID) {
        self.connections[id]?.send(octets)
    }

    /// Whether events of this stream are still of interest.
    func contains(_ id: SocketID) -> Bool { self.connections[id] != nil }

    mutating func close(_ id: SocketID) {
        self.connections.removeValue(forKey: id)?.close()
    }

    mutating func closeAll() {
        for id in Array(self.connections.keys) { self.close(id) }
    }
}
