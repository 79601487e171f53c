internal import Audio
internal import Consultation
internal import Glibc
internal import ICE
internal import Invitation
internal import Primitives
internal import SecureChannel
internal import Session
internal import Signalling
internal import Wire

/// A call between two native ends in this process, with a broker beside the doctor's and a path that takes its time.
///
/// In real time, so that what both ends compute counts. One thread, which sleeps between arrivals.
package final class DelayedCall {
    /// Milliseconds.
    package struct Figures: Encodable, Sendable {
        package let roundTrip: Double
        /// From the patient's open socket to the admission.
        package let admission: Double
        /// From the admission, with consent given at once, until both ends have decoded a packet.
        package let soundBothWays: Double
        /// From the answer applied to the first decoded packet, at the patient's end.
        package let answerToSound: Double
    }

    private enum Happening {
        case opened(Side)
        case atBroker(Side, [UInt8])
        case atEnd(Side, [UInt8])
        case datagram(to: Side, [UInt8])
    }

    private enum Side: Int, CaseIterable {
        case doctor, patient

        var other: Side { self == .doctor ? .patient : .doctor }
        var connection: ConnectionID { ConnectionID(self.rawValue + 1) }
        var socket: MediaConnection.Socket {
            MediaConnection.Socket(
                id: SocketID(0), base: TransportAddress(.v4(0x0A00_0001 + UInt32(self.rawValue)), port: 5000),
                kind: .wired)
        }
    }

    private let roundTrip: Duration
    private let loss: Double
    private let began = ContinuousClock.now
    private var random: RandomSource
    private var broker: Switchboard
    private let sessions: [PeerSession]
    private var isOpen = [false, false]
    private var agenda: [(at: Instant, order: Int, what: Happening)] = []
    private var order = 0
    private var deadlines = [Instant.distantFuture, .distantFuture]
    private var brokerDeadline = Instant.distantFuture
    private var beats: [Instant?] = [nil, nil]
    private var block = [Int16](repeating: 0, count: AudioFormat.blockSamples)
    private var isRoomOpen = false
    private var knockedAt = Instant.zero

    /// - Parameters:
    ///   - roundTrip: between the patient and everybody else.
    ///   - loss: of datagrams, a share of 1.
    ///   - seed: of all chance but that of DTLS.
    package init(roundTrip: Duration, loss: Double, seed: UInt64) throws {
        self.roundTrip = roundTrip
        self.loss = loss
        var random = RandomSource.seeded(seed)
        let identity = try Ed25519.KeyPair(seed: SecretBytes(copying: random.bytes(count: 32)))
        let key = identity.publicKey
        self.broker = Switchboard(
            configuration: Switchboard.Configuration(hosts: [Self.host], isEnrolled: { $0 == key }),
            random: random.child(), now: .zero, unixTime: Self.unixTimeAtZero)
        let secrets = RoomSecrets(
            validity: Self.unixTimeAtZero...Self.unixTimeAtZero + 7200, identity: identity, random: &random)
        var seat = DoctorSeat(
            identity: identity, host: Self.host, language: .french, unixTimeAtZero: Int64(Self.unixTimeAtZero),
            random: random.child())
        seat.openRoom(secrets, relayOnly: false, expiry: .zero + .seconds(7200), now: .zero)
        let doctor = PeerSession(
            doctor: seat, room: secrets.keys.roomID, language: .french, configuration: PeerSession.Configuration(),
            random: random.child(), now: .zero)
        let patientSeat = PatientSeat(
            invitation: secrets.invitation,
            configuration: PatientSeat.Configuration(
                displayName: "", language: .french, consentTextHash: [UInt8](repeating: 0, count: 32)),
            unixTimeAtZero: Int64(Self.unixTimeAtZero), random: random.child())
        let patient = PeerSession(
            patient: patientSeat, configuration: PeerSession.Configuration(), random: random.child(), now: .zero)
        self.sessions = [doctor, patient]
        self.random = random
    }

    /// - Returns: `nil` if there is no sound both ways within twenty seconds.
    package func run() -> Figures? {
        self.start(.doctor)
        while !self.isRoomOpen { guard self.step() else { return nil } }
        self.start(.patient)
        while true {
            let patient = self.sessions[Side.patient.rawValue]
            if let heardHere = patient.media?.voice?.firstDecoded,
                let heardThere = self.sessions[Side.doctor.rawValue].media?.voice?.firstDecoded,
                let admitted = patient.milestones.admitted, let described = patient.milestones.described
            {
                return Figures(
                    roundTrip: milliseconds(self.roundTrip), admission: milliseconds(admitted - self.knockedAt),
                    soundBothWays: milliseconds(max(heardHere, heardThere) - admitted),
                    answerToSound: milliseconds(heardHere - described))
            }
            guard self.step() else { return nil }
        }
    }

    private var now: Instant { .zero + (ContinuousClock.now - self.began) }

    private func start(_ side: Side) {
        self.sessions[side.rawValue].start(now: self.now)
        self.drain(side)
    }

    /// Sleeps until something happens, and does it.
    /// - Returns: `false` when it takes too long.
    private func step() -> Bool {
        let arrival = self.agenda.min { ($0.at, $0.order) < ($1.at, $1.order) }
        let timers = self.deadlines + self.beats.compactMap { $0 } + [self.brokerDeadline]
        let next = min(arrival?.at ?? .distantFuture, timers.min() ?? .distantFuture)
        guard next <= .zero + Self.limit else { return false }
        sleep(for: next - self.now)
        let now = self.now
        if let arrival, arrival.at <= now {
            self.agenda.removeAll { $0.order == arrival.order }
            self.perform(arrival.what, now: now)
        }
        if self.brokerDeadline <= now {
            self.broker.handleTimeout(now: now)
            self.drainBroker()
        }
        for side in Side.allCases {
            if self.deadlines[side.rawValue] <= now { self.sessions[side.rawValue].handleTimeout(now: now) }
            self.beat(side, now: now)
            self.drain(side)
        }
        return true
    }

    private func perform(_ what: Happening, now: Instant) {
        switch what {
        case .opened(let side):
            self.isOpen[side.rawValue] = true
            if side == .patient { self.knockedAt = now }
            self.broker.connectionOpened(
                side.connection, from: Source(tag: UInt64(side.rawValue)), isReserved: false, now: now)
            self.sessions[side.rawValue].socketOpened(now: now)
            self.drainBroker()
        case .atBroker(let side, let message):
            self.broker.handle(
                message, from: side.connection, now: now,
                unixTime: Self.unixTimeAtZero + UInt64(now.nanoseconds / 1_000_000_000))
            self.drainBroker()
        case .atEnd(let side, let message): self.sessions[side.rawValue].receive(message, now: now)
        case .datagram(let side, let bytes):
            self.sessions[side.rawValue].receive(bytes, from: side.other.socket.base, on: side.socket, now: now)
        }
    }

    private func drain(_ side: Side) {
        let session = self.sessions[side.rawValue]
        while true {
            switch session.pollOutput() {
            case .connect: self.schedule(.opened(side), after: .zero)
            case .send(let message): self.schedule(.atBroker(side, message), after: self.delay(side))
            case .transmit(_, let bytes):
                guard self.random.unitInterval() >= self.loss else { continue }
                self.schedule(.datagram(to: side.other, bytes), after: self.roundTrip / 2)
            case .event(let event): self.react(to: event, of: side)
            case .wait(let until):
                self.deadlines[side.rawValue] = until
                return
            case .forSeat, .disconnect, .checkSocket, .resolve, .openStream, .write, .closeStream: break
            }
        }
    }

    private func drainBroker() {
        while true {
            switch self.broker.pollOutput() {
            case .send(let message, let connection):
                guard let side = Side.allCases.first(where: { $0.connection == connection }) else { continue }
                self.schedule(.atEnd(side, message), after: self.delay(side))
            case .close, .save, .delete: break
            case .wait(let until):
                self.brokerDeadline = until
                return
            }
        }
    }

    private func react(to event: SessionEvent, of side: Side) {
        let session = self.sessions[side.rawValue]
        let now = self.now
        switch event {
        case .roomOpened: self.isRoomOpen = true
        case .guestArrived(let guest): session.admit(guest.connection, now: now)
        case .admitted: session.consent(now: now)
        case .mediaWanted: session.startMedia(on: [side.socket], now: now)
        case .bound: self.beats[side.rawValue] = self.beats[side.rawValue] ?? now
        default: break
        }
    }

    /// Twenty milliseconds of a call: one block out, one block played.
    private func beat(_ side: Side, now: Instant) {
        guard let due = self.beats[side.rawValue], due <= now else { return }
        self.beats[side.rawValue] = due + AudioFormat.blockDuration
        var block = self.block
        self.sessions[side.rawValue].send(block.span, now: now)
        var room = block.mutableSpan
        _ = self.sessions[side.rawValue].pull(into: &room, now: now)
    }

    /// From an end to the broker.
    private func delay(_ side: Side) -> Duration { side == .patient ? self.roundTrip / 2 : .zero }

    private func schedule(_ what: Happening, after delay: Duration) {
        self.order += 1
        self.agenda.append((self.now + delay, self.order, what))
    }

    private static let host = "broker.example"
    private static let unixTimeAtZero: UInt64 = 1_800_000_000
    private static let limit: Duration = .seconds(20)
}

private func sleep(for duration: Duration) {
    guard duration > .zero else { return }
    var left = timespec(
        tv_sec: Int(duration.components.seconds), tv_nsec: Int(duration.components.attoseconds / 1_000_000_000))
    nanosleep(&left, nil)
}

private func milliseconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) * 1000 + Double(duration.components.attoseconds) / 1e15
}
