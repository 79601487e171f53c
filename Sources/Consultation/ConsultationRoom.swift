internal import Invitation
internal import SecureChannel
internal import Signalling
internal import Wire

/// One room as its doctor runs it: who holds the link, who waits, the one who was admitted.
///
/// Composed by ``DoctorSeat``, which owns the socket. A person sees a guest only after that guest's CONFIRM verified.
struct ConsultationRoom: Sendable {
    enum Output: Equatable, Sendable {
        case send(Envelope)
        case event(RoomEvent)
    }

    private enum Visitor: Sendable {
        /// PEER_UP came; message 1 is awaited.
        case arrived(JoinMode, deadline: Instant)
        /// Message 2 is out.
        case confirming(AwaitedConfirmation, deadline: Instant)
        case waiting(Guest, LiveEpoch)
        case admitted(LiveEpoch)
    }

    /// What lasts from admission on.
    private struct Admission: Sendable {
        let resumption: Resumption
        /// `nil` while the admitted guest is not connected.
        var connection: UInt32?
        var lastEpoch: UInt32 = 0
        var hasConsented = false
        var generation: UInt32?
        var comparison: Bool?
    }

    let secrets: RoomSecrets
    private let language: LanguageCode
    private let relayOnly: Bool
    private var random: RandomSource
    private var visitors: [UInt32: Visitor] = [:]
    private var admission: Admission?
    private var guestCount = 0
    private var waitingMessage = ""
    private var allowance: HandshakeAllowance
    private var seenEphemerals = RecentSet<[UInt8]>(capacity: 1024)
    private var binding = BindingCheck()
    private(set) var isFinished = false
    private var outputs: [Output] = []

    init(secrets: RoomSecrets, language: LanguageCode, relayOnly: Bool, random: RandomSource, now: Instant) {
        self.secrets = secrets
        self.language = language
        self.relayOnly = relayOnly
        self.random = random
        self.allowance = HandshakeAllowance(now: now)
    }

    var roomID: RoomID { self.secrets.keys.roomID }

    /// What the broker must know to let the admitted guest, and nobody else, come back.
    var rejoinHash: [UInt8]? { self.admission?.resumption.rejoinHash }

    mutating func takeOutputs() -> [Output] {
        defer { self.outputs.removeAll() }
        return self.outputs
    }

    // MARK: The broker

    mutating func peerUp(_ connection: UInt32, _ mode: JoinMode, now: Instant) {
        self.visitors[connection] = .arrived(mode, deadline: now + Timetable.messageOne)
    }

    mutating func peerDown(_ connection: UInt32) {
        guard let visitor = self.visitors.removeValue(forKey: connection) else { return }
        switch visitor {
        case .waiting(let guest, _): self.emit(.left(guest))
        case .admitted: self.loseAdmitted()
        case .arrived, .confirming: break
        }
    }

    /// This end's own socket is gone, and every connection with it.
    mutating func socketLost() {
        for connection in self.visitors.keys.sorted() { self.peerDown(connection) }
    }

    mutating func receive(_ payload: [UInt8], from connection: UInt32, now: Instant) {
        switch self.visitors[connection] {
        case .arrived(.fresh, _): self.receiveCall(payload, connection, now: now)
        case .arrived(.resume, _): self.receiveResume(payload, connection, now: now)
        case .confirming(let awaited, _): self.receiveConfirmation(payload, awaited, connection, now: now)
        case .waiting(let guest, let epoch): self.receiveFromWaiting(payload, guest, epoch, now: now)
        case .admitted(let epoch): self.receiveFromAdmitted(payload, epoch, connection, now: now)
        case nil: break
        }
    }

    mutating func handleTimeout(now: Instant) {
        for (connection, visitor) in self.visitors.sorted(by: { $0.key < $1.key }) {
            switch visitor {
            case .arrived(_, let deadline), .confirming(_, let deadline):
                if deadline <= now { self.drop(connection, .unknownOrExpired) }
            case .waiting(_, let epoch):
                if epoch.silenceDeadline <= now {
                    self.drop(connection, .unknownOrExpired)
                } else if epoch.keepAliveAt <= now {
                    self.send(.keepAlive, to: connection, now: now)
                }
            case .admitted(let epoch):
                if epoch.silenceDeadline <= now || (self.binding.deadline ?? .distantFuture) <= now {
                    self.drop(connection, .unknownOrExpired)
                } else if epoch.keepAliveAt <= now {
                    self.send(.keepAlive, to: connection, now: now)
                }
            }
        }
    }

    var deadline: Instant {
        var earliest = self.binding.deadline ?? .distantFuture
        for visitor in self.visitors.values {
            switch visitor {
            case .arrived(_, let deadline), .confirming(_, let deadline): earliest = min(earliest, deadline)
            case .waiting(_, let epoch), .admitted(let epoch): earliest = min(earliest, epoch.nextDeadline)
            }
        }
        return earliest
    }

    // MARK: The doctor

    var guests: [Guest] {
        self.visitors.values.compactMap { if case .waiting(let guest, _) = $0 { guest } else { nil } }
            .sorted { $0.number < $1.number }
    }

    mutating func tellWaiting(_ message: String, now: Instant) {
        self.waitingMessage = message
        for guest in self.guests { self.send(.waiting(message: message), to: guest.connection, now: now) }
    }

    /// Lets one guest in and everybody else out. A guest who left in the meantime, or a second admission, is ignored.
    mutating func admit(_ connection: UInt32, now: Instant) {
        guard self.admission == nil, case .waiting(let guest, let epoch) = self.visitors[connection] else { return }
        self.admission = Admission(resumption: epoch.channel.resumption, connection: connection)
        self.visitors[connection] = .admitted(epoch)
        self.outputs.append(
            .send(.roomConsume(room: self.roomID, rejoinHash: epoch.channel.resumption.rejoinHash)))
        for other in self.visitors.keys.sorted() where other != connection {
            self.send(.refuse(.otherDeviceAdmitted), to: other, now: now)
            self.drop(other, .closed)
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

    /// Asks the patient for a new offer. While no epoch stands there is nothing to do: a resume brings one.
    /// A sealed channel with the admitted guest stands.
    var hasChannel: Bool { self.admittedEpoch != nil }

    mutating func requestRestart(now: Instant) {
        let generation = self.admission?.generation ?? 0
        self.sendToAdmitted(.sessionDescription(.restart, generation: generation, text: ""), now: now)
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
        self.admission?.comparison = same
        self.sendToAdmitted(.wordsResult(isSame: same), now: now)
        if !same { self.hangUp(.wordsDiffer, now: now) }
    }

    mutating func chat(id: UInt32, text: String, now: Instant) {
        self.sendToAdmitted(.chat(id: id, text: text), now: now)
    }

    /// Says goodbye, forgets everybody and asks the broker to do the same.
    mutating func hangUp(_ reason: EndReason, now: Instant) {
        guard !self.isFinished else { return }
        self.sendToAdmitted(.bye(reason.bye), now: now)
        for guest in self.guests { self.refuse(guest.connection, .notNow, now: now) }
        self.finish(reason)
    }

    // MARK: Handshakes

    private mutating func receiveCall(_ payload: [UInt8], _ connection: UInt32, now: Instant) {
        guard self.admission == nil else { return self.drop(connection, .used) }
        let handshake: DoctorHandshake
        do {
            handshake = try DoctorHandshake(
                readingCall: payload, roomKeys: self.secrets.keys, sessionKey: self.secrets.sessionKey,
                delegation: self.secrets.delegation)
        } catch {
            return self.drop(connection, .malformed)
        }
        guard self.seenEphemerals.insert(handshake.patientEphemeral) else {
            return self.drop(connection, .malformed)
        }
        guard self.allowance.take(now: now) else { return self.drop(connection, .rate) }
        self.answerHandshake(handshake, connection, now: now)
    }

    private mutating func receiveResume(_ payload: [UInt8], _ connection: UInt32, now: Instant) {
        guard let admission = self.admission else { return self.drop(connection, .unknownOrExpired) }
        do {
            let handshake = try DoctorHandshake(
                readingResume: payload, resumption: admission.resumption, sessionKey: self.secrets.sessionKey,
                lastEpoch: admission.lastEpoch)
            self.answerHandshake(handshake, connection, now: now)
        } catch {
            self.drop(connection, .malformed)
        }
    }

    private mutating func answerHandshake(_ handshake: DoctorHandshake, _ connection: UInt32, now: Instant) {
        do {
            let (messageTwo, awaited) = try handshake.answer(language: self.language, random: &self.random)
            self.outputs.append(.send(.relay(connection: connection, payload: messageTwo)))
            self.visitors[connection] = .confirming(awaited, deadline: now + Timetable.confirm)
        } catch {
            self.drop(connection, .malformed)
        }
    }

    private mutating func receiveConfirmation(
        _ payload: [UInt8], _ awaited: AwaitedConfirmation, _ connection: UInt32, now: Instant
    ) {
        let confirmed: DoctorEpoch
        do {
            confirmed = try awaited.read(payload)
        } catch {
            return self.drop(connection, .malformed)
        }
        let epoch = LiveEpoch(channel: confirmed.channel, firstFrameWithin: Timetable.silence, now: now)
        guard let words = confirmed.authentication else {
            return self.resume(epoch, connection, now: now)
        }
        self.allowance.giveBack()
        guard self.admission == nil else { return self.drop(connection, .used) }
        self.guestCount += 1
        let guest = Guest(
            connection: connection, number: self.guestCount, displayName: confirmed.displayName,
            authentication: words)
        self.visitors[connection] = .waiting(guest, epoch)
        self.send(.waiting(message: self.waitingMessage), to: connection, now: now)
        self.emit(.arrived(guest))
    }

    private mutating func resume(_ epoch: LiveEpoch, _ connection: UInt32, now: Instant) {
        guard let admission = self.admission, epoch.channel.index > admission.lastEpoch else {
            return self.drop(connection, .malformed)
        }
        if let old = admission.connection, old != connection { self.drop(old, .closed) }
        self.admission?.lastEpoch = epoch.channel.index
        self.admission?.connection = connection
        self.visitors[connection] = .admitted(epoch)
        self.grantAndAdmit(connection, now: now)
        if let report = self.binding.epochEstablished(epoch.channel, now: now) {
            self.sendToAdmitted(report, now: now)
        }
        if let same = admission.comparison { self.sendToAdmitted(.wordsResult(isSame: same), now: now) }
        self.emit(.epochEstablished(index: epoch.channel.index))
    }

    private mutating func grantAndAdmit(_ connection: UInt32, now: Instant) {
        self.outputs.append(.send(.turnGrant(connection: connection)))
        self.send(.admit(self.relayOnly ? .relayOnly : []), to: connection, now: now)
    }

    // MARK: Frames

    private mutating func receiveFromWaiting(
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

    private mutating func receiveFromAdmitted(
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
            self.admission?.hasConsented = true
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
        case .chat(let id, let text): self.emit(.chat(id: id, text: text))
        case .bye(let reason): self.finish(EndReason(bye: reason))
        case .keepAlive, .receipt: break
        case .confirm, .waiting, .admit, .sessionDescription, .identityCheck, .keyEncapsulation:
            self.hangUp(.protocolViolation(.frameOfWrongParty), now: now)
        }
    }

    private mutating func receiveOffer(_ text: String, _ generation: UInt32, now: Instant) {
        guard let admission = self.admission else { return }
        guard admission.hasConsented else {
            return self.hangUp(.protocolViolation(.offerWithoutConsent), now: now)
        }
        guard generation > admission.generation ?? 0 || admission.generation == nil else { return }
        self.admission?.generation = generation
        self.binding.forgetTag()
        self.emit(.offer(generation: generation, text: text))
    }

    private mutating func checkBinding(now: Instant) {
        guard let epoch = self.admittedEpoch else { return }
        switch self.binding.verdict(in: epoch.channel) {
        case .pending: break
        case .holds: self.emit(.bound)
        case .mismatch: self.hangUp(.bindingFailed, now: now)
        }
    }

    // MARK: Leaving

    private mutating func drop(_ connection: UInt32, _ code: ErrorCode) {
        self.outputs.append(.send(.drop(connection: connection, code: code)))
        let visitor = self.visitors.removeValue(forKey: connection)
        switch visitor {
        case .waiting(let guest, _): self.emit(.left(guest))
        case .admitted: self.loseAdmitted()
        case .arrived, .confirming: self.emit(.turnedAway(code))
        case nil: break
        }
    }

    private mutating func loseAdmitted() {
        self.admission?.connection = nil
        self.binding.epochLost()
        self.emit(.connectionLost)
    }

    private mutating func finish(_ reason: EndReason) {
        guard !self.isFinished else { return }
        self.isFinished = true
        self.visitors.removeAll()
        self.outputs.append(.send(.roomClose(room: self.roomID)))
        self.emit(.ended(reason))
    }

    // MARK: Sending

    private var admittedEpoch: LiveEpoch? {
        guard let connection = self.admission?.connection,
            case .admitted(let epoch) = self.visitors[connection]
        else { return nil }
        return epoch
    }

    private mutating func sendToAdmitted(_ frame: Frame, now: Instant) {
        guard let connection = self.admission?.connection else { return }
        self.send(frame, to: connection, now: now)
    }

    private mutating func send(_ frame: Frame, to connection: UInt32, now: Instant) {
        do {
            let sealed: [UInt8]
            switch self.visitors[connection] {
            case .waiting(let guest, var epoch):
                sealed = try epoch.seal(frame, now: now)
                self.visitors[connection] = .waiting(guest, epoch)
            case .admitted(var epoch):
                sealed = try epoch.seal(frame, now: now)
                self.visitors[connection] = .admitted(epoch)
            case .arrived, .confirming, nil:
                return
            }
            self.outputs.append(.send(.relay(connection: connection, payload: sealed)))
        } catch {
            self.drop(connection, .closed)
        }
    }

    private mutating func emit(_ event: RoomEvent) {
        self.outputs.append(.event(event))
    }
}
