internal import Invitation
package import Primitives
package import SecureChannel
internal import Signalling
package import Wire

/// What a doctor's seat tells the session around it.
package enum DoctorEvent: Equatable, Sendable {
    /// The broker knows this doctor; rooms are being opened.
    case online
    case offline
    case room(RoomID, RoomEvent)
    /// No further attempt is made.
    case ended(EndReason)
}

/// The doctor's end: one socket to the broker, authenticated, that serves all of a doctor's rooms.
///
/// Feed it what the socket and the session say, drain ``pollOutput()`` until it waits.
package struct DoctorSeat: Sendable {
    private enum Connection: Sendable {
        case offline(until: Instant)
        /// Opening a socket, then waiting for the challenge and for the answer to AUTH.
        case opening(deadline: Instant)
        case online(since: Instant)
        case finished
    }

    private let identity: Ed25519.KeyPair
    private let host: String
    private let language: LanguageCode
    private let unixTimeAtZero: Int64
    private var random: RandomSource
    private var connection: Connection = .finished
    private var backoff = Backoff()
    private var rooms: [RoomID: ConsultationRoom] = [:]
    private var openings: [RoomID: Opening] = [:]
    /// Rooms that are over and that the broker has not yet said it forgot.
    private var closings: Set<RoomID> = []
    private var roomOfConnection: [UInt32: RoomID] = [:]
    private var outputs: [SeatOutput<DoctorEvent>] = []
    private var pace = SendPace()
    /// Of the latest input that told it.
    private var latest = Instant.zero

    private struct Opening: Sendable {
        var expiry: Instant
        /// Have the broker forget whom it let in before.
        var reopens: Bool
    }

    /// - Parameters:
    ///   - host: the authority this end connects to: lower case, with the port unless it is 443.
    ///   - language: in which both ends show the words.
    ///   - unixTimeAtZero: Unix seconds at ``Instant/zero`` of the caller's clock.
    package init(
        identity: Ed25519.KeyPair, host: String, language: LanguageCode, unixTimeAtZero: Int64, random: RandomSource
    ) {
        self.identity = identity
        self.host = host
        self.language = language
        self.unixTimeAtZero = unixTimeAtZero
        self.random = random
    }

    // MARK: The socket

    package mutating func start(now: Instant) {
        self.open(now: now)
    }

    package mutating func socketOpened(now: Instant) {}

    /// - Parameter retriesAtOnce: the socket that stood died of something that the next one need not suffer from.
    package mutating func socketClosed(retriesAtOnce: Bool = false, now: Instant) {
        switch self.connection {
        case .online where retriesAtOnce:
            self.loseConnections()
            self.emit(.offline)
            self.open(now: now)
        case .opening, .online: self.retry(now: now)
        case .offline, .finished: break
        }
    }

    /// This machine has other addresses: an attempt under way may be lost with the old ones, and one that waits need
    /// not wait. A socket that stands is the shell's to judge.
    package mutating func networkChanged(now: Instant) {
        switch self.connection {
        case .offline:
            self.backoff.reset()
            self.open(now: now)
        case .opening:
            self.outputs.append(.disconnect)
            self.open(now: now)
        case .online, .finished: break
        }
    }

    /// One binary message of the broker. What is no envelope for a doctor is ignored.
    package mutating func receive(_ message: [UInt8], now: Instant) {
        self.latest = max(self.latest, now)
        if case .finished = self.connection { return }
        guard let envelope = try? Envelope(decoding: message, for: .doctor) else { return }
        switch envelope {
        case .challenge(let challenge): self.authenticate(challenge, now: now)
        case .done(let type, let room, let code): self.receiveDone(type, room, code, now: now)
        case .peerUp(let connection, let room, let mode):
            if let other = self.roomOfConnection.updateValue(room, forKey: connection), other != room {
                self.inRoom(other) { $0.peerDown(connection) }
            }
            self.inRoom(room) { $0.peerUp(connection, mode, now: now) }
        case .peerDown(let connection):
            if let room = self.roomOfConnection.removeValue(forKey: connection) {
                self.inRoom(room) { $0.peerDown(connection) }
            }
        case .relay(let connection, let payload):
            if let room = self.roomOfConnection[connection] {
                self.inRoom(room) { $0.receive(payload, from: connection, now: now) }
            }
        case .turn(let connection, let credentials):
            if let connection, let room = self.roomOfConnection[connection] {
                self.emit(.room(room, .relay(credentials)))
            }
        case .stray(let room, let count):
            if self.rooms[room] != nil { self.emit(.room(room, .stray(count: count))) }
        case .error(let code, let room): self.receiveError(code, room, now: now)
        default: break
        }
    }

    package mutating func handleTimeout(now: Instant) {
        self.latest = max(self.latest, now)
        while let message = self.pace.next(now: now) { self.outputs.append(.send(message)) }
        switch self.connection {
        case .offline(let until): if until <= now { self.open(now: now) }
        case .opening(let deadline):
            if deadline <= now {
                self.outputs.append(.disconnect)
                self.retry(now: now)
            }
        case .online(let since): if now - since >= Timetable.settled { self.backoff.reset() }
        case .finished: break
        }
        for room in self.rooms.keys.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
            self.inRoom(room) { $0.handleTimeout(now: now) }
        }
    }

    package mutating func pollOutput() -> SeatOutput<DoctorEvent> {
        guard self.outputs.isEmpty else { return self.outputs.removeFirst() }
        var deadline: Instant =
            switch self.connection {
            case .offline(let until): until
            case .opening(let deadline): deadline
            case .online, .finished: .distantFuture
            }
        for room in self.rooms.values { deadline = min(deadline, room.deadline) }
        return .wait(until: min(deadline, self.pace.deadline))
    }

    // MARK: Rooms

    /// Holds a room open until `expiry`; the broker is told as soon as there is one.
    /// - Parameters:
    ///   - record: of the guest whom an earlier life of this process admitted.
    ///   - reopens: the link is to work again, although somebody was admitted by it before.
    package mutating func openRoom(
        _ secrets: RoomSecrets, relayOnly: Bool, expiry: Instant, restoring record: AdmissionRecord? = nil,
        reopens: Bool = false, now: Instant
    ) {
        let room = ConsultationRoom(
            secrets: secrets, language: self.language, relayOnly: relayOnly, restoring: record,
            random: self.random.child(), now: now)
        self.rooms[room.roomID] = room
        self.closings.remove(room.roomID)
        self.openings[room.roomID] = Opening(expiry: expiry, reopens: reopens)
        if case .online = self.connection { self.sendOpening(room.roomID, now: now) }
    }

    /// Whether a socket to the broker stands and is authenticated.
    package var isOnline: Bool {
        if case .online = self.connection { true } else { false }
    }

    package func guests(in room: RoomID) -> [Guest] {
        self.rooms[room]?.guests ?? []
    }

    package mutating func admit(_ guest: UInt32, in room: RoomID, now: Instant) {
        self.inRoom(room) { $0.admit(guest, now: now) }
    }

    package mutating func refuse(_ guest: UInt32, _ reason: RefusalReason, in room: RoomID, now: Instant) {
        self.inRoom(room) { $0.refuse(guest, reason, now: now) }
    }

    package mutating func tellWaiting(_ message: String, in room: RoomID, now: Instant) {
        self.inRoom(room) { $0.tellWaiting(message, now: now) }
    }

    package mutating func answer(_ text: String, generation: UInt32, in room: RoomID, now: Instant) {
        self.inRoom(room) { $0.answer(text, generation: generation, now: now) }
    }

    package mutating func localCandidate(_ text: String, generation: UInt32, in room: RoomID, now: Instant) {
        self.inRoom(room) { $0.localCandidate(text, generation: generation, now: now) }
    }

    /// Whether the admitted guest would hear it.
    package func canRequestRestart(in room: RoomID) -> Bool {
        self.rooms[room]?.hasChannel == true
    }

    /// - Parameter isNewEndpoint: this end's former media endpoint is gone: the patient has to replace its own.
    package mutating func requestRestart(isNewEndpoint: Bool = false, in room: RoomID, now: Instant) {
        self.inRoom(room) { $0.requestRestart(isNewEndpoint: isNewEndpoint, now: now) }
    }

    /// Both ends are granted relays anew: credentials open them for minutes, a call lasts longer.
    package mutating func requestRelay(in room: RoomID) {
        self.inRoom(room) { $0.requestRelay() }
    }

    /// The patient's end proved in DTLS to own its certificate, and has yet to finish.
    package mutating func peerVerified(_ certificates: SeenCertificates, in room: RoomID, now: Instant) {
        self.inRoom(room) { $0.peerVerified(certificates, now: now) }
    }

    package mutating func transportConnected(_ seen: SeenCertificates, in room: RoomID, now: Instant) {
        self.inRoom(room) { $0.transportConnected(seen, now: now) }
    }

    package mutating func transportReplaced(in room: RoomID) {
        self.inRoom(room) { $0.transportReplaced() }
    }

    package mutating func compare(same: Bool, in room: RoomID, now: Instant) {
        self.inRoom(room) { $0.compare(same: same, now: now) }
    }

    package mutating func chat(id: UInt32, text: String, in room: RoomID, now: Instant) {
        self.inRoom(room) { $0.chat(id: id, text: text, now: now) }
    }

    /// Ends a room's consultation and has the broker forget the room.
    package mutating func hangUp(_ reason: EndReason = .hungUp, in room: RoomID, now: Instant) {
        self.inRoom(room) { $0.hangUp(reason, now: now) }
    }

    /// Forgets a room here without a word to its guests, and has the broker forget it too, now or when there is one.
    ///
    /// Also for a room that was over before this seat began: its last word may never have arrived.
    package mutating func closeRoom(_ room: RoomID) {
        self.rooms[room] = nil
        self.openings[room] = nil
        self.closings.insert(room)
        if self.isOnline { self.send(.roomClose(room: room)) }
    }

    /// Takes the place at the broker back after another socket of the same key took it.
    package mutating func takeBack(now: Instant) {
        guard case .finished = self.connection else { return }
        self.backoff.reset()
        self.open(now: now)
    }

    /// Leaves the broker; rooms stay open there for the next time.
    package mutating func stop() {
        self.connection = .finished
        for message in self.pace.takeAll() { self.outputs.append(.send(message)) }
        self.outputs.append(.disconnect)
    }

    // MARK: The broker's answers

    private mutating func open(now: Instant) {
        self.latest = max(self.latest, now)
        self.connection = .opening(deadline: now + Timetable.connect)
        self.outputs.append(.connect)
    }

    private mutating func authenticate(_ challenge: [UInt8], now: Instant) {
        guard case .opening = self.connection else { return }
        let time = UInt64(max(0, self.unixTimeAtZero + now.nanoseconds / 1_000_000_000))
        let message = Envelope.authenticationMessage(
            host: self.host, identityKey: self.identity.publicKey, challenge: challenge, time: time)
        self.send(
            .authenticate(
                identityKey: self.identity.publicKey, time: time, signature: self.identity.sign(message)))
        self.connection = .opening(deadline: now + Timetable.authentication)
    }

    private mutating func receiveDone(_ type: EnvelopeType, _ room: RoomID, _ code: DoneCode, now: Instant) {
        switch (type, code) {
        case (.authenticate, .done):
            self.connection = .online(since: now)
            self.emit(.online)
            for room in self.openings.keys.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
                self.sendOpening(room, now: now)
            }
            for room in self.closings.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
                self.send(.roomClose(room: room))
            }
        case (.authenticate, _): self.end(.notEnrolled)
        case (.roomOpen, .done):
            self.openings[room]?.reopens = false
            self.emit(.room(room, .opened))
        case (.roomOpen, .otherOwner): self.endRoom(room, .roomTaken)
        case (.roomOpen, .tooManyRooms): self.endRoom(room, .tooManyRooms)
        case (.roomOpen, _): self.endRoom(room, .expired)
        case (.roomConsume, .otherOwner): self.endRoom(room, .roomTaken)
        case (.roomClose, _):
            self.closings.remove(room)
            self.emit(.room(room, .closed))
        default: break
        }
    }

    private mutating func receiveError(_ code: ErrorCode, _ room: RoomID?, now: Instant) {
        guard let room, self.rooms[room] != nil else {
            if code == .closed {
                self.loseConnections()
                self.end(.superseded)
            }
            return
        }
        if code == .unknownOrExpired { self.endRoom(room, .expired) }
    }

    private mutating func sendOpening(_ room: RoomID, now: Instant) {
        guard let opening = self.openings[room], let machine = self.rooms[room] else { return }
        let seconds = (opening.expiry - now).components.seconds
        // A link whose time is over would work again for a moment.
        guard seconds > 0 || machine.rejoinHash != nil else { return self.endRoom(room, .expired) }
        self.send(
            .roomOpen(
                room: room, joinHash: machine.secrets.keys.joinHash,
                rejoinHash: machine.rejoinHash ?? [UInt8](repeating: 0, count: 32),
                timeToLive: UInt32(clamping: max(1, seconds)),
                flags: opening.reopens && machine.rejoinHash == nil ? .reopen : []))
    }

    // MARK: Failure and output

    private mutating func retry(now: Instant) {
        self.loseConnections()
        self.connection = .offline(until: now + self.backoff.next(random: &self.random))
        self.emit(.offline)
    }

    private mutating func loseConnections() {
        for room in self.rooms.keys.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
            self.inRoom(room) { $0.socketLost() }
        }
        self.roomOfConnection.removeAll()
        self.pace.clear()
    }

    private mutating func end(_ reason: EndReason) {
        self.loseConnections()
        self.connection = .finished
        self.outputs.append(.disconnect)
        self.emit(.ended(reason))
    }

    private mutating func endRoom(_ room: RoomID, _ reason: EndReason) {
        guard self.rooms.removeValue(forKey: room) != nil else { return }
        self.openings[room] = nil
        self.emit(.room(room, .ended(reason)))
    }

    private mutating func inRoom(_ room: RoomID, _ body: (inout ConsultationRoom) -> Void) {
        guard self.rooms[room] != nil else { return }
        var outputs: [ConsultationRoom.Output] = []
        var isFinished = false
        if var machine = self.rooms.removeValue(forKey: room) {
            body(&machine)
            outputs = machine.takeOutputs()
            isFinished = machine.isFinished
            self.rooms[room] = isFinished ? nil : machine
        }
        if isFinished {
            self.openings[room] = nil
            self.closings.insert(room)
        }
        for output in outputs {
            switch output {
            case .send(let envelope): self.send(envelope)
            case .event(let event): self.emit(.room(room, event))
            }
        }
    }

    /// All rooms share the connection: what many of them say at once leaves by and by.
    private mutating func send(_ envelope: Envelope) {
        let message = envelope.encoded
        if self.pace.mayLeave(message, now: self.latest) { self.outputs.append(.send(message)) }
    }

    private mutating func emit(_ event: DoctorEvent) {
        self.outputs.append(.event(event))
    }
}
