internal import Consultation
internal import ICE
internal import SecureChannel
internal import SecureTransport
internal import Signalling
internal import TURN
internal import Wire

/// From the seat to the person and to media, and from media to the seat.
extension PeerSession {
    func atSeat(now: Instant, patient: (inout PatientSeat) -> Void, doctor: (inout DoctorSeat) -> Void) {
        switch self.seat {
        case .patient(var seat):
            patient(&seat)
            self.seat = .patient(seat)
            self.drainPatient(now: now)
        case .doctor(var seat, let room):
            doctor(&seat)
            self.seat = .doctor(seat, room: room)
            self.drainDoctor(now: now)
        case .deputy: break  // The seat's own session does it.
        }
        self.drainMedia(now: now)
    }

    /// As ``atSeat(now:patient:doctor:)``, for what concerns this consultation: nothing before a doctor has chosen one.
    func inSeat(
        now: Instant, patient: (inout PatientSeat) -> Void,
        doctor: @escaping @Sendable (inout DoctorSeat, RoomID) -> Void
    ) {
        if case .deputy(let deputy) = self.seat {
            self.outputs.append(.forSeat { doctor(&$0, deputy.room) })
            return self.drainMedia(now: now)
        }
        var room: RoomID?
        if case .doctor(_, let chosen) = self.seat { room = chosen }
        self.atSeat(now: now, patient: patient, doctor: { if let room { doctor(&$0, room) } })
    }

    private func drainPatient(now: Instant) {
        while case .patient(var seat) = self.seat {
            let output = seat.pollOutput()
            self.seat = .patient(seat)
            switch output {
            case .connect: self.outputs.append(.connect)
            case .send(let message): self.outputs.append(.send(message))
            case .disconnect: self.outputs.append(.disconnect)
            case .event(let event): self.route(event, now: now)
            case .wait(let until): return self.seatDue = until
            }
        }
    }

    private func drainDoctor(now: Instant) {
        while case .doctor(var seat, let room) = self.seat {
            let output = seat.pollOutput()
            self.seat = .doctor(seat, room: room)
            switch output {
            case .connect: self.outputs.append(.connect)
            case .send(let message): self.outputs.append(.send(message))
            case .disconnect: self.outputs.append(.disconnect)
            case .event(.online):
                self.milestones.reach(\.signalling, now: now)
                self.emit(.online)
            case .event(.offline): self.emit(.offline)
            case .event(.ended(let reason)) where !self.configuration.endsWithoutPlace: self.emit(.placeLost(reason))
            case .event(.ended(let reason)): self.end(reason, now: now)
            case .event(.room(let subject, let event)):
                if subject == room { self.route(event, now: now) } else { self.emit(.elsewhere(subject, event)) }
            case .wait(let until): return self.seatDue = until
            }
        }
    }

    private func route(_ event: PatientEvent, now: Instant) {
        switch event {
        case .doctorPresent(let isPresent):
            self.milestones.reach(\.signalling, now: now)
            self.emit(.online)
            self.emit(.doctorPresent(isPresent))
        case .epochEstablished(let index): self.epochEstablished(index, now: now)
        case .connectionLost: self.emit(.offline)
        case .waiting(let message): self.emit(.waiting(message: message))
        case .introduced(let introduction, let words):
            self.wordsLanguage = introduction.language
            self.meet(words)
        case .admitted(let relayOnly, let relay):
            self.milestones.reach(\.admitted, now: now)
            self.relay = relay.map { self.usable($0) }
            self.relayGrantedAt = now
            self.isRelayOnlyByPeer = relayOnly
            self.emit(.admitted)
            self.wantMedia(now: now)
        case .resumed(let relay):
            if let relay { self.granted(relay, now: now) }
            if self.media != nil, self.media?.secured == nil { self.offer(now: now) }
            self.pathWatch.channelEstablished(now: now)
            self.servePathWatch(now: now)
        case .relay(let relay): self.granted(relay, now: now)
        case .answer(let generation, let text): self.acceptAnswer(text, generation: generation, now: now)
        case .remoteCandidate(_, let text): self.media?.addRemoteCandidate(text, now: now)
        case .restartRequested(let isNewEndpoint): self.restartRequested(isNewEndpoint: isNewEndpoint, now: now)
        case .bound: self.bind(now: now)
        case .peerCompared(let same): self.emit(.peerCompared(same: same))
        case .chat(let id, let text): self.emit(.chat(id: id, text: text))
        case .ended(let reason): self.end(reason, now: now)
        }
    }

    func route(_ event: RoomEvent, now: Instant) {
        switch event {
        case .opened: self.emit(.roomOpened)
        case .closed: self.emit(.roomClosed)
        case .arrived(let guest):
            self.milestones.reach(\.handshake, now: now)
            self.emit(.guestArrived(guest))
        case .left(let guest): self.emit(.guestLeft(guest))
        case .admitted(let guest):
            self.milestones.reach(\.admitted, now: now)
            self.emit(.admitted)
            self.meet(guest.authentication)
        case .relay(let relay): self.granted(relay, now: now)
        case .epochEstablished(let index):
            self.epochEstablished(index, now: now)
            self.pathWatch.channelEstablished(now: now)
            self.servePathWatch(now: now)
            // A patient who comes back to a doctor without media talks to an endpoint that is no more.
            if index > 0, self.media == nil {
                self.inSeat(
                    now: now, patient: { _ in }, doctor: { $0.requestRestart(isNewEndpoint: true, in: $1, now: now) })
            }
        case .connectionLost: self.emit(.offline)
        case .admissionChanged(let record): self.emit(.admissionChanged(record))
        case .consented, .turnedAway: break
        case .offer(let generation, let text):
            if self.sockets == nil {
                self.pendingOffer = (generation, text)
                self.wantMedia(now: now)
            } else {
                self.answer(text, generation: generation, now: now)
            }
        case .remoteCandidate(_, let text):
            if self.media == nil {
                if self.earlyCandidates.count < Self.mostEarlyCandidates { self.earlyCandidates.append(text) }
            } else {
                self.media?.addRemoteCandidate(text, now: now)
            }
        case .bound: self.bind(now: now)
        case .peerCompared(let same): self.emit(.peerCompared(same: same))
        case .chat(let id, let text): self.emit(.chat(id: id, text: text))
        case .stray(let count): self.emit(.stray(count: count))
        case .ended(let reason): self.end(reason, now: now)
        }
    }

    func drainMedia(now: Instant) {
        while let media = self.media {
            switch media.pollOutput() {
            case .transmit(let path, let datagram): self.transmit(datagram, on: path, now: now)
            case .event(let event): self.route(event, now: now)
            case .wait: return
            }
        }
    }

    private func route(_ event: MediaConnection.Event, now: Instant) {
        switch event {
        case .localCandidate(let text): self.tellCandidate(text, now: now)
        case .path(let pair):
            self.milestones.reach(\.path, now: now)
            self.pathTransport = self.relays.transport(of: pair.socket)
            self.emit(.path(pair))
        case .pathState(let state):
            self.emit(.pathState(state))
            self.watchPath(state, now: now)
        case .peerVerified(let certificates):
            self.inSeat(
                now: now, patient: { $0.peerVerified(certificates, now: now) },
                doctor: { $0.peerVerified(certificates, in: $1, now: now) })
        case .secured(let certificates):
            self.milestones.reach(\.secured, now: now)
            self.setupDeadline = nil
            self.pathWatch.secured()
            self.emit(.secured)
            self.inSeat(
                now: now, patient: { $0.transportConnected(certificates, now: now) },
                doctor: { $0.transportConnected(certificates, in: $1, now: now) })
        case .peerSaidGoodbye: break
        case .failed(.secureTransport(.fingerprintMismatch)): self.hangUp(.bindingFailed, now: now)
        case .failed(let failure): self.hangUp(.mediaFailed("\(failure)"), now: now)
        }
    }

    // MARK: Steps

    /// Asks for sockets, unless everything has to go through a relay and there is none: then nothing is gathered.
    private func wantMedia(now: Instant) {
        let hasRelay = self.relay?.urls.compactMap(RelayURI.init).contains { $0.service != .stun } ?? false
        guard hasRelay || !self.isRelayOnly else { return self.hangUp(.noRelay, now: now) }
        self.emit(.mediaWanted)
    }

    func meet(_ words: ShortAuthenticationString) {
        self.authentication = words
        self.emit(.words(words, self.wordsLanguage))
    }

    private func epochEstablished(_ index: UInt32, now: Instant) {
        self.milestones.reach(\.handshake, now: now)
        if index > 0 { self.restartCount += 1 }
        self.emit(.epochEstablished(index: index))
    }

    private func bind(now: Instant) {
        self.milestones.reach(\.bound, now: now)
        self.isBound = true
        self.media?.voice?.isOpen = true
        self.pathWatch.voiceOpened(now: now)
        self.emit(.bound)
    }

    private func end(_ reason: EndReason, now: Instant) {
        guard self.endReason == nil else { return }
        self.endReason = reason
        self.setupDeadline = nil
        self.closeMedia(now: now)
        self.emit(.ended(reason))
    }

    /// No browser has more; whoever sends more has nothing to gain by it.
    private static let mostEarlyCandidates = 64

    func emit(_ event: SessionEvent) {
        self.outputs.append(.event(event))
    }
}
