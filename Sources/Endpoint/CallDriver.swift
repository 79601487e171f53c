package import Consultation
internal import ICE
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
package final class CallDriver {
    private enum Letter: Sendable {
        case socket(attempt: Int, WebSocketEvent)
        case resolved(host: String, [RelaySet.ServerAddress])
        case stream(call: Int, SocketID, StreamEvent)
        case stop
    }

    package private(set) var session: PeerSession
    private let broker: WebSocketURL
    private let trust: ServerTrust
    private let group: any EventLoopGroup
    private let attendant: any CallAttendant
    private let mailbox = Mailbox<Letter>()
    private var connection: WebSocketConnection?
    private var attempt = 0
    /// Counts the sessions: numbers of streams begin anew with each.
    private var call = 0
    private let includesLoopback: Bool
    private var sockets: MediaSockets
    /// Where sound comes from and goes to; may be exchanged in mid-call.
    package var sound: (any CallSound)? {
        didSet { if self.voiceSince != nil { self.sound?.begin(now: monotonicNow()) } }
    }
    private var streams: RelayStreams
    private let network = NetworkWatch()
    private var addresses: Set<IPAddress> = []
    /// When to look at the addresses again.
    private var networkDue: Instant?
    /// When sound first flowed in this session.
    package private(set) var voiceSince: Instant?
    private var endsAt: Instant?
    /// Set when the first attempt to reach the broker failed.
    package private(set) var brokerWasUnreachable = false
    /// Ends the call when the very first attempt finds no broker.
    package var givesUpUnreachable = false

    package init(
        session: PeerSession, broker: WebSocketURL, trust: ServerTrust = .system, group: any EventLoopGroup,
        attendant: any CallAttendant, sound: (any CallSound)? = nil, includesLoopback: Bool = false
    ) {
        self.session = session
        self.broker = broker
        self.trust = trust
        self.group = group
        self.attendant = attendant
        self.sound = sound
        self.includesLoopback = includesLoopback
        self.sockets = MediaSockets(includesLoopback: includesLoopback)
        self.streams = RelayStreams(trust: trust, group: group)
    }

    /// Tells the attendant that the process is asked to end; from any thread.
    package var stop: @Sendable () -> Void {
        { [mailbox] in mailbox.post(.stop) }
    }

    /// Runs until ``finish(after:)``, on this thread.
    /// - Parameter deadline: when to give up before sound flows; `nil` for never.
    package func run(until deadline: Instant? = nil) {
        BackgroundWork { SRTPLibrary.prepare() }.start()
        self.addresses = Self.currentAddresses()
        self.session.start(now: monotonicNow())
        while true {
            let wake = self.drain()
            let now = monotonicNow()
            if let endsAt = self.endsAt, now >= endsAt { break }
            var until = min(wake, self.endsAt ?? .distantFuture, self.networkDue ?? .distantFuture)
            until = min(until, self.sound?.deadline ?? .distantFuture, self.attendant.deadline)
            if self.voiceSince == nil, let deadline { until = min(until, deadline) }
            waitForInput(on: self.descriptors, for: max(.zero, until - now))
            self.step(deadline: deadline)
        }
        self.connection?.close()
        self.streams.closeAll()
        self.sound?.finish()
    }

    /// Has ``run(until:)`` return when the last messages and datagrams had time to leave.
    package func finish(after pause: Duration = CallDriver.farewell) {
        self.endsAt = min(self.endsAt ?? .distantFuture, monotonicNow() + pause)
    }

    /// Goes on with another session, which took the seat of the one before with its socket to the broker.
    /// - Parameter make: from the seat of the session so far, which has said everything by then.
    package func follow(with make: (DoctorSeat) -> PeerSession) {
        _ = self.drain()
        guard let seat = self.session.releaseDoctorSeat() else { return }
        self.sound?.finish()
        self.sound = nil
        self.streams.closeAll()
        self.streams = RelayStreams(trust: self.trust, group: self.group)
        self.sockets = MediaSockets(includesLoopback: self.includesLoopback)
        self.voiceSince = nil
        self.call += 1
        self.session = make(seat)
    }

    private var descriptors: [Int32] {
        var all = [self.mailbox.descriptor] + self.sockets.descriptors + self.attendant.descriptors
        if let network = self.network { all.append(network.descriptor) }
        if let sound = self.sound?.descriptor { all.append(sound) }
        return all
    }

    private func step(deadline: Instant?) {
        for letter in self.mailbox.take() { self.handle(letter, now: monotonicNow()) }
        self.sockets.receive { datagram, source, socket in
            self.session.receive(datagram, from: source, on: socket, now: monotonicNow())
        }
        let now = monotonicNow()
        self.watchNetwork(now: now)
        self.session.handleTimeout(now: now)
        self.sound?.serve(self.session, now: now)
        self.attendant.serve(self, now: now)
        if self.voiceSince == nil, let deadline, now >= deadline {
            self.session.hangUp(.retriesExhausted, now: now)
        }
    }

    private func handle(_ letter: Letter, now: Instant) {
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

    private func drain() -> Instant {
        while true {
            let now = monotonicNow()
            switch self.session.pollOutput() {
            case .connect: self.connect()
            case .send(let message): self.connection?.send(message)
            case .checkSocket: self.connection?.checkLife()
            case .disconnect:
                self.connection?.close()
                self.connection = nil
                self.attempt += 1
            case .transmit(let path, let datagram):
                self.sockets.send(datagram, on: path)
            case .resolve(let host): self.resolve(host)
            case .openStream(let id, let target):
                self.streams.open(id, to: target) { [mailbox, call] event in
                    mailbox.post(.stream(call: call, id, event))
                }
            case .write(let id, let octets): self.streams.write(octets, to: id)
            case .closeStream(let id): self.streams.close(id)
            case .event(let event): self.react(to: event, now: now)
            case .wait(let until): return until
            }
        }
    }

    private func connect() {
        self.attempt += 1
        let attempt = self.attempt
        self.connection = WebSocketClient.connect(
            to: self.broker, subprotocol: Envelope.subprotocol, trust: self.trust, eventLoopGroup: self.group
        ) { [mailbox] event in
            mailbox.post(.socket(attempt: attempt, event))
        }
    }

    private func react(to event: SessionEvent, now: Instant) {
        switch event {
        case .mediaWanted:
            self.sockets.refresh()
            self.session.startMedia(on: self.sockets.all, now: now)
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
    private func watchNetwork(now: Instant) {
        if self.network?.takeChange() == true { self.networkDue = self.networkDue ?? now + Self.networkPause }
        guard let due = self.networkDue, due <= now else { return }
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
        if self.sockets.isOpen { self.sockets.refresh() }
        self.session.networkChanged(
            self.sockets.isOpen ? self.sockets.all : nil, hasOtherAddresses: hasOtherAddresses, now: now)
    }

    private static func currentAddresses() -> Set<IPAddress> {
        Set(NetworkInterfaces.addresses(includingLoopback: true).map(\.ip))
    }

    /// Names are resolved beside the loop.
    private func resolve(_ host: String) {
        BackgroundWork { [mailbox] in
            let addresses = NetworkInterfaces.resolve(host)
            mailbox.post(
                .resolved(
                    host: host,
                    addresses.map { RelaySet.ServerAddress(ip: $0, via: NetworkInterfaces.address(toward: $0)) }))
        }.start()
    }

    /// The last messages and datagrams need a moment on their way.
    package static let farewell: Duration = .milliseconds(300)
    private static let networkPause: Duration = .milliseconds(50)
}
