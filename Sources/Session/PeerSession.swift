package import Audio
package import Consultation
package import SecureChannel
package import Signalling
package import TURN
package import Wire

/// One peer of one consultation, whole and sans-IO: a seat at the broker and the media path beside it.
///
/// Feed it messages, datagrams and time, drain ``pollOutput()`` until it waits:
///
///     session.start(now: now)
///     while case let output = session.pollOutput() { … }      // until .wait(until:)
///
/// Holds the parts and routes between them; who may do what is decided in the seats, how packets travel in
/// ``MediaConnection``. One owner thread.
package final class PeerSession {
    enum Seat {
        case patient(PatientSeat)
        /// `room` is the one of this consultation; `nil` until somebody is admitted.
        case doctor(DoctorSeat, room: RoomID?)
        /// One room of a seat that others hold too: it is elsewhere, and hears of this end through
        /// ``SessionOutput/forSeat(_:)``.
        case deputy(Deputy)
    }

    /// What is known here of a seat that is elsewhere.
    struct Deputy {
        let room: RoomID
        var isOnline = false
        /// Whether the admitted guest hears what is said in the room.
        var hasChannel = false
    }

    /// How this end behaves.
    package struct Configuration: Sendable {
        /// No address of this machine is told to the peer: media goes through a relay or not at all.
        package var relayOnly = false
        package var encoder = OpusEncoderSettings()
        /// From asking for media to a secured path.
        package var setupLimit: Duration = .seconds(30)
        /// How long a broken path may take to come back.
        package var outageLimit: Duration = .seconds(60)
        /// Which ways to a relay may be used; for trials of one of them.
        package var relayTransports: Set<TURNClient.Transport> = [.udp, .tcp, .tls]
        /// The loss of a doctor's place at the broker ends the session; else sound goes on without it.
        package var endsWithoutPlace = true

        package init() {}
    }

    package internal(set) var milestones: Milestones
    package internal(set) var media: MediaConnection?
    package internal(set) var relay: RelayCredentials?
    var relayGrantedAt: Instant?
    package internal(set) var authentication: ShortAuthenticationString?
    package internal(set) var wordsLanguage: LanguageCode = .french
    package internal(set) var comparison: Bool?
    package internal(set) var isBound = false
    /// Epochs after the first, and ICE restarts.
    package internal(set) var restartCount = 0
    package internal(set) var endReason: EndReason?

    let configuration: Configuration
    var seat: Seat
    /// When the seat wants to be told the time; `nil` before it was drained here.
    var seatDue: Instant?
    var random: RandomSource
    var sockets: [MediaConnection.Socket]?
    var servers: [TransportAddress] = []
    var relays: RelaySet
    /// How the relay of the path in use is reached; `nil` while that path leaves from here without one.
    package internal(set) var pathTransport: TURNClient.Transport?
    var pendingOffer: (generation: UInt32, text: String)?
    var generation: UInt32?
    var setupDeadline: Instant?
    var pathWatch: PathWatch
    var lastOffer: Instant?
    var lastNetworkChange: Instant?
    /// The doctor asked for it in the admission.
    var isRelayOnlyByPeer = false
    /// The doctor's own room asks for it.
    var isRelayOnlyByRoom = false
    /// Candidates that overtook the start of media.
    var earlyCandidates: [String] = []
    var outputs: [SessionOutput] = []

    /// The patient's end.
    package init(patient seat: PatientSeat, configuration: Configuration, random: RandomSource, now: Instant) {
        self.seat = .patient(seat)
        self.configuration = configuration
        self.pathWatch = PathWatch(outageLimit: configuration.outageLimit)
        self.random = random
        self.relays = RelaySet(random: self.random.child())
        self.milestones = Milestones(started: now)
    }

    /// The doctor's end.
    /// - Parameters:
    ///   - seat: has been told which rooms to open.
    ///   - room: the one that this session is for; `nil` to choose by ``admit(_:in:now:)``.
    package init(
        doctor seat: DoctorSeat, room: RoomID?, language: LanguageCode, configuration: Configuration,
        random: RandomSource, now: Instant
    ) {
        self.seat = .doctor(seat, room: room)
        self.wordsLanguage = language
        self.configuration = configuration
        self.pathWatch = PathWatch(outageLimit: configuration.outageLimit)
        self.random = random
        self.relays = RelaySet(random: self.random.child())
        self.milestones = Milestones(started: now)
    }

    /// The doctor's end in one room of a seat that serves several sessions, each perhaps on a thread of its own.
    ///
    /// What the room says goes in by ``receive(_:now:)-(RoomEvent,_)`` and ``seatIsOnline(_:now:)``; what is said in it
    /// comes out as ``SessionOutput/forSeat(_:)``. The socket to the broker is the seat's.
    package init(
        deputyIn room: RoomID, language: LanguageCode, configuration: Configuration, random: RandomSource, now: Instant
    ) {
        self.seat = .deputy(Deputy(room: room))
        self.wordsLanguage = language
        self.configuration = configuration
        self.pathWatch = PathWatch(outageLimit: configuration.outageLimit)
        self.random = random
        self.relays = RelaySet(random: self.random.child())
        self.milestones = Milestones(started: now)
    }

    package var isPatient: Bool {
        if case .patient = self.seat { true } else { false }
    }

    /// The doctor's room of this consultation; `nil` at a patient's end, and until somebody is admitted.
    package var room: RoomID? {
        switch self.seat {
        case .patient: nil
        case .doctor(_, let room): room
        case .deputy(let deputy): deputy.room
        }
    }

    /// Whether the doctor's place at the broker stands; `false` at a patient's end.
    package var isDoctorOnline: Bool {
        switch self.seat {
        case .patient: false
        case .doctor(let seat, _): seat.isOnline
        case .deputy(let deputy): deputy.isOnline
        }
    }

    /// Asked for by this end or by the doctor's admission.
    var isRelayOnly: Bool {
        self.configuration.relayOnly || self.isRelayOnlyByPeer || self.isRelayOnlyByRoom
    }

    /// Credentials with those addresses alone that this end may use.
    func usable(_ relay: RelayCredentials) -> RelayCredentials {
        var relay = relay
        relay.urls.removeAll { url in
            guard case .relay(let transport) = RelayURI(url)?.service else { return false }
            return !self.configuration.relayTransports.contains(transport)
        }
        return relay
    }

    // MARK: The socket to the broker

    package func start(now: Instant) {
        self.atSeat(now: now, patient: { $0.start(now: now) }, doctor: { $0.start(now: now) })
    }

    package func socketOpened(now: Instant) {
        self.atSeat(now: now, patient: { $0.socketOpened(now: now) }, doctor: { $0.socketOpened(now: now) })
    }

    /// - Parameter retriesAtOnce: the socket died of something that the next one need not suffer from, such as an
    ///   address that is gone; else the next attempt waits a moment.
    package func socketClosed(retriesAtOnce: Bool = false, now: Instant) {
        self.atSeat(
            now: now, patient: { $0.socketClosed(retriesAtOnce: retriesAtOnce, now: now) },
            doctor: { $0.socketClosed(retriesAtOnce: retriesAtOnce, now: now) })
    }

    /// One binary message of the broker.
    package func receive(_ message: [UInt8], now: Instant) {
        self.atSeat(
            now: now, patient: { $0.receive(message, now: now) }, doctor: { $0.receive(message, now: now) })
    }

    // MARK: The network of media

    /// Answers ``SessionEvent/mediaWanted``: these sockets are bound. Relays are asked in parallel.
    package func startMedia(on sockets: [MediaConnection.Socket], now: Instant) {
        guard self.endReason == nil else { return }
        self.sockets = sockets
        self.relays.start(self.relay, sockets: sockets, now: now)
        self.setupDeadline = now + self.configuration.setupLimit
        if self.isPatient {
            self.replaceMedia(now: now)
            self.offer(now: now)
        } else if let offer = self.pendingOffer {
            self.pendingOffer = nil
            self.answer(offer.text, generation: offer.generation, now: now)
        }
        self.drainRelays(now: now)
    }

    /// - Parameter datagram: its octets are changed: what is sealed is opened where it stands.
    package func receive(
        _ datagram: inout [UInt8], from source: TransportAddress, on socket: MediaConnection.Socket, now: Instant
    ) {
        if self.relays.receive(datagram, from: source, on: socket.id, now: now) {
            return self.drainRelays(now: now)
        }
        self.media?.receive(&datagram, from: source, on: socket.id, now: now)
        self.drainMedia(now: now)
    }

    package func receive(
        _ datagram: [UInt8], from source: TransportAddress, on socket: MediaConnection.Socket, now: Instant
    ) {
        var datagram = datagram
        self.receive(&datagram, from: source, on: socket, now: now)
    }

    package func handleTimeout(now: Instant) {
        self.atSeat(now: now, patient: { $0.handleTimeout(now: now) }, doctor: { $0.handleTimeout(now: now) })
        self.relays.handleTimeout(now: now)
        self.drainRelays(now: now)
        self.media?.handleTimeout(now: now)
        self.drainMedia(now: now)
        if let deadline = self.setupDeadline, deadline <= now {
            self.setupDeadline = nil
            self.hangUp(.mediaFailed("no path within \(self.configuration.setupLimit)"), now: now)
        }
        self.servePathWatch(now: now)
    }

    package func pollOutput() -> SessionOutput {
        guard self.outputs.isEmpty else { return self.outputs.removeFirst() }
        var deadline = self.setupDeadline ?? .distantFuture
        if self.endReason == nil {
            deadline = min(deadline, self.pathWatch.deadline(lastHeard: self.media?.voice?.lastHeard))
        }
        deadline = min(deadline, self.seatDue ?? self.seatDeadline)
        if case .wait(let until) = self.relays.pollOutput() { deadline = min(deadline, until) }
        if let media = self.media, case .wait(let until) = media.pollOutput() { deadline = min(deadline, until) }
        return .wait(until: deadline)
    }

    /// Asks a copy: too dear for each packet.
    private var seatDeadline: Instant {
        switch self.seat {
        case .patient(var seat): if case .wait(let until) = seat.pollOutput() { return until }
        case .doctor(var seat, _): if case .wait(let until) = seat.pollOutput() { return until }
        case .deputy: break
        }
        return .distantFuture
    }

    // MARK: People

    /// The patient agrees to the consultation; the first offer waits for it.
    package func consent(now: Instant) {
        self.atSeat(now: now, patient: { $0.consent(now: now) }, doctor: { _ in })
    }

    package func admit(_ guest: UInt32, now: Instant) {
        self.inSeat(now: now, patient: { _ in }, doctor: { $0.admit(guest, in: $1, now: now) })
    }

    /// Lets one guest of `room` in: from here on the session is for that room.
    /// - Parameter relayOnly: the room's wish; no address of this machine is told then.
    /// - Returns: `false`, with nothing changed, for a guest who is gone or a session that has its room.
    package func admit(_ guest: UInt32, in room: RoomID, relayOnly: Bool, now: Instant) -> Bool {
        guard case .doctor(let seat, nil) = self.seat,
            seat.guests(in: room).contains(where: { $0.connection == guest })
        else { return false }
        self.seat = .doctor(seat, room: room)
        self.isRelayOnlyByRoom = relayOnly
        self.admit(guest, now: now)
        return true
    }

    /// Comes back into a room that the seat was told to restore: its patient will ask for this end again.
    package func resume(
        in room: RoomID, relayOnly: Bool, authentication: ShortAuthenticationString, comparison: Bool?, now: Instant
    ) {
        guard case .doctor(let seat, nil) = self.seat else { return }
        self.isRelayOnlyByRoom = relayOnly
        self.seat = .doctor(seat, room: room)
        self.milestones.reach(\.admitted, now: now)
        self.comparison = comparison
        self.meet(authentication)
    }

    /// Does something with the doctor's seat beside the consultation: rooms that open and close, guests of other rooms.
    package func withDoctorSeat(now: Instant, _ body: (inout DoctorSeat) -> Void) {
        self.atSeat(now: now, patient: { _ in }, doctor: body)
    }

    /// The seat of a doctor whose consultation is over, for the next one; this session is of no more use.
    package func releaseDoctorSeat() -> DoctorSeat? {
        guard case .doctor(let seat, _) = self.seat else { return nil }
        return seat
    }

    /// One line to the other person; `id` counts this end's lines.
    package func chat(id: UInt32, text: String, now: Instant) {
        self.inSeat(
            now: now, patient: { $0.chat(id: id, text: text, now: now) },
            doctor: { $0.chat(id: id, text: text, in: $1, now: now) })
    }

    package func refuse(_ guest: UInt32, _ reason: RefusalReason, now: Instant) {
        self.inSeat(now: now, patient: { _ in }, doctor: { $0.refuse(guest, reason, in: $1, now: now) })
    }

    package func compare(same: Bool, now: Instant) {
        self.comparison = same
        self.inSeat(
            now: now, patient: { $0.compare(same: same, now: now) },
            doctor: { $0.compare(same: same, in: $1, now: now) })
    }

    package func hangUp(_ reason: EndReason = .hungUp, now: Instant) {
        self.inSeat(
            now: now, patient: { $0.hangUp(reason, now: now) }, doctor: { $0.hangUp(reason, in: $1, now: now) })
    }

    /// Leaves the broker without ending the room: the doctor will be back. Media ends.
    package func leave(now: Instant) {
        self.atSeat(now: now, patient: { $0.hangUp(now: now) }, doctor: { $0.stop() })
        self.closeMedia(now: now)
    }

    // MARK: Sound

    /// Whether sound may flow both ways.
    package var isVoiceOpen: Bool { self.media?.voice?.isOpen == true }

    /// Sends 960 captured samples.
    package func send(_ block: Span<Int16>, now: Instant) {
        self.media?.send(block, now: now)
        self.drainMedia(now: now)
    }

    /// Tells how the shell kept the beat of 20 ms, so that the encoder works as hard as there is time for.
    /// - Parameters:
    ///   - busy: what its thread spent on sound in this beat, all calls together.
    ///   - late: how long after its time the beat began.
    package func noteBeat(busy: Duration, late: Duration = .zero, now: Instant) {
        self.media?.voice?.noteBeat(busy: busy, late: late, now: now)
    }

    /// Gives 960 samples to play.
    /// - Returns: `nil`, and the block untouched, while there is no voice.
    package func pull(into block: inout MutableSpan<Int16>, now: Instant) -> AudioReceiver.Playout? {
        self.isVoiceOpen ? self.media?.pull(into: &block, now: now) : nil
    }
}
