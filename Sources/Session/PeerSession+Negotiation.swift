internal import Consultation
internal import ICE
internal import SecureChannel
internal import Wire

/// Offers, answers and restarts: which description goes to which connection.
extension PeerSession {
    /// A connection for a new peer endpoint; the former one, if any, is of an endpoint that is gone.
    func replaceMedia(now: Instant) {
        guard let sockets = self.sockets else { return }
        if self.media != nil {
            self.media?.close(now: now)
            self.drainMedia(now: now)
            self.isBound = false
            self.pathWatch.replaced()
            self.inSeat(
                now: now, patient: { $0.transportReplaced() }, doctor: { $0.transportReplaced(in: $1) })
        }
        do {
            let connection = try MediaConnection(
                isPatient: self.isPatient, relayOnly: self.isRelayOnly,
                encoder: self.configuration.encoder, random: self.random.child())
            self.media = connection
            let awaitsRelays = self.relays.isGathering(now: now)
            connection.gather(on: sockets, servers: self.servers, awaitsRelays: awaitsRelays, now: now)
            for allocation in self.relays.allocations { connection.add(allocation, now: now) }
        } catch {
            self.hangUp(.mediaFailed("\(error)"), now: now)
        }
    }

    /// The patient's next offer. While no epoch stands it waits for the resume.
    func offer(now: Instant) {
        guard let media = self.media, case .patient(var seat) = self.seat, seat.canOffer else { return }
        let isRestart = media.remoteFingerprint != nil
        let text = media.makeOffer(now: now)
        self.generation = seat.offer(text, now: now) ?? self.generation
        self.seat = .patient(seat)
        self.lastOffer = now
        self.pathWatch.restarted(now: now)
        if isRestart { self.restartCount += 1 }
        self.atSeat(now: now, patient: { _ in }, doctor: { _ in })
    }

    func acceptAnswer(_ text: String, generation: UInt32, now: Instant) {
        guard generation == self.generation, let media = self.media else { return }
        self.milestones.reach(\.described, now: now)
        do {
            try media.acceptAnswer(text, now: now)
        } catch {
            self.refuse(error, now: now)
        }
    }

    func answer(_ text: String, generation: UInt32, now: Instant) {
        do {
            let fingerprint = try MediaConnection.fingerprint(ofOffer: text)
            if self.media == nil || self.media?.remoteFingerprint != fingerprint {
                self.replaceMedia(now: now)
            } else {
                self.restartCount += 1
                self.renewRelay(now: now)
            }
            self.pathWatch.restarted(now: now)
            guard let media = self.media else { return }
            self.generation = generation
            let answer = try media.answer(text, now: now)
            self.milestones.reach(\.described, now: now)
            for candidate in self.earlyCandidates { media.addRemoteCandidate(candidate, now: now) }
            self.earlyCandidates = []
            self.inSeat(
                now: now, patient: { _ in }, doctor: { $0.answer(answer, generation: generation, in: $1, now: now) })
        } catch {
            self.refuse(error, now: now)
        }
    }

    func tellCandidate(_ text: String, now: Instant) {
        guard let generation = self.generation else { return }
        self.inSeat(
            now: now, patient: { $0.localCandidate(text, now: now) },
            doctor: { $0.localCandidate(text, generation: generation, in: $1, now: now) })
    }

    private func refuse(_ failure: MediaFailure, now: Instant) {
        if case .description(let error) = failure {
            self.hangUp(.protocolViolation(.unreadableDescription("\(error)")), now: now)
        } else {
            self.hangUp(.mediaFailed("\(failure)"), now: now)
        }
    }
}
