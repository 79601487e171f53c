internal import Consultation
package import ICE
package import Wire

/// Keeping the path alive: what follows from silence, from a dead path and from a change of network.
extension PeerSession {
    /// This machine's addresses or routes changed; `sockets` are bound now.
    /// - Parameters:
    ///   - sockets: `nil` while media is not wanted yet.
    ///   - hasOtherAddresses: whether an address came or went; else only the way may be another.
    package func networkChanged(
        _ sockets: [MediaConnection.Socket]?, hasOtherAddresses: Bool, now: Instant
    ) {
        guard self.endReason == nil else { return }
        // Routers announce routes all the time.
        if !hasOtherAddresses, let last = self.lastNetworkChange, now - last < Self.routePause { return }
        self.lastNetworkChange = now
        if let sockets, let former = self.sockets {
            let path = self.media?.selectedPair?.path
            self.sockets = sockets
            self.relays.networkChanged(sockets, now: now)
            self.drainRelays(now: now)
            for socket in former where !sockets.contains(where: { $0.id == socket.id }) {
                self.media?.remove(socket.id, now: now)
            }
            for socket in sockets where !former.contains(where: { $0.id == socket.id }) {
                self.media?.add(socket, now: now)
            }
            if let path, path != self.media?.selectedPair?.path { self.pathWatch.pathLeft(now: now) }
            self.media?.checkPath(within: Self.doubtfulPatience, now: now)
            self.drainMedia(now: now)
        }
        if hasOtherAddresses {
            self.atSeat(now: now, patient: { $0.networkChanged(now: now) }, doctor: { $0.networkChanged(now: now) })
        }
        self.outputs.append(.checkSocket)
        self.servePathWatch(now: now)
    }

    /// One more socket for the peer to be reached by, in mid-call.
    package func add(_ socket: MediaConnection.Socket, now: Instant) {
        guard self.endReason == nil, self.sockets?.contains(where: { $0.id == socket.id }) == false else { return }
        self.sockets?.append(socket)
        self.media?.add(socket, now: now)
        self.drainMedia(now: now)
    }

    /// Another session's path: nothing of this one may leave there.
    package func pathRefused(_ path: Path, now: Instant) {
        guard self.endReason == nil else { return }
        self.media?.pathRefused(path, now: now)
        self.drainMedia(now: now)
    }

    func watchPath(_ state: ICEAgent.State, now: Instant) {
        self.pathWatch.pathStateChanged(state, now: now)
        self.servePathWatch(now: now)
    }

    func servePathWatch(now: Instant) {
        guard self.endReason == nil else { return }
        let action = self.pathWatch.handleTimeout(
            now: now, lastHeard: self.media?.voice?.lastHeard, canRestart: self.canRestart)
        switch action {
        case .check:
            self.outputs.append(.checkSocket)
            self.relays.doubt(now: now)
            self.drainRelays(now: now)
            self.media?.checkPath(within: Self.doubtfulPatience, now: now)
            self.drainMedia(now: now)
        case .restart: self.restart(now: now)
        case .giveUp: self.hangUp(.mediaFailed("the path did not come back"), now: now)
        case nil: break
        }
    }

    private var canRestart: Bool {
        switch self.seat {
        case .patient(let seat): seat.canOffer
        case .doctor(let seat, let room): room.map { seat.canRequestRestart(in: $0) } ?? false
        case .deputy(let deputy): deputy.hasChannel
        }
    }

    /// The patient offers, the doctor asks for it.
    private func restart(now: Instant) {
        self.relays.doubt(now: now)
        self.drainRelays(now: now)
        if self.isPatient {
            self.offer(now: now)
        } else {
            self.pathWatch.restarted(now: now)
            self.renewRelay(now: now)
            self.inSeat(now: now, patient: { _ in }, doctor: { $0.requestRestart(in: $1, now: now) })
        }
    }

    /// The doctor asks for an offer. Both ends notice a dead path at about the same time: one that is on its way will do.
    /// To a new endpoint goes the offer of a new connection: the former one's keys died with the former endpoint.
    func restartRequested(isNewEndpoint: Bool, now: Instant) {
        if isNewEndpoint {
            self.setupDeadline = now + self.configuration.setupLimit
            self.replaceMedia(now: now)
            self.restartCount += 1
            return self.offer(now: now)
        }
        if let last = self.lastOffer, now - last < Self.offerLifetime { return }
        self.offer(now: now)
    }

    /// Media has been silent already: the path is dead if three checks in a row stay unanswered.
    private static let doubtfulPatience: Duration = .milliseconds(1400)
    private static let routePause: Duration = .seconds(2)
    private static let offerLifetime: Duration = .seconds(1)
}
