internal import Consultation
package import ICE
internal import Signalling
package import Wire

/// Between the allocations on relays and media: what is sent through which, and who hears of it.
extension PeerSession {
    package func resolved(_ host: String, addresses: [RelaySet.ServerAddress], now: Instant) {
        self.relays.resolved(host, addresses: addresses, now: now)
        self.drainRelays(now: now)
    }

    /// - Parameter local: The address of this machine that the stream stands on, if it is known.
    package func streamOpened(_ id: SocketID, local: IPAddress?, now: Instant) {
        self.relays.streamOpened(id, local: local, now: now)
        self.drainRelays(now: now)
    }

    package func receive(_ octets: [UInt8], onStream id: SocketID, now: Instant) {
        self.relays.streamReceived(id, octets, now: now)
        self.drainRelays(now: now)
    }

    /// The stream was not to be had, or is over.
    package func streamClosed(_ id: SocketID, now: Instant) {
        self.relays.streamClosed(id, now: now)
        self.drainRelays(now: now)
    }

    /// The broker granted relays, at first or anew.
    func granted(_ relay: RelayCredentials, now: Instant) {
        let relay = self.usable(relay)
        self.relay = relay
        self.relayGrantedAt = now
        guard self.sockets != nil else { return }
        self.relays.update(relay, now: now)
        self.drainRelays(now: now)
    }

    /// A restart may need new allocations, and the credentials for them may be too old: the doctor has both ends
    /// granted new ones.
    func renewRelay(now: Instant) {
        guard let relay = self.relay, let grantedAt = self.relayGrantedAt,
            now - grantedAt >= .seconds(Int(relay.timeToLive) / 2)
        else { return }
        self.inSeat(now: now, patient: { _ in }, doctor: { $0.requestRelay(in: $1) })
    }

    func transmit(_ datagram: [UInt8], on path: Path, now: Instant) {
        guard path.socket.rawValue < 0 else { return self.outputs.append(.transmit(path, datagram)) }
        self.relays.send(datagram, on: path, now: now)
        self.routeRelays(now: now)
    }

    /// Says goodbye to the peer, then to the relays.
    func closeMedia(now: Instant) {
        self.media?.close(now: now)
        self.drainMedia(now: now)
        self.relays.close(now: now)
        self.drainRelays(now: now)
    }

    func drainRelays(now: Instant) {
        self.routeRelays(now: now)
        self.drainMedia(now: now)
    }

    private func routeRelays(now: Instant) {
        while true {
            switch self.relays.pollOutput() {
            case .transmit(let path, let datagram): self.outputs.append(.transmit(path, datagram))
            case .resolve(let host): self.outputs.append(.resolve(host: host))
            case .openStream(let id, let target): self.outputs.append(.openStream(id, target))
            case .write(let id, let octets): self.outputs.append(.write(id, octets))
            case .closeStream(let id): self.outputs.append(.closeStream(id))
            case .stunServers(let servers):
                self.servers += servers.filter { !self.servers.contains($0) }
                self.media?.addServers(servers, now: now)
            case .allocated(let allocation): self.media?.add(allocation, now: now)
            case .lost(let id): self.media?.remove(id, now: now)
            case .received(let datagram, let peer, let id):
                self.media?.receive(datagram, from: peer, on: id, now: now)
            case .peerRefused(let ip, let id): self.media?.relayRefused(ip, on: id, now: now)
            case .wait:
                self.media?.setAwaitsRelays(self.relays.isGathering(now: now), now: now)
                return
            }
        }
    }
}
