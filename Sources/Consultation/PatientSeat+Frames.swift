internal import SecureChannel
internal import Wire

/// What the doctor says inside an epoch.
extension PatientSeat {
    mutating func receiveFrame(_ payload: [UInt8], now: Instant) {
        guard case .established(var epoch) = self.connection else { return }
        let frame: Frame
        do {
            frame = try epoch.open(payload, now: now)
        } catch {
            return self.cryptographicLoss(error, now: now)
        }
        self.connection = .established(epoch)
        switch frame {
        case .waiting(let message): self.emit(.waiting(message: message.beginning(units: TextBounds.messageUnits)))
        case .admit(let flags): self.receiveAdmission(flags, now: now)
        case .refuse(.otherDeviceAdmitted): self.giveWay(.refused(.otherDeviceAdmitted), now: now)
        case .refuse(let reason): self.end(.refused(reason))
        case .sessionDescription(let kind, let generation, let text): self.receiveDescription(kind, generation, text)
        case .candidate(let generation, let text):
            if generation == self.generation { self.emit(.remoteCandidate(generation: generation, text: text)) }
        case .wordsResult(let same): self.emit(.peerCompared(same: same))
        case .transportBinding(let tag):
            self.binding.received(tag)
            self.checkBinding(now: now)
        case .chat(let id, let text): self.emit(.chat(id: id, text: text.beginning(units: TextBounds.messageUnits)))
        case .keepAlive:
            if epoch.sentNothing(for: Timetable.keepAliveAnswer, now: now) { self.send(.keepAlive, now: now) }
        case .bye(let reason): self.end(EndReason(bye: reason))
        case .identityCheck, .receipt: break
        case .confirm, .consent, .keyEncapsulation:
            self.hangUp(.protocolViolation(.frameOfWrongParty), now: now)
        }
    }

    private mutating func receiveAdmission(_ flags: Frame.AdmissionFlags, now: Instant) {
        let isFirst = !self.isAdmitted
        self.isAdmitted = true
        self.formers = []
        self.failedAttempts = 0
        guard !isFirst else {
            self.emit(.admitted(relayOnly: flags.contains(.relayOnly), relay: self.relay))
            if self.hasConsented { self.sendConsent(now: now) }
            return
        }
        if self.hasConsented { self.sendConsent(now: now) }
        if let epoch = self.liveEpoch, let report = self.binding.epochEstablished(epoch.channel, now: now) {
            self.send(report, now: now)
        }
        self.checkBinding(now: now)
        if let same = self.comparison { self.send(.wordsResult(isSame: same), now: now) }
        self.emit(.resumed(relay: self.relay))
    }

    private mutating func receiveDescription(_ kind: Frame.DescriptionKind, _ generation: UInt32, _ text: String) {
        switch kind {
        case .answer where generation == self.generation:
            self.answerDeadline = nil
            self.binding.forgetTag()
            self.emit(.answer(generation: generation, text: text))
        case .restart:
            self.emit(.restartRequested(isNewEndpoint: text == Frame.newEndpoint))
        case .answer, .offer:
            break
        }
    }

    mutating func sendConsent(now: Instant) {
        self.send(
            .consent(
                Frame.Consent(
                    version: Self.consentVersion, language: self.configuration.language,
                    textHash: self.configuration.consentTextHash, time: self.unixTime(now))), now: now)
    }

    mutating func checkBinding(now: Instant) {
        guard let epoch = self.liveEpoch else { return }
        switch self.binding.verdict(in: epoch.channel) {
        case .pending: break
        case .holds: self.emit(.bound)
        case .mismatch: self.hangUp(.bindingFailed, now: now)
        }
    }
}
