internal import SecureChannel
package import Wire

/// What the patient and the media session have the seat say.
extension PatientSeat {
    /// The patient agrees. Goes out once the doctor has admitted, and again in every epoch.
    package mutating func consent(now: Instant) {
        guard !self.hasConsented else { return }
        self.hasConsented = true
        if self.isAdmitted { self.sendConsent(now: now) }
    }

    package mutating func refuseConsent(now: Instant) {
        self.send(.refuse(.none), now: now)
        self.end(.consentRefused)
    }

    /// Whether an offer would go out now.
    package var canOffer: Bool {
        if case .established = self.connection { self.isAdmitted && self.hasConsented } else { false }
    }

    /// Sends an offer under the next generation.
    /// - Returns: that generation; ``PatientEvent/answer(generation:text:)`` names it again. `nil` while no epoch
    ///   stands: wait for ``PatientEvent/resumed(relay:)``.
    package mutating func offer(_ text: String, now: Instant) -> UInt32? {
        guard self.canOffer else { return nil }
        let next = self.generation.map { $0 + 1 } ?? 0
        self.generation = next
        self.binding.forgetTag()
        self.answerDeadline = now + Timetable.answer
        self.send(.sessionDescription(.offer, generation: next, text: text), now: now)
        return next
    }

    /// Sends a local candidate of the current offer; an empty text ends them.
    package mutating func localCandidate(_ text: String, now: Instant) {
        guard let generation = self.generation else { return }
        self.send(.candidate(generation: generation, text: text), now: now)
    }

    /// The doctor's end proved in DTLS to own its certificate, and has yet to finish.
    package mutating func peerVerified(_ certificates: SeenCertificates, now: Instant) {
        if let report = self.binding.peerVerified(certificates, epoch: self.liveEpoch?.channel) {
            self.send(report, now: now)
        }
    }

    package mutating func transportConnected(_ seen: SeenCertificates, now: Instant) {
        self.hasMedia = true
        let report = self.binding.transportConnected(seen, epoch: self.liveEpoch?.channel, now: now)
        if let report { self.send(report, now: now) }
        self.checkBinding(now: now)
    }

    /// The transport is being replaced by one with another certificate.
    package mutating func transportReplaced() {
        self.hasMedia = false
        self.binding.transportReplaced()
    }

    package mutating func compare(same: Bool, now: Instant) {
        self.comparison = same
        self.send(.wordsResult(isSame: same), now: now)
        guard !same else { return }
        self.send(.bye(.wordsDiffer), now: now)
        self.end(.wordsDiffer)
    }

    package mutating func chat(id: UInt32, text: String, now: Instant) {
        self.send(.chat(id: id, text: text.beginning(units: TextBounds.messageUnits)), now: now)
    }

    /// Says goodbye and ends; the other end learns the reason.
    package mutating func hangUp(_ reason: EndReason = .hungUp, now: Instant) {
        guard !self.isFinished else { return }
        self.send(.bye(reason.bye), now: now)
        self.end(reason)
    }

    package var isFinished: Bool {
        if case .finished = self.connection { true } else { false }
    }
}
