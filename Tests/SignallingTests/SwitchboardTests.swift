import Primitives
import Signalling
import Testing
import Wire

/// A switchboard in virtual time, and what its sockets were sent.
struct Exchange {
    struct Link {
        let room: RoomID
        let token: [UInt8]
        let rejoinToken: [UInt8]
    }

    static let host = "broker.example"

    var board: Switchboard
    var now = Instant.zero
    var unixTime: UInt64 = 1_800_000_000
    var inbox: [ConnectionID: [[UInt8]]] = [:]
    var closed: [ConnectionID: Switchboard.CloseCode] = [:]
    var stored: [RoomAddress: RoomRecord] = [:]
    private var lastID: ConnectionID = 0

    init(enrolled: [[UInt8]], records: [RoomRecord] = [], seed: UInt64 = 1) {
        self.board = Switchboard(
            configuration: .init(
                hosts: ["localhost:8443", Self.host],
                isEnrolled: { enrolled.contains($0) },
                relayCredentials: { _, side, _ in
                    RelayCredentials(
                        urls: ["stun:\(Self.host):3478"], user: side == .doctor ? "d" : "p", password: "",
                        timeToLive: 600)
                }),
            records: records, random: .seeded(seed), now: .zero, unixTime: 1_800_000_000)
        for record in records { self.stored[record.address] = record }
        self.drain()
    }

    static func link(_ number: UInt8) -> Link {
        Link(
            room: RoomID([UInt8](repeating: number, count: 16))!, token: [UInt8](repeating: number, count: 32),
            rejoinToken: [UInt8](repeating: number ^ 0xFF, count: 32))
    }

    mutating func connect(from source: UInt64 = 1, isReserved: Bool = false) -> ConnectionID {
        self.lastID += 1
        self.board.connectionOpened(self.lastID, from: Source(tag: source), isReserved: isReserved, now: self.now)
        self.drain()
        return self.lastID
    }

    mutating func send(_ envelope: Envelope, from id: ConnectionID) {
        self.send(envelope.encoded, from: id)
    }

    mutating func send(_ bytes: [UInt8], from id: ConnectionID) {
        self.board.handle(bytes, from: id, now: self.now, unixTime: self.unixTime)
        self.drain()
    }

    mutating func disconnect(_ id: ConnectionID) {
        self.board.connectionClosed(id, now: self.now)
        self.drain()
    }

    mutating func advance(by duration: Duration) {
        let target = self.now + duration
        while case .wait(let deadline) = self.board.pollOutput(), deadline <= target {
            self.now = max(self.now, deadline)
            self.board.handleTimeout(now: self.now)
            self.drain()
        }
        self.now = target
        self.unixTime += UInt64(duration.components.seconds)
    }

    mutating func drain() {
        while true {
            switch self.board.pollOutput() {
            case .send(let bytes, let id):
                #expect(self.closed[id] == nil, "nothing goes to a closed socket")
                self.inbox[id, default: []].append(bytes)
            case .close(let id, let code): self.closed[id] = code
            case .save(let record): self.stored[record.address] = record
            case .delete(let room): self.stored[room] = nil
            case .wait: return
            }
        }
    }

    /// What a socket received since the last look.
    mutating func received(_ id: ConnectionID, as reader: EnvelopeReader) throws -> [Envelope] {
        try (self.inbox.removeValue(forKey: id) ?? []).map { try Envelope(decoding: $0, for: reader) }
    }

    mutating func doctor(_ pair: Ed25519.KeyPair, host: String = Exchange.host) throws -> ConnectionID {
        let id = self.connect(from: 99)
        guard case .challenge(let challenge)? = try self.received(id, as: .doctor).first else {
            Issue.record("no challenge")
            return id
        }
        let message = Envelope.authenticationMessage(
            host: host, identityKey: pair.publicKey, challenge: challenge, time: self.unixTime)
        self.send(
            .authenticate(identityKey: pair.publicKey, time: self.unixTime, signature: pair.sign(message)), from: id)
        return id
    }

    mutating func open(
        _ link: Link, by id: ConnectionID, rejoin: Bool = false, flags: RoomOpenFlags = [], timeToLive: UInt32 = 7200
    ) {
        self.send(
            .roomOpen(
                room: link.room, joinHash: joinHash(ofToken: link.token),
                rejoinHash: rejoin ? joinHash(ofToken: link.rejoinToken) : [UInt8](repeating: 0, count: 32),
                timeToLive: timeToLive, flags: flags), from: id)
    }

    mutating func patient(_ link: Link, mode: JoinMode = .fresh, from source: UInt64 = 1) -> ConnectionID {
        let id = self.connect(from: source)
        self.inbox[id] = nil
        self.send(
            .join(version: 1, room: link.room, token: mode == .fresh ? link.token : link.rejoinToken, mode: mode),
            from: id)
        return id
    }
}

@Suite("Switchboard")
struct SwitchboardTests {
    private let key = Ed25519.KeyPair()
    private let link = Exchange.link(7)

    /// A doctor with one open room, nothing left to read.
    private func exchange() throws -> (Exchange, ConnectionID) {
        var exchange = Exchange(enrolled: [self.key.publicKey])
        let doctor = try exchange.doctor(self.key)
        exchange.open(self.link, by: doctor)
        #expect(
            try exchange.received(doctor, as: .doctor) == [
                .done(type: .authenticate, room: .none, code: .done),
                .done(type: .roomOpen, room: self.link.room, code: .done),
            ])
        return (exchange, doctor)
    }

    private func number(_ envelopes: [Envelope]) throws -> UInt32 {
        for case .peerUp(let number, _, _) in envelopes { return number }
        throw EnvelopeError.empty
    }

    @Test("relays sealed octets both ways between one patient and the doctor")
    func relays() throws {
        var (exchange, doctor) = try self.exchange()
        let patient = exchange.patient(self.link)
        #expect(try exchange.received(patient, as: .patient) == [.state(doctorPresent: true)])
        let number = try self.number(try exchange.received(doctor, as: .doctor))
        exchange.send(.relay(connection: 0, payload: [1, 2]), from: patient)
        exchange.send(.relay(connection: number, payload: [3]), from: doctor)
        #expect(try exchange.received(doctor, as: .doctor) == [.relay(connection: number, payload: [1, 2])])
        #expect(try exchange.received(patient, as: .patient) == [.relay(connection: 0, payload: [3])])
        exchange.disconnect(patient)
        #expect(try exchange.received(doctor, as: .doctor) == [.peerDown(connection: number)])
    }

    @Test("turns away a stranger, a wrong host and a used challenge with the same answer")
    func authentication() throws {
        var exchange = Exchange(enrolled: [self.key.publicKey])
        let refused = [Envelope.done(type: .authenticate, room: .none, code: .notEnrolled)]
        let stranger = try exchange.doctor(Ed25519.KeyPair())
        #expect(try exchange.received(stranger, as: .doctor) == refused)
        #expect(exchange.closed[stranger] == .normal)
        let elsewhere = try exchange.doctor(self.key, host: "other.example")
        #expect(try exchange.received(elsewhere, as: .doctor) == refused)
        let late = exchange.connect()
        exchange.advance(by: .seconds(5))
        #expect(exchange.closed[late] == .policyViolation)
        let known = try exchange.doctor(self.key, host: "localhost:8443")
        #expect(
            try exchange.received(known, as: .doctor) == [.done(type: .authenticate, room: .none, code: .done)])
        exchange.send(
            .authenticate(
                identityKey: self.key.publicKey, time: 0, signature: [UInt8](repeating: 0, count: 64)), from: known)
        #expect(try exchange.received(known, as: .doctor) == [.error(code: .malformed, room: RoomID.none)])
    }

    @Test("the newer socket of a key wins and takes the rooms over when it opens them")
    func newerWins() throws {
        var (exchange, older) = try self.exchange()
        let patient = exchange.patient(self.link)
        _ = try exchange.received(patient, as: .patient)
        let newer = try exchange.doctor(self.key)
        #expect(try exchange.received(older, as: .doctor).last == .error(code: .closed, room: RoomID.none))
        #expect(exchange.closed[older] == .normal)
        #expect(try exchange.received(patient, as: .patient) == [.state(doctorPresent: false)])
        _ = try exchange.received(newer, as: .doctor)
        exchange.open(self.link, by: newer)
        #expect(try exchange.received(patient, as: .patient) == [.state(doctorPresent: true)])
        let answers = try exchange.received(newer, as: .doctor)
        #expect(answers.first == .done(type: .roomOpen, room: self.link.room, code: .done))
        _ = try self.number(answers)
    }

    @Test("an unknown room and a wrong token get the same answer after the same time")
    func sameAnswer() throws {
        var (exchange, _) = try self.exchange()
        let unknown = exchange.patient(Exchange.link(8))
        let wrong = exchange.patient(
            .init(room: self.link.room, token: [UInt8](repeating: 1, count: 32), rejoinToken: []))
        let unadmitted = exchange.patient(self.link, mode: .resume)
        exchange.advance(by: .milliseconds(249))
        for id in [unknown, wrong, unadmitted] { #expect(try exchange.received(id, as: .patient).isEmpty) }
        exchange.advance(by: .milliseconds(1))
        for id in [unknown, wrong, unadmitted] {
            #expect(try exchange.received(id, as: .patient) == [.error(code: .unknownOrExpired, room: nil)])
            #expect(exchange.closed[id] == .normal)
        }
    }

    @Test("nothing waits in the broker while the doctor is away")
    func neverQueues() throws {
        var (exchange, doctor) = try self.exchange()
        exchange.disconnect(doctor)
        let patient = exchange.patient(self.link)
        #expect(try exchange.received(patient, as: .patient) == [.state(doctorPresent: false)])
        exchange.send(.relay(connection: 0, payload: [9]), from: patient)
        let back = try exchange.doctor(self.key)
        exchange.open(self.link, by: back)
        #expect(try exchange.received(patient, as: .patient) == [.state(doctorPresent: true)])
        #expect(
            try !exchange.received(back, as: .doctor).contains {
                if case .relay = $0 { true } else { false }
            })
    }

    @Test("three may wait, a fourth finds the room full")
    func full() throws {
        var (exchange, _) = try self.exchange()
        let waiting = (0..<3).map { _ in exchange.patient(self.link) }
        for id in waiting { #expect(try exchange.received(id, as: .patient) == [.state(doctorPresent: true)]) }
        let fourth = exchange.patient(self.link)
        #expect(try exchange.received(fourth, as: .patient) == [.error(code: .full, room: nil)])
        exchange.disconnect(waiting[1])
        let next = exchange.patient(self.link)
        #expect(try exchange.received(next, as: .patient) == [.state(doctorPresent: true)])
    }

    @Test("after admission the link is used, the doctor hears of tries at most every five seconds")
    func strays() throws {
        var (exchange, doctor) = try self.exchange()
        let hash = joinHash(ofToken: self.link.rejoinToken)
        exchange.send(.roomConsume(room: self.link.room, rejoinHash: hash), from: doctor)
        #expect(
            try exchange.received(doctor, as: .doctor) == [
                .done(type: .roomConsume, room: self.link.room, code: .done)
            ])
        for _ in 0..<3 {
            let late = exchange.patient(self.link)
            #expect(try exchange.received(late, as: .patient) == [.error(code: .used, room: nil)])
        }
        #expect(try exchange.received(doctor, as: .doctor) == [.stray(room: self.link.room, count: 1)])
        exchange.advance(by: .seconds(5))
        #expect(try exchange.received(doctor, as: .doctor) == [.stray(room: self.link.room, count: 3)])
        let admitted = exchange.patient(self.link, mode: .resume)
        #expect(try exchange.received(admitted, as: .patient) == [.state(doctorPresent: true)])
        exchange.open(self.link, by: doctor)
        #expect(exchange.stored[RoomAddress(of: self.link.room)]?.rejoinHash == hash, "zeros keep what the broker has")
        exchange.open(self.link, by: doctor, flags: .reopen)
        #expect(exchange.stored[RoomAddress(of: self.link.room)]?.rejoinHash == nil)
        let again = exchange.patient(self.link)
        #expect(try exchange.received(again, as: .patient) == [.state(doctorPresent: true)])
    }

    @Test("a used room keeps the one who was admitted: another desk's admission of somebody else is refused")
    func admittedTwice() throws {
        var (exchange, doctor) = try self.exchange()
        let first = joinHash(ofToken: self.link.rejoinToken)
        let second = [UInt8](repeating: 9, count: 32)
        exchange.send(.roomConsume(room: self.link.room, rejoinHash: first), from: doctor)
        exchange.send(.roomConsume(room: self.link.room, rejoinHash: second), from: doctor)
        exchange.send(
            .roomOpen(
                room: self.link.room, joinHash: joinHash(ofToken: self.link.token), rejoinHash: second,
                timeToLive: 7200, flags: []), from: doctor)
        #expect(
            try exchange.received(doctor, as: .doctor) == [
                .done(type: .roomConsume, room: self.link.room, code: .done),
                .done(type: .roomConsume, room: self.link.room, code: .otherOwner),
                .done(type: .roomOpen, room: self.link.room, code: .otherOwner),
            ])
        #expect(exchange.stored[RoomAddress(of: self.link.room)]?.rejoinHash == first)
        exchange.open(self.link, by: doctor, flags: .reopen)
        exchange.send(.roomConsume(room: self.link.room, rejoinHash: second), from: doctor)
        #expect(exchange.stored[RoomAddress(of: self.link.room)]?.rejoinHash == second)
    }

    @Test("an admission that the broker refuses reaches nobody, though it was sent before the refusal was heard")
    func refusedAdmission() throws {
        var (exchange, doctor) = try self.exchange()
        let waiting = exchange.patient(self.link)
        let number = try exchange.received(doctor, as: .doctor).compactMap { message -> UInt32? in
            if case .peerUp(let number, _, _) = message { number } else { nil }
        }.first
        exchange.send(
            .roomConsume(room: self.link.room, rejoinHash: joinHash(ofToken: self.link.rejoinToken)), from: doctor)
        _ = try exchange.received(waiting, as: .patient)
        let other = [UInt8](repeating: 9, count: 32)
        exchange.send(.roomConsume(room: self.link.room, rejoinHash: other), from: doctor)
        exchange.send(.relay(connection: try #require(number), payload: [5]), from: doctor)
        #expect(try exchange.received(waiting, as: .patient) == [.state(doctorPresent: false)])
    }

    @Test("an admitted patient comes back beside the old connection; past four the oldest makes room")
    func resumes() throws {
        var (exchange, doctor) = try self.exchange()
        let first = exchange.patient(self.link)
        exchange.send(
            .roomConsume(room: self.link.room, rejoinHash: joinHash(ofToken: self.link.rejoinToken)), from: doctor)
        let resumed = (0..<5).map { _ in exchange.patient(self.link, mode: .resume) }
        #expect(exchange.closed[first] == nil)
        #expect(exchange.closed[resumed[0]] == .normal)
        #expect(resumed.dropFirst().allSatisfy { exchange.closed[$0] == nil })
    }

    @Test("DROP reaches the patient with its code; credentials reach both ends")
    func dropAndGrant() throws {
        var (exchange, doctor) = try self.exchange()
        let patient = exchange.patient(self.link)
        let number = try self.number(try exchange.received(doctor, as: .doctor))
        exchange.send(.turnGrant(connection: number), from: doctor)
        exchange.send(.drop(connection: number, code: .closed), from: doctor)
        guard case .turn(number, let own) = try #require(try exchange.received(doctor, as: .doctor).first) else {
            Issue.record("no credentials")
            return
        }
        #expect(own.user == "d")
        let received = try exchange.received(patient, as: .patient)
        #expect(received.last == .error(code: .closed, room: nil))
        guard case .turn(nil, let theirs) = received[1] else {
            Issue.record("no credentials")
            return
        }
        #expect(theirs.user == "p")
        #expect(exchange.closed[patient] == .normal)
        exchange.send(.relay(connection: number, payload: [1]), from: doctor)
        #expect(exchange.closed[doctor] == nil, "the patient is gone: nobody's fault")
    }

    @Test("a room belongs to one key and one link, and a key has at most fifty")
    func ownership() throws {
        let other = Ed25519.KeyPair()
        var exchange = Exchange(enrolled: [self.key.publicKey, other.publicKey])
        let doctor = try exchange.doctor(self.key)
        let rival = try exchange.doctor(other)
        exchange.open(self.link, by: doctor)
        exchange.open(self.link, by: rival)
        #expect(
            try exchange.received(rival, as: .doctor).last
                == .done(type: .roomOpen, room: self.link.room, code: .otherOwner))
        exchange.send(.roomClose(room: self.link.room), from: rival)
        #expect(
            try exchange.received(rival, as: .doctor).last
                == .done(type: .roomClose, room: self.link.room, code: .otherOwner))
        exchange.open(
            .init(room: self.link.room, token: [UInt8](repeating: 3, count: 32), rejoinToken: []), by: doctor)
        #expect(
            try exchange.received(doctor, as: .doctor).last
                == .done(type: .roomOpen, room: self.link.room, code: .otherOwner))
        for number in UInt8(100)..<150 {
            exchange.open(Exchange.link(number), by: doctor)
            exchange.advance(by: .milliseconds(100))
        }
        #expect(
            try exchange.received(doctor, as: .doctor).last
                == .done(type: .roomOpen, room: Exchange.link(149).room, code: .tooManyRooms))
        exchange.send(.roomClose(room: self.link.room), from: doctor)
        exchange.open(Exchange.link(149), by: doctor)
        #expect(
            try exchange.received(doctor, as: .doctor).last
                == .done(type: .roomOpen, room: Exchange.link(149).room, code: .done))
    }

    @Test("a room's time ends fresh joins, then the room; a restart keeps what is left of it")
    func expiry() throws {
        var (exchange, _) = try self.exchange()
        exchange.advance(by: .seconds(3600))
        var restarted = Exchange(enrolled: [self.key.publicKey], records: Array(exchange.stored.values))
        let early = restarted.patient(self.link)
        #expect(try restarted.received(early, as: .patient) == [.state(doctorPresent: false)])
        exchange.advance(by: .seconds(3600))
        let late = exchange.patient(self.link)
        exchange.advance(by: .milliseconds(250))
        #expect(try exchange.received(late, as: .patient) == [.error(code: .unknownOrExpired, room: nil)])
        exchange.advance(by: .seconds(10))
        #expect(exchange.stored.isEmpty)
    }

    @Test("a revoked key loses its rooms and its connection within ten seconds")
    func revocation() throws {
        var (exchange, doctor) = try self.exchange()
        let patient = exchange.patient(self.link)
        exchange.board.configuration.isEnrolled = { _ in false }
        exchange.advance(by: .seconds(10))
        #expect(try exchange.received(doctor, as: .doctor).last == .error(code: .closed, room: RoomID.none))
        #expect(try exchange.received(patient, as: .patient).last == .error(code: .closed, room: nil))
        #expect(exchange.stored.isEmpty)
    }

    @Test("closing a room tells everybody in it")
    func close() throws {
        var (exchange, doctor) = try self.exchange()
        let patient = exchange.patient(self.link)
        exchange.send(.roomClose(room: self.link.room), from: doctor)
        #expect(try exchange.received(patient, as: .patient).last == .error(code: .closed, room: nil))
        #expect(exchange.stored.isEmpty)
        exchange.send(.roomClose(room: self.link.room), from: doctor)
        #expect(
            try exchange.received(doctor, as: .doctor).last
                == .done(type: .roomClose, room: self.link.room, code: .unknown))
    }

    @Test("five wrong tokens a minute are answered, then the source waits; unknown rooms do not count")
    func failureLimit() throws {
        var (exchange, _) = try self.exchange()
        let wrong = Exchange.Link(
            room: self.link.room, token: [UInt8](repeating: 1, count: 32), rejoinToken: [])
        for _ in 0..<20 { _ = exchange.patient(Exchange.link(8)) }
        for _ in 0..<6 { _ = exchange.patient(wrong) }
        let blocked = exchange.patient(self.link)
        #expect(try exchange.received(blocked, as: .patient) == [.error(code: .rate, room: nil)])
        let neighbour = exchange.patient(self.link, from: 2)
        #expect(try exchange.received(neighbour, as: .patient) == [.state(doctorPresent: true)])
        exchange.advance(by: .seconds(61))
        let later = exchange.patient(self.link)
        #expect(try exchange.received(later, as: .patient) == [.state(doctorPresent: true)])
    }

    @Test("ten fresh joins a minute per source, then it is too fast")
    func joinLimit() throws {
        var (exchange, _) = try self.exchange()
        for _ in 0..<10 { exchange.disconnect(exchange.patient(self.link)) }
        let eleventh = exchange.patient(self.link)
        #expect(try exchange.received(eleventh, as: .patient) == [.error(code: .rate, room: nil)])
    }

    @Test("a flood of messages ends its connection")
    func messageRate() throws {
        var (exchange, doctor) = try self.exchange()
        let patient = exchange.patient(self.link)
        for _ in 0..<250 { exchange.send(.relay(connection: 0, payload: [1]), from: patient) }
        #expect(exchange.closed[patient] == .policyViolation)
        #expect(exchange.closed[doctor] == nil)
    }

    @Test("more octets than a mebibyte at once, or a quarter of one a second, end the connection")
    func octetRate() throws {
        var (exchange, doctor) = try self.exchange()
        let patient = exchange.patient(self.link)
        let message = Envelope.relay(connection: 0, payload: [UInt8](repeating: 1, count: 32_000))
        for _ in 0..<32 { exchange.send(message, from: patient) }
        exchange.advance(by: .seconds(1))
        for _ in 0..<8 { exchange.send(message, from: patient) }
        #expect(exchange.closed[patient] == nil)
        for _ in 0..<2 { exchange.send(message, from: patient) }
        #expect(exchange.closed[patient] == .policyViolation)
        #expect(exchange.closed[doctor] == nil)
    }

    @Test("a socket that says nothing is closed after five seconds, one that has said who it is stays")
    func silence() throws {
        var (exchange, doctor) = try self.exchange()
        let silent = exchange.connect()
        let patient = exchange.patient(self.link)
        exchange.advance(by: .milliseconds(4999))
        #expect(exchange.closed[silent] == nil)
        exchange.advance(by: .milliseconds(1))
        #expect(exchange.closed[silent] == .policyViolation)
        #expect(exchange.closed[patient] == nil && exchange.closed[doctor] == nil)
    }

    @Test("places kept for doctors take no patient")
    func reserved() throws {
        var (exchange, _) = try self.exchange()
        let patient = exchange.connect(isReserved: true)
        exchange.inbox[patient] = nil
        exchange.send(.join(version: 1, room: self.link.room, token: self.link.token, mode: .fresh), from: patient)
        #expect(try exchange.received(patient, as: .patient) == [.error(code: .rate, room: nil)])
        #expect(exchange.closed[patient] == .tryAgainLater)
    }

    @Test("malformed octets, another version and a second greeting end the connection")
    func malformed() throws {
        var (exchange, _) = try self.exchange()
        for bytes in [[], [0x82, 1], [0x01], Envelope.relay(connection: 0, payload: [1]).encoded] as [[UInt8]] {
            let id = exchange.connect()
            exchange.inbox[id] = nil
            exchange.send(bytes, from: id)
            #expect(try exchange.received(id, as: .patient) == [.error(code: .malformed, room: nil)])
            #expect(exchange.closed[id] == .policyViolation)
        }
        let patient = exchange.patient(self.link)
        exchange.send(.relay(connection: 5, payload: [1]), from: patient)
        #expect(exchange.closed[patient] == .policyViolation)
        let old = exchange.connect()
        exchange.send(.join(version: 2, room: self.link.room, token: self.link.token, mode: .fresh), from: old)
        #expect(exchange.closed[old] == .policyViolation)
    }
}
