package import Invitation
package import SecureChannel
internal import Signalling
package import Wire

/// The patient's end of the sealed conversation: joins a room, proves the link, waits, and keeps coming back.
///
/// Feed it what the socket and the session say, drain ``pollOutput()`` until it waits. It knows nothing of media:
/// descriptions, candidates and certificates pass through as values.
///
/// Here: the state, the socket's events and the drain. In extensions: how an epoch comes about (`+Joining`), what is said
/// in it by the doctor (`+Frames`) and by this end (`+Person`), what ends it (`+Losses`), and whom this end may have been
/// (`+Former`).
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

    enum Connection: Sendable {
        /// No socket; the next attempt starts then.
        case offline(until: Instant)
        case opening(deadline: Instant)
        /// JOIN is out, and message 1 behind it.
        case joining(JoinMode, PatientHandshake, deadline: Instant)
        /// In the room; the doctor is away since the broker's first word, and message 1 is lost.
        case doctorAway(JoinMode, since: Instant)
        /// Message 1 is out.
        case handshaking(PatientHandshake, deadline: Instant)
        case established(LiveEpoch)
        case finished
    }

    let keys: RoomKeys
    let invitation: Invitation
    let configuration: Configuration
    var random: RandomSource
    private let unixTimeAtZero: Int64

    var connection: Connection = .finished
    var backoff = Backoff()
    var failedAttempts = 0
    var mustResume = false
    /// The broker did not know this end's resumption: not admitted yet, or the doctor's word is still on its way.
    var joinsFresh = false
    /// The broker said that the link is used, so a resumption that it does not know belongs to nobody.
    var knowsLinkIsUsed = false
    /// Earlier guests that this end was, the latest last: the doctor may admit one whose socket is gone.
    var formers: [Former] = []
    /// The guest that this end is, or was before it claimed to be a former one.
    var latest: Former?
    /// Why this end is out, unless the former guest it now claims to be was let in.
    var claimReason: EndReason?

    // What outlives an epoch, from CONFIRM on.
    var resumption: Resumption?
    var epochIndex: UInt32 = 0
    var isAdmitted = false
    var hasConsented = false
    var hasMedia = false
    var relay: RelayCredentials?
    var generation: UInt32?
    var answerDeadline: Instant?
    var comparison: Bool?
    var binding = BindingCheck()

    var outputs: [SeatOutput<PatientEvent>] = []

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
        // The doctor is there more often than not, and a round trip is saved.
        if let handshake = self.sendMessageOne(mode) {
            self.connection = .joining(mode, handshake, deadline: now + Timetable.state)
        }
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
        case .turn(_, let credentials):
            self.relay = credentials
            if self.isAdmitted { self.emit(.relay(credentials)) }
        case .error(let code, _): self.receiveError(code, now: now)
        default: break
        }
    }

    package mutating func handleTimeout(now: Instant) {
        switch self.connection {
        case .offline(let until):
            if until <= now { self.open(now: now) }
        case .opening(let deadline), .joining(_, _, let deadline), .handshaking(_, let deadline):
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

    // MARK: Sending

    var liveEpoch: LiveEpoch? {
        if case .established(let epoch) = self.connection { epoch } else { nil }
    }

    mutating func send(_ frame: Frame, now: Instant) {
        guard case .established(var epoch) = self.connection else { return }
        do {
            let sealed = try epoch.seal(frame, now: now)
            self.connection = .established(epoch)
            self.send(.relay(connection: 0, payload: sealed))
        } catch {
            self.leaveAndRetry(now: now)
        }
    }

    mutating func send(_ envelope: Envelope) {
        self.outputs.append(.send(envelope.encoded))
    }

    mutating func emit(_ event: PatientEvent) {
        self.outputs.append(.event(event))
    }

    func unixTime(_ now: Instant) -> UInt64 {
        UInt64(max(0, self.unixTimeAtZero + now.nanoseconds / 1_000_000_000))
    }

    static let maximumFailedAttempts = 3
    static let consentVersion: UInt8 = 1
}
