package import Invitation
package import SecureChannel
internal import Signalling
package import Wire

/// The patient's end of the sealed conversation: joins a room, proves the link, waits, and keeps coming back.
///
/// Feed it what the socket and the session say, drain ``pollOutput()`` until it waits. It knows nothing of media:
/// descriptions, candidates and certificates pass through as values.
package struct PatientSeat: Sendable {
    /// What this end tells of itself and how it behaves.
    package struct Configuration: Sendable {
        /// At most 64 octets of UTF-8, sealed; empty for none.
        package var displayName: String
        /// Two letters, for the doctor's information.
        package var language: LanguageCode
        /// SHA-256 of the consent text that the patient was shown.
        package var consentTextHash: [UInt8]

        package init(displayName: String, language: LanguageCode, consentTextHash: [UInt8]) {
            self.displayName = displayName
            self.language = language
            self.consentTextHash = consentTextHash
        }
    }

    private enum Connection: Sendable {
        /// No socket; the next attempt starts then.
        case offline(until: Instant)
        case opening(deadline: Instant)
        /// JOIN is out.
        case joining(JoinMode, deadline: Instant)
        /// In the room; the doctor is away.
        case doctorAway(JoinMode)
        /// Message 1 is out.
        case handshaking(PatientHandshake, deadline: Instant)
        case established(LiveEpoch)
        case finished
    }

    private let keys: RoomKeys
    private let invitation: Invitation
    private let configuration: Configuration
    private var random: RandomSource
    private let unixTimeAtZero: Int64

    private var connection: Connection = .finished
    private var backoff = Backoff()
    private var failedAttempts = 0
    private var mustResume = false
    /// The broker did not know this end's resumption: not admitted yet, or the doctor's word is still on its way.
    private var joinsFresh = false

    // What outlives an epoch, from CONFIRM on.
    private var resumption: Resumption?
    private var epochIndex: UInt32 = 0
    private var isAdmitted = false
    private var hasConsented = false
    private var hasMedia = false
    private var relay: RelayCredentials?
    private var generation: UInt32?
    private var answerDeadline: Instant?
    private var comparison: Bool?
    private var binding = BindingCheck()

    private var outputs: [SeatOutput<PatientEvent>] = []

    /// - Parameter unixTimeAtZero: Unix seconds at ``Instant/zero`` of the caller's clock, for the delegation's dates.
    package init(invitation: Invitation, configuration: Configuration, unixTimeAtZero: Int64, random: RandomSource) {
        self.invitation = invitation
        self.keys = RoomKeys(invitation)
        self.configuration = configuration
        self.unixTimeAtZero = unixTimeAtZero
        self.random = random
    }

    // MARK: The socket

    package mutating func start(now: Instant) {
        self.open(now: now)
    }

    package mutating func socketOpened(now: Instant) {
        guard case .opening = self.connection else { return }
        let resumption = self.joinsFresh ? nil : self.resumption
        let mode: JoinMode = resumption == nil ? .fresh : .resume
        let token = resumption?.rejoinToken ?? self.keys.joinToken
        self.send(.join(version: Envelope.version, room: self.keys.roomID, token: token.bytes, mode: mode))
        self.connection = .joining(mode, deadline: now + Timetable.state)
    }

    /// - Parameter retriesAtOnce: the socket that stood died of something that the next one need not suffer from.
    package mutating func socketClosed(retriesAtOnce: Bool = false, now: Instant) {
        switch self.connection {
        case .offline, .finished: break
        case .established, .doctorAway:
            guard retriesAtOnce else { return self.retry(now: now) }
            self.loseEpoch()
            self.emit(.connectionLost)
            self.open(now: now)
        case .opening, .joining, .handshaking: self.retry(now: now)
        }
    }

    /// This machine has other addresses: an attempt under way may be lost with the old ones, and one that waits need
    /// not wait. A socket that stands is the shell's to judge.
    package mutating func networkChanged(now: Instant) {
        switch self.connection {
        case .offline:
            self.backoff.reset()
            self.open(now: now)
        case .opening, .joining, .handshaking: self.leaveAndRejoin(now: now)
        case .doctorAway, .established, .finished: break
        }
    }

    /// One binary message of the broker. What is no envelope for a patient is ignored.
    package mutating func receive(_ message: [UInt8], now: Instant) {
        guard !self.isFinished, let envelope = try? Envelope(decoding: message, for: .patient) else { return }
        switch envelope {
        case .state(let doctorPresent): self.receiveState(doctorPresent, now: now)
        case .relay(_, let payload): self.receiveRelay(payload, now: now)
        case .turn(_, let credentials): self.relay = credentials
        case .error(let code, _): self.receiveError(code, now: now)
        default: break
        }
    }

    package mutating func handleTimeout(now: Instant) {
        switch self.connection {
        case .offline(let until):
            if until <= now { self.open(now: now) }
        case .opening(let deadline), .joining(_, let deadline), .handshaking(_, let deadline):
            if deadline <= now { self.leaveAndRetry(now: now) }
        case .established(let epoch):
            self.handleEpochTimeout(epoch, now: now)
        case .doctorAway, .finished:
            break
        }
    }

    package mutating func pollOutput() -> SeatOutput<PatientEvent> {
        guard self.outputs.isEmpty else { return self.outputs.removeFirst() }
        return .wait(until: self.deadline)
    }

    // MARK: The person and the media session

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
        self.send(.chat(id: id, text: text), now: now)
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

    // MARK: Joining

    private mutating func open(now: Instant) {
        self.connection = .opening(deadline: now + Timetable.connect)
        self.outputs.append(.connect)
    }

    private mutating func receiveState(_ doctorPresent: Bool, now: Instant) {
        switch self.connection {
        case .joining(let mode, _), .doctorAway(let mode):
            self.emit(.doctorPresent(doctorPresent))
            if doctorPresent {
                self.sendMessageOne(mode, now: now)
            } else {
                self.connection = .doctorAway(mode)
            }
        case .handshaking, .established:
            // A connection carries one epoch: when the doctor comes back, so does this end.
            self.emit(.doctorPresent(doctorPresent))
            if doctorPresent { self.leaveAndRejoin(now: now) }
        case .offline, .opening, .finished:
            break
        }
    }

    private mutating func sendMessageOne(_ mode: JoinMode, now: Instant) {
        do {
            let handshake: PatientHandshake
            if mode == .resume, let resumption = self.resumption {
                self.epochIndex += 1
                handshake = try PatientHandshake(
                    resuming: resumption, sessionPublicKey: self.invitation.sessionPublicKey,
                    epoch: self.epochIndex, random: &self.random)
            } else {
                self.epochIndex = 0
                handshake = try PatientHandshake(
                    calling: self.keys, sessionPublicKey: self.invitation.sessionPublicKey,
                    language: self.configuration.language, random: &self.random)
            }
            self.send(.relay(connection: 0, payload: handshake.messageOne))
            self.connection = .handshaking(handshake, deadline: now + Timetable.messageTwo)
        } catch {
            self.end(.cryptographicFailure(error))
        }
    }

    private mutating func receiveError(_ code: ErrorCode, now: Instant) {
        if case .joining(.resume, _) = self.connection, code == .unknownOrExpired, !self.isAdmitted {
            guard !self.mustResume else { return self.end(.turnedAway(code)) }
            self.joinsFresh = true
            return self.leaveAndRejoin(now: now)
        }
        if case .joining(.fresh, _) = self.connection, code == .used, self.joinsFresh {
            // Admitted after all: both sockets broke between the doctor's word to the broker and the one to this end.
            self.joinsFresh = false
            return self.leaveAndRetry(now: now)
        }
        guard self.isAdmitted else { return self.end(.turnedAway(code)) }
        self.leaveAndRetry(now: now)
    }

    private mutating func receiveRelay(_ payload: [UInt8], now: Instant) {
        switch self.connection {
        case .handshaking(let handshake, _): self.receiveMessageTwo(payload, handshake, now: now)
        case .established: self.receiveFrame(payload, now: now)
        case .offline, .opening, .joining, .doctorAway, .finished: break
        }
    }

    private mutating func receiveMessageTwo(_ payload: [UInt8], _ pending: PatientHandshake, now: Instant) {
        var handshake = pending
        let epoch: PatientEpoch
        do {
            epoch = try handshake.readMessageTwo(payload, unixTime: self.unixTime(now))
        } catch {
            return self.cryptographicLoss(error, now: now)
        }
        self.connection = .established(
            LiveEpoch(channel: epoch.channel, firstFrameWithin: Timetable.firstFrame, now: now))
        self.send(epoch.confirmation(displayName: self.configuration.displayName), now: now)
        self.emit(.epochEstablished(index: epoch.channel.index))
        guard let introduction = epoch.introduction, let words = epoch.authentication else { return }
        self.resumption = epoch.channel.resumption
        self.joinsFresh = false
        self.generation = nil
        self.comparison = nil
        self.emit(.introduced(introduction, words))
    }

    // MARK: Frames

    private mutating func receiveFrame(_ payload: [UInt8], now: Instant) {
        guard case .established(var epoch) = self.connection else { return }
        let frame: Frame
        do {
            frame = try epoch.open(payload, now: now)
        } catch {
            return self.cryptographicLoss(error, now: now)
        }
        self.connection = .established(epoch)
        switch frame {
        case .waiting(let message): self.emit(.waiting(message: message))
        case .admit(let flags): self.receiveAdmission(flags, now: now)
        case .refuse(let reason): self.end(.refused(reason))
        case .sessionDescription(let kind, let generation, let text): self.receiveDescription(kind, generation, text)
        case .candidate(let generation, let text):
            if generation == self.generation { self.emit(.remoteCandidate(generation: generation, text: text)) }
        case .wordsResult(let same): self.emit(.peerCompared(same: same))
        case .transportBinding(let tag):
            self.binding.received(tag)
            self.checkBinding(now: now)
        case .chat(let id, let text): self.emit(.chat(id: id, text: text))
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
            self.emit(.restartRequested)
        case .answer, .offer:
            break
        }
    }

    private mutating func sendConsent(now: Instant) {
        self.send(
            .consent(
                Frame.Consent(
                    version: Self.consentVersion, language: self.configuration.language,
                    textHash: self.configuration.consentTextHash, time: self.unixTime(now))), now: now)
    }

    private mutating func checkBinding(now: Instant) {
        guard let epoch = self.liveEpoch else { return }
        switch self.binding.verdict(in: epoch.channel) {
        case .pending: break
        case .holds: self.emit(.bound)
        case .mismatch: self.hangUp(.bindingFailed, now: now)
        }
    }

    // MARK: Time and failure

    private mutating func handleEpochTimeout(_ epoch: LiveEpoch, now: Instant) {
        if epoch.silenceDeadline <= now || (self.answerDeadline ?? .distantFuture) <= now
            || (self.binding.deadline ?? .distantFuture) <= now
        {
            return self.leaveAndRetry(now: now)
        }
        if epoch.keepAliveAt <= now { self.send(.keepAlive, now: now) }
        if epoch.isSettled(now: now) { self.forgiveFailures() }
    }

    private mutating func forgiveFailures() {
        self.backoff.reset()
        self.failedAttempts = 0
        self.mustResume = false
    }

    private var deadline: Instant {
        switch self.connection {
        case .offline(let until): until
        case .opening(let deadline), .joining(_, let deadline), .handshaking(_, let deadline): deadline
        case .established(let epoch):
            min(
                epoch.nextDeadline, self.answerDeadline ?? .distantFuture, self.binding.deadline ?? .distantFuture)
        case .doctorAway, .finished: .distantFuture
        }
    }

    private mutating func cryptographicLoss(_ error: ChannelError, now: Instant) {
        guard self.resumption != nil else { return self.end(.cryptographicFailure(error)) }
        self.outputs.append(.disconnect)
        self.mustResume = true
        self.retry(now: now)
    }

    private mutating func leaveAndRetry(now: Instant) {
        self.outputs.append(.disconnect)
        self.retry(now: now)
    }

    private mutating func leaveAndRejoin(now: Instant) {
        self.outputs.append(.disconnect)
        self.loseEpoch()
        self.open(now: now)
    }

    private mutating func retry(now: Instant) {
        let isPatient = self.isAdmitted && self.hasMedia && !self.mustResume
        self.failedAttempts += 1
        guard isPatient || self.failedAttempts <= Self.maximumFailedAttempts else {
            return self.end(.retriesExhausted)
        }
        self.loseEpoch()
        self.connection = .offline(until: now + self.backoff.next(random: &self.random))
        self.emit(.connectionLost)
    }

    private mutating func loseEpoch() {
        self.binding.epochLost()
        self.answerDeadline = nil
    }

    private mutating func end(_ reason: EndReason) {
        guard !self.isFinished else { return }
        self.connection = .finished
        self.outputs.append(.disconnect)
        self.emit(.ended(reason))
    }

    // MARK: Sending

    private var liveEpoch: LiveEpoch? {
        if case .established(let epoch) = self.connection { epoch } else { nil }
    }

    private mutating func send(_ frame: Frame, now: Instant) {
        guard case .established(var epoch) = self.connection else { return }
        do {
            let sealed = try epoch.seal(frame, now: now)
            self.connection = .established(epoch)
            self.send(.relay(connection: 0, payload: sealed))
        } catch {
            self.leaveAndRetry(now: now)
        }
    }

    private mutating func send(_ envelope: Envelope) {
        self.outputs.append(.send(envelope.encoded))
    }

    private mutating func emit(_ event: PatientEvent) {
        self.outputs.append(.event(event))
    }

    private func unixTime(_ now: Instant) -> UInt64 {
        UInt64(max(0, self.unixTimeAtZero + now.nanoseconds / 1_000_000_000))
    }

    private static let maximumFailedAttempts = 3
    private static let consentVersion: UInt8 = 1
}
