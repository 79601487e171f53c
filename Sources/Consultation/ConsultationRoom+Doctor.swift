internal import Invitation
internal import SecureChannel
internal import Signalling
internal import Wire

/// What the doctor decides, and what the doctor's media session has to say.
extension ConsultationRoom {
    var guests: [Guest] {
        self.visitors.values.compactMap { if case .waiting(let guest, _) = $0 { guest } else { nil } }
            .sorted { $0.number < $1.number }
    }

    mutating func tellWaiting(_ message: String, now: Instant) {
        self.waitingMessage = message.beginning(units: TextBounds.messageUnits)
        for guest in self.guests { self.send(.waiting(message: self.waitingMessage), to: guest.connection, now: now) }
    }

    /// Lets one guest in and everybody else out. A guest who left in the meantime, or a second admission, is ignored.
    mutating func admit(_ connection: UInt32, now: Instant) {
        guard self.admission == nil, case .waiting(let guest, let epoch) = self.visitors[connection] else { return }
        let record = AdmissionRecord(
            resumption: epoch.channel.resumption, lastEpoch: 0, hasConsented: false, comparison: nil,
            authentication: guest.authentication, guestNumber: guest.number)
        self.admission = Admission(record: record, connection: connection)
        self.visitors[connection] = .admitted(epoch)
        // On the disk before the link is used up: else a crash in between locks the patient out.
        self.emit(.admissionChanged(record))
        self.outputs.append(
            .send(.roomConsume(room: self.roomID, rejoinHash: record.resumption.rejoinHash)))
        for other in self.visitors.keys.sorted() where other != connection {
            // Who is still in the handshake cannot be told why but by the code.
            let isGuest = if case .waiting = self.visitors[other] { true } else { false }
            self.send(.refuse(.otherDeviceAdmitted), to: other, now: now)
            self.drop(other, isGuest ? .closed : .used)
        }
        self.grantAndAdmit(connection, now: now)
        self.emit(.admitted(guest))
        self.emit(.epochEstablished(index: 0))
    }

    mutating func refuse(_ connection: UInt32, _ reason: RefusalReason, now: Instant) {
        guard case .waiting = self.visitors[connection] else { return }
        self.send(.refuse(reason), to: connection, now: now)
        self.drop(connection, .closed)
    }

    mutating func answer(_ text: String, generation: UInt32, now: Instant) {
        guard generation == self.admission?.generation else { return }
        self.sendToAdmitted(.sessionDescription(.answer, generation: generation, text: text), now: now)
    }

    /// Sends a local candidate of the answer to `generation`; an empty text ends them.
    mutating func localCandidate(_ text: String, generation: UInt32, now: Instant) {
        guard generation == self.admission?.generation else { return }
        self.sendToAdmitted(.candidate(generation: generation, text: text), now: now)
    }

    /// A sealed channel with the admitted guest stands.
    var hasChannel: Bool { self.admittedEpoch != nil }

    /// Asks the patient for a new offer. While no epoch stands there is nothing to do: a resume brings one.
    /// - Parameter isNewEndpoint: this end's former media endpoint is gone: the offer has to be for a new connection.
    mutating func requestRestart(isNewEndpoint: Bool, now: Instant) {
        let generation = self.admission?.generation ?? 0
        let text = isNewEndpoint ? Frame.newEndpoint : ""
        self.sendToAdmitted(.sessionDescription(.restart, generation: generation, text: text), now: now)
    }

    /// Has the broker grant both ends fresh credentials for its relays.
    mutating func requestRelay() {
        guard self.hasChannel, let connection = self.admission?.connection else { return }
        self.outputs.append(.send(.turnGrant(connection: connection)))
    }

    mutating func peerVerified(_ certificates: SeenCertificates, now: Instant) {
        let report = self.binding.peerVerified(certificates, epoch: self.admittedEpoch?.channel)
        if let report { self.sendToAdmitted(report, now: now) }
    }

    mutating func transportConnected(_ seen: SeenCertificates, now: Instant) {
        let report = self.binding.transportConnected(seen, epoch: self.admittedEpoch?.channel, now: now)
        if let report { self.sendToAdmitted(report, now: now) }
        self.checkBinding(now: now)
    }

    mutating func transportReplaced() {
        self.binding.transportReplaced()
    }

    mutating func compare(same: Bool, now: Instant) {
        self.change { $0.comparison = same }
        self.sendToAdmitted(.wordsResult(isSame: same), now: now)
        if !same { self.hangUp(.wordsDiffer, now: now) }
    }

    mutating func chat(id: UInt32, text: String, now: Instant) {
        self.sendToAdmitted(.chat(id: id, text: text.beginning(units: TextBounds.messageUnits)), now: now)
    }

    /// Says goodbye, forgets everybody and asks the broker to do the same.
    mutating func hangUp(_ reason: EndReason, now: Instant) {
        guard !self.isFinished else { return }
        self.sendToAdmitted(.bye(reason.bye), now: now)
        for guest in self.guests { self.refuse(guest.connection, .notNow, now: now) }
        self.finish(reason)
    }

    /// Changes what is kept of the admission, and says so.
    mutating func change(_ body: (inout AdmissionRecord) -> Void) {
        guard var admission = self.admission else { return }
        body(&admission.record)
        guard admission.record != self.admission?.record else { return }
        self.admission = admission
        self.emit(.admissionChanged(admission.record))
    }
}
