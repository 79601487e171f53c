import Consultation
import Invitation
import Primitives
import SecureChannel
import Signalling
import Simulation
import Wire

/// A patient's seat in the simulated world, played by somebody who agrees to everything.
final class PatientEnd: SimulatedEnd {
    var seat: PatientSeat
    private(set) var events: [PatientEvent] = []
    /// What DTLS would show this end: the certificates of the two honest ends.
    var certificates = SeenCertificates(
        patient: [UInt8](repeating: 1, count: 32), doctor: [UInt8](repeating: 2, count: 32))
    var comparesAs: Bool? = true

    init(_ invitation: Invitation, random: RandomSource) {
        self.seat = PatientSeat(
            invitation: invitation,
            configuration: PatientSeat.Configuration(
                displayName: "", language: .french, consentTextHash: [UInt8](repeating: 3, count: 32)),
            unixTimeAtZero: Int64(World.unixTimeAtZero), random: random)
    }

    func start(now: Instant) { self.seat.start(now: now) }
    func socketOpened(now: Instant) { self.seat.socketOpened(now: now) }
    func socketClosed(now: Instant) { self.seat.socketClosed(now: now) }
    func receive(_ message: [UInt8], now: Instant) { self.seat.receive(message, now: now) }
    func receive(_ datagram: SimulatedDatagram, now: Instant) {}
    func handleTimeout(now: Instant) { self.seat.handleTimeout(now: now) }

    func pollOutput(now: Instant) -> EndOutput {
        while true {
            switch self.seat.pollOutput() {
            case .connect: return .connect
            case .send(let message): return .send(message)
            case .disconnect: return .disconnect
            case .wait(let until): return .wait(until: until)
            case .event(let event):
                self.events.append(event)
                self.react(to: event, now: now)
            }
        }
    }

    private func react(to event: PatientEvent, now: Instant) {
        switch event {
        case .admitted:
            self.seat.consent(now: now)
            _ = self.seat.offer("offer", now: now)
        case .resumed: _ = self.seat.offer("offer again", now: now)
        case .answer:
            self.seat.transportConnected(self.certificates, now: now)
            if let same = self.comparesAs { self.seat.compare(same: same, now: now) }
        default: break
        }
    }

    var endReason: EndReason? {
        self.events.lazy.compactMap { if case .ended(let reason) = $0 { reason } else { nil } }.first
    }

    var words: [ShortAuthenticationString] {
        self.events.compactMap { if case .introduced(_, let words) = $0 { words } else { nil } }
    }

    var epochs: [UInt32] {
        self.events.compactMap { if case .epochEstablished(let index) = $0 { index } else { nil } }
    }

    var isBound: Bool { self.events.contains(.bound) }

    /// The numbers of the messages that came.
    var received: [UInt32] { self.events.compactMap { if case .chat(let id, _) = $0 { id } else { nil } } }
}

/// A doctor's seat with one room, played by somebody who admits the first guest.
final class DoctorEnd: SimulatedEnd {
    let secrets: RoomSecrets
    var seat: DoctorSeat
    private(set) var events: [RoomEvent] = []
    private(set) var seatEvents: [DoctorEvent] = []
    var certificates = SeenCertificates(
        patient: [UInt8](repeating: 1, count: 32), doctor: [UInt8](repeating: 2, count: 32))
    var admits = true
    private let timeToLive: Duration

    init(identity: Ed25519.KeyPair, timeToLive: Duration = .seconds(7200), random: inout RandomSource) {
        let start = World.unixTimeAtZero
        self.timeToLive = timeToLive
        self.secrets = RoomSecrets(validity: start...start + 7200, identity: identity, random: &random)
        self.seat = DoctorSeat(
            identity: identity, host: Self.host, language: .french, unixTimeAtZero: Int64(start),
            random: random.child())
    }

    static let host = "broker.example"

    var room: RoomID { self.secrets.keys.roomID }

    func start(now: Instant) {
        self.seat.openRoom(self.secrets, relayOnly: false, expiry: now + self.timeToLive, now: now)
        self.seat.start(now: now)
    }

    func socketOpened(now: Instant) {}
    func socketClosed(now: Instant) { self.seat.socketClosed(now: now) }
    func receive(_ message: [UInt8], now: Instant) { self.seat.receive(message, now: now) }
    func receive(_ datagram: SimulatedDatagram, now: Instant) {}
    func handleTimeout(now: Instant) { self.seat.handleTimeout(now: now) }

    func pollOutput(now: Instant) -> EndOutput {
        while true {
            switch self.seat.pollOutput() {
            case .connect: return .connect
            case .send(let message): return .send(message)
            case .disconnect: return .disconnect
            case .wait(let until): return .wait(until: until)
            case .event(.room(_, let event)):
                self.events.append(event)
                self.react(to: event, now: now)
            case .event(let event): self.seatEvents.append(event)
            }
        }
    }

    private func react(to event: RoomEvent, now: Instant) {
        switch event {
        case .arrived(let guest): if self.admits { self.seat.admit(guest.connection, in: self.room, now: now) }
        case .offer(let generation, _):
            self.seat.answer("answer", generation: generation, in: self.room, now: now)
            self.seat.transportConnected(self.certificates, in: self.room, now: now)
        default: break
        }
    }

    var endReason: EndReason? {
        self.events.lazy.compactMap { if case .ended(let reason) = $0 { reason } else { nil } }.first
    }

    var admitted: Guest? {
        self.events.lazy.compactMap { if case .admitted(let guest) = $0 { guest } else { nil } }.first
    }

    var epochs: [UInt32] {
        self.events.compactMap { if case .epochEstablished(let index) = $0 { index } else { nil } }
    }

    var isBound: Bool { self.events.contains(.bound) }
}

/// A world with one enrolled doctor and one patient with the doctor's link.
struct Consulting {
    let world: World
    let doctor: DoctorEnd
    let patient: PatientEnd
    static let doctorIndex = 0
    static let patientIndex = 1

    init(seed: UInt64, prepare: (World, DoctorEnd) -> Void = { _, _ in }) throws {
        var random = RandomSource.seeded(seed)
        let identity = try Ed25519.KeyPair(seed: SecretBytes(copying: random.bytes(count: 32)))
        let key = identity.publicKey
        self.world = World(
            seed: random.next(),
            configuration: Switchboard.Configuration(hosts: [DoctorEnd.host], isEnrolled: { $0 == key }))
        self.doctor = DoctorEnd(identity: identity, random: &random)
        self.patient = PatientEnd(self.doctor.secrets.invitation, random: random.child())
        prepare(self.world, self.doctor)
        self.world.add(self.doctor)
        let doctor = self.doctor
        self.world.run(for: .seconds(60)) { doctor.events.contains(.opened) }
        self.world.add(self.patient)
    }

    func untilBound(within duration: Duration = .seconds(60)) -> Bool {
        self.world.run(for: duration) { self.patient.isBound && self.doctor.isBound }
    }
}
