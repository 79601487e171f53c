package import Wire

/// One WebSocket, as the shell numbers it; never used twice.
package typealias ConnectionID = UInt64

/// Which end of a room relay credentials are for.
package enum RelaySide: Hashable, Sendable {
    case patient, doctor
}

/// The broker's rules: who may speak to whom. It forwards sealed messages and understands none of them.
///
/// Feed it with what happens on sockets, then drain ``pollOutput()`` until it says `.wait`, and call
/// ``handleTimeout(now:)`` no later than that. Outputs are to be carried out in order: a room is saved before its
/// DONE is sent. All state is here; a seeded ``RandomSource`` makes a run repeatable.
package struct Switchboard: Sendable {
    package struct Configuration: Sendable {
        /// Authorities this broker answers for in an authentication: lower case, port unless 443.
        package var hosts: [String]
        /// Whether a key may open rooms, asked at each authentication and again at each sweep.
        package var isEnrolled: @Sendable (_ identityKey: [UInt8]) -> Bool
        /// Where the relay is and what opens it; `nil` if there is none.
        package var relayCredentials:
            @Sendable (_ room: RoomID, _ side: RelaySide, _ unixTime: UInt64) -> RelayCredentials?

        package init(
            hosts: [String],
            isEnrolled: @escaping @Sendable (_ identityKey: [UInt8]) -> Bool,
            relayCredentials:
                @escaping @Sendable (_ room: RoomID, _ side: RelaySide, _ unixTime: UInt64) -> RelayCredentials? = {
                    _, _, _ in nil
                }
        ) {
            self.hosts = hosts
            self.isEnrolled = isEnrolled
            self.relayCredentials = relayCredentials
        }
    }

    package enum Output: Equatable, Sendable {
        /// One binary message.
        case send([UInt8], to: ConnectionID)
        /// Once everything sent before is out. The connection is forgotten already.
        case close(ConnectionID, CloseCode)
        case save(RoomRecord)
        case delete(RoomAddress)
        /// Nothing more until an input or this instant.
        case wait(until: Instant)
    }

    /// Why a WebSocket is closed (RFC 6455 §7.4.1).
    package struct CloseCode: RawRepresentable, Hashable, Sendable {
        package let rawValue: UInt16

        package init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        package static let normal = CloseCode(rawValue: 1000)
        package static let goingAway = CloseCode(rawValue: 1001)
        package static let protocolError = CloseCode(rawValue: 1002)
        package static let policyViolation = CloseCode(rawValue: 1008)
        package static let tryAgainLater = CloseCode(rawValue: 1013)
    }

    struct Connection {
        enum Role {
            /// Nothing came yet; the octets are the challenge.
            case newcomer(challenge: [UInt8], since: Instant)
            /// A join that failed and is answered after the delay.
            case refused
            case patient(number: UInt32)
            case doctor(key: [UInt8])
        }

        let source: Source
        let isReserved: Bool
        var role: Role
        var messages: TokenBucket
        var octets: TokenBucket
    }

    struct Patient {
        let connection: ConnectionID
        let room: RoomID
        let address: RoomAddress
        let mode: JoinMode
        /// Came with the link and was neither admitted nor left over by a re-opening.
        var isWaiting: Bool
    }

    package var configuration: Configuration
    var random: RandomSource
    var connections: [ConnectionID: Connection] = [:]
    var patients: [UInt32: Patient] = [:]
    /// The one connection of each authenticated key.
    var doctors: [[UInt8]: ConnectionID] = [:]
    var directory = RoomDirectory()
    var limiter = JoinLimiter()

    private var silence = DelayLine<ConnectionID>(delay: Self.greetingLifetime)
    var refusals = DelayLine<ConnectionID>(delay: Self.refusalDelay)
    var strayReports = DelayLine<RoomID>(delay: Self.strayInterval)
    private var nextSweep: Instant
    private var outputs: [Output] = []
    private var outputHead = 0

    /// - Parameter records: Rooms stored before a restart; those that have expired are deleted.
    package init(
        configuration: Configuration, records: [RoomRecord] = [], random: RandomSource, now: Instant, unixTime: UInt64
    ) {
        self.configuration = configuration
        self.random = random
        self.nextSweep = now + Self.sweepInterval
        for record in records where !self.directory.restore(record, now: now, unixTime: unixTime) {
            self.emit(.delete(record.address))
        }
    }

    // MARK: Inputs

    /// A WebSocket is open.
    /// - Parameter isReserved: Only the places kept for doctors are left: a join is turned away.
    package mutating func connectionOpened(_ id: ConnectionID, from source: Source, isReserved: Bool, now: Instant) {
        let challenge = self.random.bytes(count: Envelope.hashCount)
        self.connections[id] = Connection(
            source: source, isReserved: isReserved, role: .newcomer(challenge: challenge, since: now),
            messages: TokenBucket(rate: Self.messagesPerSecond, burst: Self.messageBurst, now: now),
            octets: TokenBucket(rate: Self.octetsPerSecond, burst: Self.octetBurst, now: now))
        self.silence.append(id, now: now)
        self.send(.challenge(challenge), to: id)
    }

    /// A WebSocket is gone. Harmless for one that ``Output/close(_:_:)`` already ended.
    package mutating func connectionClosed(_ id: ConnectionID, now: Instant) {
        self.forget(id, now: now)
    }

    /// One whole binary message.
    /// - Parameter unixTime: Seconds, for what is stored.
    package mutating func handle(_ message: [UInt8], from id: ConnectionID, now: Instant, unixTime: UInt64) {
        guard var connection = self.connections[id] else { return }
        if case .refused = connection.role { return }
        guard connection.messages.take(now: now), connection.octets.take(message.count, now: now) else {
            self.fail(id, .rate, closing: .policyViolation, now: now)
            return
        }
        self.connections[id] = connection
        guard let envelope = try? Envelope(decoding: message, for: .broker) else {
            self.fail(id, .malformed, closing: .policyViolation, now: now)
            return
        }
        switch (connection.role, envelope) {
        case (.newcomer, .join(let version, let room, let token, let mode)):
            self.join(id, version: version, room: room, token: token, mode: mode, now: now)
        case (.newcomer(let challenge, let since), .authenticate(let key, let time, let signature)):
            self.authenticate(
                id, key: key, time: time, signature: signature,
                challenge: now - since <= Self.challengeLifetime ? challenge : nil,
                now: now)
        case (.patient(let number), .relay(0, let payload)):
            self.relayToDoctor(payload, from: number)
        case (.doctor(let key), let request):
            self.handle(request, from: id, key: key, now: now, unixTime: unixTime)
        default:
            self.fail(id, .malformed, closing: .policyViolation, now: now)
        }
    }

    /// Does what has come due. Early or needless calls are harmless.
    package mutating func handleTimeout(now: Instant) {
        while let id = self.silence.popDue(now: now) {
            if case .newcomer = self.connections[id]?.role {
                self.close(id, .policyViolation, now: now)
            }
        }
        while let id = self.refusals.popDue(now: now) {
            if case .refused = self.connections[id]?.role {
                self.send(.error(code: .unknownOrExpired, room: nil), to: id)
                self.close(id, .normal, now: now)
            }
        }
        while let room = self.strayReports.popDue(now: now) {
            self.directory.update(RoomAddress(of: room)) { $0.isStrayReportPending = false }
            self.reportStrays(of: room, now: now)
        }
        if self.nextSweep <= now {
            self.nextSweep = now + Self.sweepInterval
            self.sweep(now: now)
        }
    }

    /// Every socket is told to come back later; rooms stay stored.
    package mutating func shutDown(now: Instant) {
        for id in self.connections.keys.sorted() {
            self.emit(.close(id, .goingAway))
        }
        self.connections = [:]
        self.patients = [:]
        self.doctors = [:]
    }

    // MARK: Outputs

    /// What to do next; ask again until it says `.wait`.
    package mutating func pollOutput() -> Output {
        if self.outputHead < self.outputs.count {
            defer { self.outputHead += 1 }
            return self.outputs[self.outputHead]
        }
        self.outputs.removeAll(keepingCapacity: true)
        self.outputHead = 0
        let due = [self.silence.nextDue, self.refusals.nextDue, self.strayReports.nextDue, self.nextSweep]
        return .wait(until: due.compactMap(\.self).min() ?? .distantFuture)
    }

    // MARK: What the rules share

    mutating func emit(_ output: Output) {
        self.outputs.append(output)
    }

    mutating func send(_ envelope: Envelope, to id: ConnectionID) {
        self.emit(.send(envelope.encoded, to: id))
    }

    /// Says why in the form its reader knows, then closes.
    mutating func fail(_ id: ConnectionID, _ code: ErrorCode, closing: CloseCode, now: Instant) {
        let isDoctor = if case .doctor = self.connections[id]?.role { true } else { false }
        self.send(.error(code: code, room: isDoctor ? RoomID.none : nil), to: id)
        self.close(id, closing, now: now)
    }

    mutating func close(_ id: ConnectionID, _ code: CloseCode, now: Instant) {
        guard self.connections[id] != nil else { return }
        self.emit(.close(id, code))
        self.forget(id, now: now)
    }

    private mutating func forget(_ id: ConnectionID, now: Instant) {
        guard let connection = self.connections.removeValue(forKey: id) else { return }
        switch connection.role {
        case .newcomer, .refused: break
        case .patient(let number): self.patientLeft(number, now: now)
        case .doctor(let key): self.doctorLeft(id, key: key)
        }
    }

    private mutating func sweep(now: Instant) {
        self.limiter.forgetIdle(now: now)
        for room in self.directory.ended(now: now) {
            self.end(room, now: now)
        }
        let owners = Set(self.doctors.keys).union(self.directory.roomsByOwner.keys)
        for key in owners.sorted(by: { $0.lexicographicallyPrecedes($1) }) where !self.configuration.isEnrolled(key) {
            for room in self.directory.roomsByOwner[key, default: []] {
                self.end(room, now: now)
            }
            if let id = self.doctors[key] {
                self.fail(id, .closed, closing: .normal, now: now)
            }
        }
    }

    // MARK: Values of the protocol

    /// One authentication may use a challenge within this time.
    static let challengeLifetime: Duration = .seconds(30)
    /// A socket says who it is within this time.
    static let greetingLifetime: Duration = .seconds(5)
    static let maximumWaiting = 3

    // MARK: Values of ours

    /// From a failed join to its answer, whatever was wrong with it.
    static let refusalDelay: Duration = .milliseconds(250)
    /// A doctor hears of tries of a used link at most this often per room.
    static let strayInterval: Duration = .seconds(5)
    /// A flapping network leaves dead sockets behind; past this many the oldest makes room.
    static let maximumResumed = 4
    private static let sweepInterval: Duration = .seconds(10)
    /// What one socket may send; whoever sends more is closed.
    package static let messagesPerSecond = 50
    package static let messageBurst = 200
    private static let octetsPerSecond = 256 * 1024
    private static let octetBurst = 1024 * 1024
}

extension Switchboard {
    /// Whether a connection has a seat in a room: the shell treats a slow patient and a slow doctor differently.
    package func isPatient(_ id: ConnectionID) -> Bool {
        if case .patient = self.connections[id]?.role { true } else { false }
    }
}
