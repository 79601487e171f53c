internal import SecureChannel
internal import Signalling
internal import Wire

/// What guests say: little while they wait, the rest once one is admitted.
extension ConsultationRoom {
    mutating func receiveFromWaiting(
        _ payload: [UInt8], _ guest: Guest, _ pending: LiveEpoch, now: Instant
    ) {
        var epoch = pending
        do {
            switch try epoch.open(payload, now: now) {
            case .keepAlive: self.visitors[guest.connection] = .waiting(guest, epoch)
            case .bye, .refuse: self.drop(guest.connection, .closed)
            default: self.drop(guest.connection, .malformed)
            }
        } catch {
            self.drop(guest.connection, .malformed)
        }
    }

    mutating func receiveFromAdmitted(
        _ payload: [UInt8], _ pending: LiveEpoch, _ connection: UInt32, now: Instant
    ) {
        var epoch = pending
        let frame: Frame
        do {
            frame = try epoch.open(payload, now: now)
        } catch {
            return self.drop(connection, .malformed)
        }
        self.visitors[connection] = .admitted(epoch)
        switch frame {
        case .consent(let consent):
            self.change { $0.hasConsented = true }
            self.emit(.consented(consent))
        case .refuse: self.hangUp(.consentRefused, now: now)
        case .sessionDescription(.offer, let generation, let text): self.receiveOffer(text, generation, now: now)
        case .candidate(let generation, let text):
            if generation == self.admission?.generation {
                self.emit(.remoteCandidate(generation: generation, text: text))
            }
        case .wordsResult(let same): self.emit(.peerCompared(same: same))
        case .transportBinding(let tag):
            self.binding.received(tag)
            self.checkBinding(now: now)
        case .chat(let id, let text): self.emit(.chat(id: id, text: text.beginning(units: TextBounds.messageUnits)))
        case .bye(let reason): self.finish(EndReason(bye: reason))
        case .keepAlive, .receipt: break
        case .confirm, .waiting, .admit, .sessionDescription, .identityCheck, .keyEncapsulation:
            self.hangUp(.protocolViolation(.frameOfWrongParty), now: now)
        }
    }

    private mutating func receiveOffer(_ text: String, _ generation: UInt32, now: Instant) {
        guard let admission = self.admission else { return }
        guard admission.record.hasConsented else {
            return self.hangUp(.protocolViolation(.offerWithoutConsent), now: now)
        }
        guard generation > admission.generation ?? 0 || admission.generation == nil else { return }
        self.admission?.generation = generation
        self.binding.forgetTag()
        self.emit(.offer(generation: generation, text: text))
    }

    mutating func checkBinding(now: Instant) {
        guard let epoch = self.admittedEpoch else { return }
        switch self.binding.verdict(in: epoch.channel) {
        case .pending: break
        case .holds: self.emit(.bound)
        case .mismatch: self.hangUp(.bindingFailed, now: now)
        }
    }
}
