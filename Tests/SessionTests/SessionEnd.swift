import Audio
import CVirtualClock
import Consultation
import ICE
import Invitation
import Primitives
import SecureChannel
import SecureTransport
import Session
import Signalling
import Simulation
import Wire

/// A whole session in the simulated world: one socket, and somebody who agrees to everything and whistles.
final class SessionEnd: SimulatedEnd {
    let session: PeerSession
    private(set) var sockets: [MediaConnection.Socket]
    /// Where streams go, and the world that carries them; set for calls with a relay.
    var relay: SimulatedRelay?
    weak var world: World?
    var index = 0
    private var streams: [SocketID: UInt32] = [:]
    private(set) var events: [SessionEvent] = []
    /// When a block was played that is mostly the other end's tone.
    private(set) var heard: [Instant] = []
    /// Voice was open, and the path beneath it of another certificate than the one announced.
    private(set) var hasBrokenPromise = false
    private var tone: Tone
    private let expectedHertz: Double
    private var nextBeat: Instant?

    init(_ session: PeerSession, address: TransportAddress, whistles: Double, expects: Double) {
        self.session = session
        self.sockets = [MediaConnection.Socket(id: SocketID(0), base: address, kind: .wired)]
        self.tone = Tone(hertz: whistles)
        self.expectedHertz = expects
    }

    func start(now: Instant) { self.atVirtual(now) { $0.start(now: now) } }
    func socketOpened(now: Instant) { self.atVirtual(now) { $0.socketOpened(now: now) } }
    func socketClosed(now: Instant) { self.atVirtual(now) { $0.socketClosed(now: now) } }
    func receive(_ message: [UInt8], now: Instant) { self.atVirtual(now) { $0.receive(message, now: now) } }

    func receive(_ datagram: SimulatedDatagram, now: Instant) {
        guard let socket = self.sockets.first(where: { $0.base == datagram.destination }) else { return }
        self.atVirtual(now) { $0.receive(datagram.bytes, from: datagram.source, on: socket, now: now) }
    }

    func handleTimeout(now: Instant) {
        self.atVirtual(now) { $0.handleTimeout(now: now) }
        if let beat = self.nextBeat, beat <= now { self.beat(now: now) }
    }

    func hangUp(now: Instant) { self.atVirtual(now) { $0.hangUp(now: now) } }

    func pollOutput(now: Instant) -> EndOutput {
        while true {
            switch self.atVirtual(now, { $0.pollOutput() }) {
            case .connect: return .connect
            case .send(let message): return .send(message)
            case .disconnect: return .disconnect
            case .transmit(let path, let bytes):
                guard let socket = self.sockets.first(where: { $0.id == path.socket }) else { continue }
                return .transmit(
                    SimulatedDatagram(source: socket.base, destination: path.remote, bytes: bytes))
            // The seat is this session's own.
            case .checkSocket, .forSeat: continue
            case .resolve(let host):
                let addresses = IPAddress(host).map { [RelaySet.ServerAddress(ip: $0, via: nil)] } ?? []
                self.atVirtual(now) { $0.resolved(host, addresses: addresses, now: now) }
            case .openStream(let id, _): self.openStream(id)
            case .write(let id, let octets): self.write(octets, to: id)
            case .closeStream(let id):
                if let number = self.streams.removeValue(forKey: id) { self.relay?.hangUp(stream: number) }
            case .event(let event):
                self.events.append(event)
                self.react(to: event, now: now)
            case .wait(let until): return .wait(until: min(until, self.nextBeat ?? .distantFuture))
            }
        }
    }

    private func react(to event: SessionEvent, now: Instant) {
        switch event {
        case .guestArrived(let guest): self.atVirtual(now) { $0.admit(guest.connection, now: now) }
        case .admitted: self.atVirtual(now) { $0.consent(now: now) }
        case .mediaWanted: self.atVirtual(now) { $0.startMedia(on: self.sockets, now: now) }
        case .bound:
            self.atVirtual(now) { $0.compare(same: true, now: now) }
            self.nextBeat = self.nextBeat ?? now
        case .ended: self.nextBeat = nil
        default: break
        }
    }

    /// Twenty milliseconds of a call: one block out, one block played.
    private func beat(now: Instant) {
        self.nextBeat = now + .milliseconds(20)
        guard self.session.isVoiceOpen else { return }
        if self.session.media?.secured?.peerFingerprint != self.session.media?.remoteFingerprint {
            self.hasBrokenPromise = true
        }
        var block = [Int16](repeating: 0, count: 960)
        var out = block.mutableSpan
        self.tone.read(into: &out)
        self.atVirtual(now) { $0.send(block.span, now: now) }
        var played = block.mutableSpan
        guard self.atVirtual(now, { $0.pull(into: &played, now: now) }) != nil else { return }
        if ToneDetector.share(of: self.expectedHertz, in: block) > 0.8, ToneDetector.level(of: block) > 300 {
            self.heard.append(now)
        }
    }

    // MARK: Streams

    /// Two and a half round trips of setting up, then one way of 15 ms.
    private func openStream(_ id: SocketID) {
        guard let world = self.world, let base = self.sockets.first?.base else { return }
        world.at(.milliseconds(75)) { world in
            let number = self.relay?.accept(
                from: base,
                deliver: { octets in
                    world.at(.milliseconds(15)) { self.onStream(id, $0) { $0.receive(octets, onStream: id, now: $1) } }
                },
                closed: { world.at(.milliseconds(15)) { self.onStream(id, $0) { $0.streamClosed(id, now: $1) } } })
            self.streams[id] = number
            self.atVirtual(world.now) { session in
                if number == nil {
                    session.streamClosed(id, now: world.now)
                } else {
                    session.streamOpened(id, local: base.ip, now: world.now)
                }
            }
            world.touch(self.index)
        }
    }

    private func write(_ octets: [UInt8], to id: SocketID) {
        self.world?.at(.milliseconds(15)) { world in
            guard let number = self.streams[id] else { return }
            self.relay?.receive(octets, onStream: number, now: world.now)
            if let relay = self.relay { world.touch(relay) }
        }
    }

    private func onStream(_ id: SocketID, _ world: World, _ body: (PeerSession, Instant) -> Void) {
        guard self.streams[id] != nil else { return }
        self.atVirtual(world.now) { body($0, world.now) }
        world.touch(self.index)
    }

    // MARK: Network

    /// This end has another address from now on; the socket to its broker and its streams stood on the old one.
    func move(to address: TransportAddress, world: World) {
        let id = SocketID((self.sockets.map(\.id.rawValue).max() ?? 0) + 1)
        self.sockets = [MediaConnection.Socket(id: id, base: address, kind: .wired)]
        self.streams = [:]
        self.atVirtual(world.now) { session in
            session.socketClosed(retriesAtOnce: true, now: world.now)
            session.networkChanged(self.sockets, hasOtherAddresses: true, now: world.now)
        }
        world.touch(self.index)
    }

    /// libssl asks the system for the time; within a call into the session it is told the world's.
    private func atVirtual<Result>(_ now: Instant, _ body: (PeerSession) -> Result) -> Result {
        virtual_clock_set(Int64(World.unixTimeAtZero) * 1_000_000_000 + now.nanoseconds)
        defer { virtual_clock_clear() }
        return body(self.session)
    }

    // MARK: What happened

    var epochs: [UInt32] {
        self.events.compactMap { if case .epochEstablished(let index) = $0 { index } else { nil } }
    }

    /// The longest silence between two heard blocks since `begin`, and until `end`.
    func longestSilence(from begin: Instant, to end: Instant) -> Duration {
        var last = begin
        var longest = Duration.zero
        for instant in self.heard where instant >= begin && instant <= end {
            longest = max(longest, instant - last)
            last = instant
        }
        return max(longest, end - last)
    }

    func blocksHeard(since begin: Instant) -> Int { self.heard.count { $0 >= begin } }
}

/// A world with a broker, a doctor who has a room, and a patient with the link to it.
struct Call {
    let world: World
    let doctor: SessionEnd
    let patient: SessionEnd
    let relay: SimulatedRelay?
    let seed: UInt64
    let identity: Ed25519.KeyPair
    let secrets: RoomSecrets
    static let doctorIndex = 0
    static let patientIndex = 1
    static let doctorAddress = TransportAddress(.v4(0x0A00_0001), port: 5000)
    static let patientAddress = TransportAddress(.v4(0x0A00_0002), port: 6000)

    /// With a relay, if there is one: what a call is made of beyond its two ends.
    struct Setting {
        /// How the relay is reached: `udp`, `tcp`.
        var transports: [String] = []
        var relayOnly: (patient: Bool, doctor: Bool) = (false, false)
        /// How long credentials may allocate, and how long an allocation lives that is not refreshed.
        var lifetimes: (credentials: UInt32, allocation: Duration) = (600, .seconds(600))
    }

    init(seed: UInt64, _ setting: Setting = Setting(), prepare: (World) -> Void = { _ in }) throws {
        self.seed = seed
        var random = RandomSource.seeded(seed)
        let identity = try Ed25519.KeyPair(seed: SecretBytes(copying: random.bytes(count: 32)))
        self.identity = identity
        let key = identity.publicKey
        let relay = setting.transports.isEmpty ? nil : SimulatedRelay(seed: seed, lifetimes: setting.lifetimes)
        self.relay = relay
        let granting = relay.map {
            UncheckedGrant(relay: $0, transports: setting.transports)
        }
        self.world = World(
            seed: random.next(),
            configuration: Switchboard.Configuration(
                hosts: [Self.host], isEnrolled: { $0 == key },
                relayCredentials: { room, side, unixTime in granting?.credentials(room, side, unixTime) }))
        let start = World.unixTimeAtZero
        let secrets = RoomSecrets(validity: start...start + 7200, identity: identity, random: &random)
        self.secrets = secrets
        var configuration = PeerSession.Configuration()
        configuration.encoder.complexity = 0
        configuration.relayOnly = setting.relayOnly.doctor
        var doctorSeat = DoctorSeat(
            identity: identity, host: Self.host, language: .french, unixTimeAtZero: Int64(start),
            random: random.child())
        doctorSeat.openRoom(secrets, relayOnly: setting.relayOnly.doctor, expiry: .zero + .seconds(7200), now: .zero)
        self.doctor = SessionEnd(
            PeerSession(
                doctor: doctorSeat, room: secrets.keys.roomID, language: .french, configuration: configuration,
                random: random.child(), now: .zero),
            address: Self.doctorAddress, whistles: 1000, expects: 440)
        configuration.relayOnly = setting.relayOnly.patient
        let patientSeat = PatientSeat(
            invitation: secrets.invitation,
            configuration: PatientSeat.Configuration(
                displayName: "", language: .french, consentTextHash: [UInt8](repeating: 3, count: 32)),
            unixTimeAtZero: Int64(start), random: random.child())
        self.patient = SessionEnd(
            PeerSession(patient: patientSeat, configuration: configuration, random: random.child(), now: .zero),
            address: Self.patientAddress, whistles: 440, expects: 1000)
        for (index, end) in [self.doctor, self.patient].enumerated() {
            end.relay = relay
            end.world = self.world
            end.index = index
        }
        prepare(self.world)
        self.world.add(self.doctor, addresses: [Self.doctorAddress.ip])
        let doctor = self.doctor
        self.world.run(for: .seconds(60)) { doctor.events.contains(.roomOpened) }
        self.world.add(self.patient, addresses: [Self.patientAddress.ip])
        if let relay { self.world.add(relay, addresses: [SimulatedRelay.address.ip]) }
    }

    /// Another process of the same doctor, who has only what was kept of the admission.
    /// - Parameter index: of this end in the world.
    func returnedDoctor(_ record: AdmissionRecord, index: Int, relayOnly: Bool = false) -> SessionEnd {
        var random = RandomSource.seeded(self.seed ^ 0xFFFF)
        var seat = DoctorSeat(
            identity: self.identity, host: Self.host, language: .french, unixTimeAtZero: Int64(World.unixTimeAtZero),
            random: random.child())
        let now = self.world.now
        seat.openRoom(
            self.secrets, relayOnly: false, expiry: .zero + .seconds(7200), restoring: record, now: now)
        var configuration = PeerSession.Configuration()
        configuration.encoder.complexity = 0
        let session = PeerSession(
            doctor: seat, room: nil, language: .french, configuration: configuration, random: random.child(), now: now)
        session.resume(
            in: self.secrets.keys.roomID, relayOnly: relayOnly, authentication: record.authentication,
            comparison: record.comparison, now: now
        )
        let end = SessionEnd(session, address: Self.doctorAddress, whistles: 1000, expects: 440)
        end.world = self.world
        end.index = index
        self.world.add(end, addresses: [Self.doctorAddress.ip])
        return end
    }

    static let host = "broker.example"

    func untilBound(within duration: Duration = .seconds(30)) -> Bool {
        self.world.run(for: duration) { self.isBound }
    }

    var isBound: Bool { self.doctor.session.isBound && self.patient.session.isBound }

    var isOver: Bool { self.doctor.session.endReason != nil || self.patient.session.endReason != nil }

    /// Both ends hold the keys of one and the same handshake: nobody stands between them.
    var sharesKeys: Bool {
        guard let patient = self.patient.session.media?.secured, let doctor = self.doctor.session.media?.secured
        else { return false }
        return patient.keyingMaterial == doctor.keyingMaterial
    }

    /// For the message of a failure.
    var report: String {
        func tell(_ end: SessionEnd) -> String {
            end.events.map { "\($0)".prefix(60) }.joined(separator: ", ")
                + "; end \(end.session.endReason.map { "\($0)" } ?? "none"); heard \(end.heard.count)"
        }
        return
            "seed \(self.seed) at \(self.world.now - .zero): PATIENT \(tell(self.patient)) DOCTOR \(tell(self.doctor))"
    }
}

/// A simulation has one thread, which the switchboard's configuration cannot know.
private struct UncheckedGrant: @unchecked Sendable {
    let relay: SimulatedRelay
    let transports: [String]

    func credentials(_ room: RoomID, _ side: RelaySide, _ unixTime: UInt64) -> RelayCredentials {
        self.relay.credentials(
            for: room, side, unixTime: unixTime, transports: self.transports)
    }
}
