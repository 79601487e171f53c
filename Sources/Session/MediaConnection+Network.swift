package import ICE
internal import TURN
package import Wire

/// What the connection stands on: sockets, allocations and servers, as they come and go.
extension MediaConnection {
    /// Begins; sockets, allocations and STUN servers may follow later.
    /// - Parameter awaitsRelays: see ``setAwaitsRelays(_:now:)``.
    package func gather(
        on sockets: [Socket], servers: [TransportAddress], awaitsRelays: Bool = false, now: Instant
    ) {
        for socket in sockets { self.ice.addLocalSocket(socket.id, base: socket.base, kind: socket.kind, now: now) }
        self.ice.setServers(stun: servers)
        self.ice.setAwaitsRelays(awaitsRelays, now: now)
        self.ice.gather(now: now)
        self.drainICE(now: now)
    }

    package func add(_ socket: Socket, now: Instant) {
        self.ice.addLocalSocket(socket.id, base: socket.base, kind: socket.kind, now: now)
        self.drainICE(now: now)
    }

    /// A way to the peer through a relay; what leaves on its path the owner hands to the allocation.
    package func add(_ allocation: RelaySet.Allocation, now: Instant) {
        self.allocations.insert(allocation.id)
        let detour = TURNClient.Transport.allCases.firstIndex(of: allocation.transport) ?? 0
        self.ice.addRelayedSocket(
            allocation.id, relayed: allocation.relayed, mapped: allocation.mapped, detour: detour, now: now)
        self.drainICE(now: now)
    }

    /// A socket or an allocation is gone.
    package func remove(_ socket: SocketID, now: Instant) {
        self.ice.removeLocalSocket(socket, now: now)
        self.drainICE(now: now)
    }

    package func addServers(_ servers: [TransportAddress], now: Instant) {
        self.ice.addServers(stun: servers, now: now)
        self.drainICE(now: now)
    }

    /// While relays are asked the peer is not told that there are no more candidates.
    package func setAwaitsRelays(_ awaits: Bool, now: Instant) {
        self.ice.setAwaitsRelays(awaits, now: now)
        self.drainICE(now: now)
    }

    /// See ``ICEAgent/checkPath(within:now:)``.
    package func checkPath(within patience: Duration, now: Instant) {
        self.ice.checkPath(within: patience, now: now)
        self.drainICE(now: now)
    }

    /// See ``ICEAgent/pathRefused(_:now:)``.
    package func pathRefused(_ path: Path, now: Instant) {
        self.ice.pathRefused(path, now: now)
        self.drainICE(now: now)
    }

    /// The relay of an allocation sends nothing to this address.
    package func relayRefused(_ ip: IPAddress, on socket: SocketID, now: Instant) {
        self.ice.relayRefused(ip, on: socket, now: now)
        self.drainICE(now: now)
    }
}
