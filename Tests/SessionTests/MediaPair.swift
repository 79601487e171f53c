import Audio
import CVirtualClock
import ICE
import RTP
import STUN
import Session
import Wire

/// Two media connections, what they tell each other through a broker, and a path that loses nothing, in virtual time.
final class MediaPair {
    enum Side: Int, CaseIterable {
        case patient, doctor

        var other: Side { self == .patient ? .doctor : .patient }
    }

    /// What the network between the ends does.
    enum Network: Equatable {
        case open
        /// Lets nothing in from where nothing went out to before, as a router at home does.
        case guards(Set<Side>)
        /// The patient's end drops what comes of DTLS until so long after a check of its own that nominates was answered:
        /// Firefox.
        case waitsForNomination(Duration)
        /// Loses the datagram of this number, of both directions.
        case loses(Int)
    }

    private enum Happening {
        case datagram([UInt8], to: Side)
        case answer(String)
        case candidate(String, to: Side)
    }

    /// One way, for datagrams.
    let delay: Duration
    /// From one end through the broker to the other.
    let signalling: Duration
    private(set) var now = Instant.zero + .seconds(1)
    /// When the patient applied the answer: the last description that was needed.
    private(set) var answeredAt: Instant?
    private(set) var securedAt: [Side: Instant] = [:]
    /// When an end knew the other's certificate to be proved: from then on it may say so.
    private(set) var provenAt: [Side: Instant] = [:]
    private(set) var failures: [MediaFailure] = []
    /// Types of the handshake messages that travelled in the clear, in the order they left, without exact copies: what is
    /// sent again is there twice.
    private(set) var handshakeMessages: [Side: [UInt8]] = [.patient: [], .doctor: []]
    /// Datagrams of DTLS that left, copies among them.
    private(set) var handshakeDatagrams: [Side: [[UInt8]]] = [.patient: [], .doctor: []]
    /// When the patient's first check that nominates was answered.
    private(set) var nominatedAt: Instant?
    private var nominating: [TransactionID] = []
    /// What becomes of datagrams.
    private var network: Network
    private var hasSent: Set<Side> = []
    private var datagramCount = 0
    private var connections: [Side: MediaConnection] = [:]
    private var agenda: [(at: Instant, order: Int, what: Happening)] = []
    private var order = 0

    /// Both ends have gathered and the offer has reached the doctor.
    init(delay: Duration, signalling: Duration, network: Network = .open, seed: UInt64 = 1) throws {
        self.network = network
        self.delay = delay
        self.signalling = signalling
        var random = RandomSource.seeded(seed)
        for side in Side.allCases {
            let connection = try MediaConnection(
                isPatient: side == .patient, relayOnly: false, encoder: OpusEncoderSettings(), random: random.child())
            self.connections[side] = connection
            connection.gather(on: [Self.socket(side)], servers: [], now: self.now)
            self.drain(side)
        }
        guard let patient = self.connections[.patient], let doctor = self.connections[.doctor] else { return }
        let offer = self.atVirtualTime { patient.makeOffer(now: self.now) }
        let answer = try self.atVirtualTime { () throws(MediaFailure) in try doctor.answer(offer, now: self.now) }
        self.schedule(.answer(answer), after: signalling)
        self.drain(.doctor)
    }

    func run(for duration: Duration = .seconds(5)) throws {
        let end = self.now + duration
        while self.securedAt.count < 2 || !self.agenda.isEmpty {
            let arrival = self.agenda.min { ($0.at, $0.order) < ($1.at, $1.order) }
            let next = min(arrival?.at ?? .distantFuture, self.deadlines.values.min() ?? .distantFuture)
            guard next <= end else { return }
            self.now = max(self.now, next)
            if let arrival, arrival.at <= self.now {
                self.agenda.removeAll { $0.order == arrival.order }
                try self.perform(arrival.what)
            } else {
                for side in Side.allCases where self.deadlines[side] ?? .distantFuture <= self.now {
                    self.atVirtualTime { self.connections[side]?.handleTimeout(now: self.now) }
                    self.drain(side)
                }
            }
        }
    }

    private var deadlines: [Side: Instant] = [:]

    private func perform(_ what: Happening) throws {
        switch what {
        case .datagram(let bytes, let side):
            if case .guards(let sides) = self.network, sides.contains(side), !self.hasSent.contains(side) { return }
            if side == .patient { self.noteAnswer(bytes) }
            if case .waitsForNomination(let wait) = self.network, side == .patient, PacketKind(bytes) == .dtls {
                guard let nominated = self.nominatedAt, self.now >= nominated + wait else { return }
            }
            self.atVirtualTime {
                self.connections[side]?.receive(
                    bytes, from: Self.socket(side.other).base, on: Self.socket(side).id, now: self.now)
            }
            self.drain(side)
        case .answer(let text):
            self.answeredAt = self.now
            try self.atVirtualTime { () throws(MediaFailure) in
                try self.connections[.patient]?.acceptAnswer(text, now: self.now)
            }
            self.drain(.patient)
        case .candidate(let text, let side):
            self.atVirtualTime { self.connections[side]?.addRemoteCandidate(text, now: self.now) }
            self.drain(side)
        }
    }

    private func drain(_ side: Side) {
        while let connection = self.connections[side] {
            switch self.atVirtualTime({ connection.pollOutput() }) {
            case .transmit(_, let bytes):
                self.note(bytes, from: side)
                if side == .patient { self.noteCheck(bytes) }
                self.hasSent.insert(side)
                self.datagramCount += 1
                if self.network == .loses(self.datagramCount) { continue }
                self.schedule(.datagram(bytes, to: side.other), after: self.delay)
            case .event(.localCandidate(let text)):
                self.schedule(.candidate(text, to: side.other), after: self.signalling)
            case .event(.peerVerified): self.provenAt[side] = self.now
            case .event(.secured): self.securedAt[side] = self.now
            case .event(.failed(let failure)): self.failures.append(failure)
            case .event: break
            case .wait(let until):
                self.deadlines[side] = until
                return
            }
        }
    }

    /// RFC 6347 §4.1: records of 13 octets and a fragment; epoch 0 is in the clear, and its fragments start with a type.
    private func note(_ datagram: [UInt8], from side: Side) {
        guard (20...63).contains(datagram.first ?? 0) else { return }
        defer { self.handshakeDatagrams[side]?.append(datagram) }
        guard self.handshakeDatagrams[side]?.contains(datagram) == false else { return }
        var rest = datagram[...]
        while rest.count > 13 {
            let record = Array(rest.prefix(14))
            let isClear = record[3] == 0 && record[4] == 0
            if record[0] == 22, isClear { self.handshakeMessages[side]?.append(record[13]) }
            rest = rest.dropFirst(13 + Int(record[11]) << 8 + Int(record[12]))
        }
    }

    private func noteCheck(_ datagram: [UInt8]) {
        guard let message = try? STUNMessage(decoding: datagram), message[.useCandidate] != nil else { return }
        self.nominating.append(message.transactionID)
    }

    private func noteAnswer(_ datagram: [UInt8]) {
        guard let message = try? STUNMessage(decoding: datagram), message.messageClass == .success,
            self.nominating.contains(message.transactionID)
        else { return }
        self.nominatedAt = self.nominatedAt ?? self.now
    }

    private func schedule(_ what: Happening, after delay: Duration) {
        self.order += 1
        self.agenda.append((self.now + delay, self.order, what))
    }

    private func atVirtualTime<Result, Failure>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        virtual_clock_set(self.now.nanoseconds)
        defer { virtual_clock_clear() }
        return try body()
    }

    private static func socket(_ side: Side) -> MediaConnection.Socket {
        MediaConnection.Socket(
            id: SocketID(0), base: TransportAddress(.v4(0x0A00_0001 + UInt32(side.rawValue)), port: 5000),
            kind: .wired)
    }
}
