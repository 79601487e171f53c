package import Consultation
package import ICE
package import NIOCore
package import Network
internal import SecureTransport
package import Session
internal import Signalling
package import Wire

/// The shell of a session: its sockets, its clock and its sound, on the thread that calls ``run(until:)``.
///
/// The WebSocket lives on NIO and writes into a mailbox; datagrams and timers are here. What a person decides comes from
/// the ``CallAttendant``, sound from a ``CallSound``. A doctor's session may be followed by the next on the same socket
/// to the broker: ``follow(with:)``.
///
/// Whoever has many drivers on one thread gives each its ``Surroundings`` and runs them by the parts of the loop:
/// ``begin(now:)``, then ``handle(_:now:)``, ``receive(_:from:on:now:)`` and ``serve(now:)`` as things happen, each followed
/// by ``settle()``.
package final class CallDriver {
    /// What comes from other threads.
    package enum Letter: Sendable {
        case socket(attempt: Int, WebSocketEvent)
        case resolved(host: String, [RelaySet.ServerAddress])
        case stream(call: Int, SocketID, StreamEvent)
        case stop
    }

    /// What a driver shares with others of its thread.
    package struct Surroundings {
        /// Has a letter come to ``CallDriver/handle(_:now:)``, from any thread.
        let post: @Sendable (Letter) -> Void
        let ports: any MediaPorts
        /// Has the doctor's seat do it, for a session that is a deputy.
        let atSeat: (@escaping @Sendable (inout DoctorSeat) -> Void) -> Void
    }

    package private(set) var session: PeerSession
    private let broker: WebSocketURL
    private let trust: ServerTrust
    private let group: any EventLoopGroup
    private let attendant: any CallAttendant
    private let post: @Sendable (Letter) -> Void
    private let atSeat: (@escaping @Sendable (inout DoctorSeat) -> Void) -> Void
    private var connection: WebSocketConnection?
    private var attempt = 0
    /// Counts the sessions: numbers of streams begin anew with each.
    private var call = 0
    private var ports: any MediaPorts
    /// Where sound comes from and goes to; may be exchanged in mid-call.
    package var sound: (any CallSound)? {
        didSet { if self.voiceSince != nil { self.sound?.begin(now: monotonicNow()) } }
    }
    private var streams: RelayStreams
    private var addresses: Set<IPAddress> = []
    /// When to look at the addresses again.
    private var networkDue: Instant?
    /// When the session wants to be told the time.
    private var sessionDue: Instant = .zero
    /// When sound first flowed in this session.
    package private(set) var voiceSince: Instant?
    private var endsAt: Instant?
    /// The latest time that the session was told.
    private var told: Instant = .zero
    /// When to give up before sound flows; `nil` for never.
    package var givesUpAt: Instant?
    /// Set when the first attempt to reach the broker failed.
    package private(set) var brokerWasUnreachable = false
    /// Ends the call when the very first attempt finds no broker.
    package var givesUpUnreachable = false
    /// What a driver has that shares with nobody.
    private let own: Own?

    private struct Own {
        let mailbox = Mailbox<Letter>()
        let network = NetworkWatch()
        let includesLoopback: Bool
    }

    /// - Parameter surroundings: of a driver that does not ``run(until:)`` by itself.
    package init(
        session: PeerSession, broker: WebSocketURL, trust: ServerTrust = .system, group: any EventLoopGroup,
        attendant: any CallAttendant, sound: (any CallSound)? = nil, includesLoopback: Bool = false,
        surroundings: Surroundings? = nil
    ) {
        self.session = session
        self.broker = broker
        self.trust = trust
        self.group = group
        self.attendant = attendant
        self.sound = sound
        self.streams = RelayStreams(trust: trust, group: group)
        if let surroundings {
            self.own = nil
            self.post = surroundings.post
            self.atSeat = surroundings.atSeat
            self.ports = surroundings.ports
        } else {
            let own = Own(includesLoopback: includesLoopback)
            self.own = own
            self.post = { [mailbox = own.mailbox] in mailbox.post($0) }
            self.atSeat = { _ in preconditionFailure("a deputy has surroundings") }
            self.ports = MediaSockets(includesLoopback: includesLoopback)
        }
    }

    /// Tells the attendant that the process is asked to end; from any thread.
    package var stop: @Sendable () -> Void {
        { [post] in post(.stop) }
    }

    /// Runs until ``finish(after:)``, on this thread.
    /// - Parameter deadline: when to give up before sound flows; `nil` for never.
    package func run(until deadline: Instant? = nil) {
        guard let own = self.own else { preconditionFailure("driven by others") }
        self.givesUpAt = deadline
        BeatThread.askForShortSlices()
        BackgroundWork { SRTPLibrary.prepare() }.start()
        self.begin(now: monotonicNow())
        var waiting = WaitList()
        var datagram: [UInt8] = []
        datagram.reserveCapacity(2048)
        while let wake = self.settle() {
            waiting.removeAll()
            let mailbox = waiting.add(own.mailbox.descriptor)
            let sockets = self.ports as? MediaSockets
            let rest = sockets?.await(in: &waiting, onBeat: self.isOnBeat, now: monotonicNow()) ?? .distantFuture
            let network = own.network.map { waiting.add($0.descriptor) }
            if let sound = self.sound?.descriptor { waiting.add(sound) }
            self.attendant.listen(on: &waiting)
            waiting.wait(for: max(.zero, min(wake, rest) - monotonicNow()))
            if waiting.isReady(mailbox) {
                for letter in own.mailbox.take() { self.handle(letter, now: monotonicNow()) }
            }
            sockets?.receive(waiting, into: &datagram) { datagram, source, socket, arrival in
                self.receive(&datagram, from: source, on: socket, now: arrival)
            }
            let now = monotonicNow()
            if let network, waiting.isReady(network), own.network?.takeChange() == true {
                self.networkMayHaveChanged(now: now)
            }
            self.serve(now: now)
        }
        self.end()
    }

    /// Has the loop end when the last messages and datagrams had time to leave.
    package func finish(after pause: Duration = CallDriver.farewell) {
        self.endsAt = min(self.endsAt ?? .distantFuture, monotonicNow() + pause)
    }

    /// Goes on with another session, which took the seat of the one before with its socket to the broker.
    /// - Parameter make: from the seat of the session so far, which has said everything by then.
    package func follow(with make: (DoctorSeat) -> PeerSession) {
        self.drain()
        guard let own = self.own, let seat = self.session.releaseDoctorSeat() else { return }
        self.sound?.finish()
        self.sound = nil
        self.streams.closeAll()
        self.streams = RelayStreams(trust: self.trust, group: self.group)
        self.ports = MediaSockets(includesLoopback: own.includesLoopback)
        self.voiceSince = nil
        self.call += 1
        self.session = make(seat)
    }

    // MARK: The parts of the loop

    package func begin(now: Instant) {
        self.addresses = Self.currentAddresses()
        self.session.start(now: now)
    }

    /// Sound is asked for in every beat, and then packets may be read: nobody need be woken by them.
    var isOnBeat: Bool { self.voiceSince != nil && self.sound != nil && self.session.isVoiceOpen }

    /// One datagram of a socket; its octets are changed.
    /// - Parameter now: when it came, which may be a little before what was told last.
    package func receive(
        _ datagram: inout [UInt8], from source: TransportAddress, on socket: MediaConnection.Socket, now: Instant
    ) {
        self.told = max(self.told, now)
        self.session.receive(&datagram, from: source, on: socket, now: self.told)
    }

    /// Does what is due.
    package func serve(now: Instant) {
        self.told = max(self.told, now)
        if let due = self.networkDue, due <= now { self.networkChanged(now: now) }
        if self.sessionDue <= now { self.session.handleTimeout(now: now) }
        self.sound?.serve(self.session, now: now)
        self.attendant.serve(self, now: now)
        if self.voiceSince == nil, let deadline = self.givesUpAt, now >= deadline {
            self.session.hangUp(.retriesExhausted, now: now)
        }
    }

    /// Carries out what the session asks for.
    /// - Returns: when to call ``serve(now:)``; `nil` once all is over: then comes ``end()``.
    package func settle() -> Instant? {
        self.drain()
        var until = min(self.sessionDue, self.networkDue ?? .distantFuture, self.attendant.deadline)
        until = min(until, self.sound?.deadline ?? .distantFuture)
        if self.voiceSince == nil, let deadline = self.givesUpAt { until = min(until, deadline) }
        if let endsAt = self.endsAt {
            guard monotonicNow() < endsAt else { return nil }
            until = min(until, endsAt)
        }
        return until
    }

    package func end() {
        self.connection?.close()
        self.streams.closeAll()
        self.sound?.finish()
    }

    package func handle(_ letter: Letter, now: Instant) {
        self.told = max(self.told, now)
        switch letter {
        case .socket(let attempt, let event):
            guard attempt == self.attempt else { return }
            switch event {
            case .opened: self.session.socketOpened(now: now)
            case .message(let message): self.session.receive(message, now: now)
            case .closed(let closure):
                self.connection = nil
                if closure == .unreachable, self.session.milestones.signalling == nil, self.attempt == 1 {
                    self.brokerWasUnreachable = self.givesUpUnreachable
                    if self.givesUpUnreachable { self.session.hangUp(.retriesExhausted, now: now) }
                }
                self.session.socketClosed(retriesAtOnce: closure == .silent, now: now)
            }
        case .resolved(let host, let addresses): self.session.resolved(host, addresses: addresses, now: now)
        case .stream(let call, let id, let event):
            guard call == self.call, self.streams.contains(id) else { return }
            switch event {
            case .opened(let local): self.session.streamOpened(id, local: local, now: now)
            case .received(let octets): self.session.receive(octets, onStream: id, now: now)
            case .closed:
                self.streams.close(id)
                self.session.streamClosed(id, now: now)
            }
        case .stop: self.attendant.stop(self, now: now)
        }
    }

    // MARK: What the session asks for

    private func drain() {
        while true {
            let now = monotonicNow()
            switch self.session.pollOutput() {
            case .connect: self.connect()
            case .forSeat(let act): self.atSeat(act)
            case .send(let message): self.connection?.send(message)
            case .checkSocket: self.connection?.checkLife()
            case .disconnect:
                self.connection?.close()
                self.connection = nil
                self.attempt += 1
            case .transmit(let path, let datagram):
                self.ports.send(datagram, on: path)
            case .resolve(let host): self.resolve(host)
            case .openStream(let id, let target):
                self.streams.open(id, to: target) { [post, call] event in
                    post(.stream(call: call, id, event))
                }
            case .write(let id, let octets): self.streams.write(octets, to: id)
            case .closeStream(let id): self.streams.close(id)
            case .event(let event): self.react(to: event, now: now)
            case .wait(let until):
                self.sessionDue = until
                return
            }
        }
    }

    private func connect() {
        self.attempt += 1
        let attempt = self.attempt
        self.connection = WebSocketClient.connect(
            to: self.broker, subprotocol: Envelope.subprotocol, trust: self.trust, eventLoopGroup: self.group
        ) { [post] event in
            post(.socket(attempt: attempt, event))
        }
    }

    private func react(to event: SessionEvent, now: Instant) {
        switch event {
        case .mediaWanted:
            self.ports.refresh()
            self.session.startMedia(on: self.ports.all, now: now)
        case .bound:
            if self.voiceSince == nil {
                self.voiceSince = now
                self.sound?.begin(now: now)
            }
        default: break
        }
        self.attendant.handle(event, in: self, now: now)
    }

    // MARK: Changes of the network

    /// One change is told in many messages: the addresses are looked at when these have been quiet for a moment.
    package func networkMayHaveChanged(now: Instant) {
        self.networkDue = self.networkDue ?? now + Self.networkPause
    }

    private func networkChanged(now: Instant) {
        self.networkDue = nil
        let addresses = Self.currentAddresses()
        let hasOtherAddresses = addresses != self.addresses
        self.addresses = addresses
        // A socket on an address that is gone never hears of it.
        if let local = self.connection?.local, !addresses.contains(local), !local.isLinkLocal {
            self.connection?.close()
            self.connection = nil
            self.attempt += 1
            self.session.socketClosed(retriesAtOnce: true, now: now)
        }
        if self.ports.isOpen { self.ports.refresh() }
        self.session.networkChanged(
            self.ports.isOpen ? self.ports.all : nil, hasOtherAddresses: hasOtherAddresses, now: now)
    }

    private static func currentAddresses() -> Set<IPAddress> {
        Set(NetworkInterfaces.addresses(includingLoopback: true).map(\.ip))
    }

    /// Names are resolved beside the loop.
    private func resolve(_ host: String) {
        BackgroundWork { [post] in
            let addresses = NetworkInterfaces.resolve(host)
            post(
                .resolved(
                    host: host,
                    addresses.map { RelaySet.ServerAddress(ip: $0, via: NetworkInterfaces.address(toward: $0)) }))
        }.start()
    }

    /// The last messages and datagrams need a moment on their way.
    package static let farewell: Duration = .milliseconds(300)
    private static let networkPause: Duration = .milliseconds(50)
}
