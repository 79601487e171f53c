package import Audio
internal import Consultation
internal import ICE
package import NIOCore
package import Network
package import Session
internal import Signalling
package import Wire

/// The shell of one session: its sockets, its clock and its sound, on the thread that calls ``run(until:)``.
///
/// The WebSocket lives on NIO and writes into a mailbox; datagrams, timers and the 20 ms beat are here.
package final class CallDriver {
    /// What a headless endpoint does in place of a person.
    package struct Behaviour {
        package enum Admission: Sendable {
            /// Admits the first guest.
            case first
            case none
        }

        package var source: AudioSource
        package var recorder: WAVFileWriter?
        package var admission: Admission = .first
        /// What to say of the words; `nil` for nothing.
        package var wordsAre: Bool?
        /// How long sound flows before this end hangs up; `nil` for until the other end does.
        package var duration: Duration?
        package var includesLoopback = false
        /// Told of everything that happens, for progress.
        package var onEvent: (SessionEvent) -> Void = { _ in }

        package init(source: AudioSource) {
            self.source = source
        }
    }

    private enum Letter: Sendable {
        case socket(attempt: Int, WebSocketEvent)
        case resolved(host: String, [RelaySet.ServerAddress])
        case stream(SocketID, StreamEvent)
        case stop
    }

    private let session: PeerSession
    private let broker: WebSocketURL
    private let trust: ServerTrust
    private let group: any EventLoopGroup
    private var behaviour: Behaviour
    private let mailbox = Mailbox<Letter>()
    private var connection: WebSocketConnection?
    private var attempt = 0
    private let sockets: MediaSockets
    private var streams: RelayStreams
    private let network = NetworkWatch()
    private var addresses: Set<IPAddress> = []
    /// When to look at the addresses again.
    private var networkDue: Instant?
    private var nextBlock: Instant?
    private var heard = [Int16](repeating: 0, count: AudioFormat.blockSamples)
    private var said = [Int16](repeating: 0, count: AudioFormat.blockSamples)
    private var voiceSince: Instant?
    private var end: (reason: EndReason, at: Instant)?
    /// Set when the first attempt to reach the broker failed.
    package private(set) var brokerWasUnreachable = false
    /// Ends the call when the very first attempt finds no broker.
    package var givesUpUnreachable = false

    package init(
        session: PeerSession, broker: WebSocketURL, trust: ServerTrust = .system, group: any EventLoopGroup,
        behaviour: Behaviour
    ) {
        self.session = session
        self.broker = broker
        self.trust = trust
        self.group = group
        self.behaviour = behaviour
        self.sockets = MediaSockets(includesLoopback: behaviour.includesLoopback)
        self.streams = RelayStreams(trust: trust, group: group)
    }

    /// Has ``run(until:)`` hang up and return; from any thread.
    package var stop: @Sendable () -> Void {
        { [mailbox] in mailbox.post(.stop) }
    }

    /// Runs the call to its end on this thread.
    /// - Parameter deadline: when to give up before sound flows; `nil` for never.
    package func run(until deadline: Instant? = nil) -> CallReport {
        self.addresses = Self.currentAddresses()
        self.session.start(now: monotonicNow())
        while true {
            let wake = self.drain()
            if let end = self.end, monotonicNow() >= end.at { break }
            let now = monotonicNow()
            var until = min(wake, self.end?.at ?? .distantFuture, self.nextBlock ?? .distantFuture)
            until = min(until, self.networkDue ?? .distantFuture)
            if self.voiceSince == nil, let deadline { until = min(until, deadline) }
            waitForInput(
                on: [self.mailbox.descriptor] + self.sockets.descriptors + [self.network?.descriptor].compactMap { $0 },
                for: max(.zero, until - now))
            self.step(deadline: deadline)
        }
        self.connection?.close()
        self.streams.closeAll()
        try? self.behaviour.recorder?.finish()
        return CallReport(self.session, reason: self.end?.reason ?? .hungUp)
    }

    private func step(deadline: Instant?) {
        for letter in self.mailbox.take() { self.handle(letter, now: monotonicNow()) }
        self.sockets.receive { datagram, source, socket in
            self.session.receive(datagram, from: source, on: socket, now: monotonicNow())
        }
        let now = monotonicNow()
        self.watchNetwork(now: now)
        self.session.handleTimeout(now: now)
        self.beat(now: now)
        if let limit = self.behaviour.duration, let start = self.voiceSince, now - start >= limit {
            self.session.hangUp(now: now)
        }
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
        case .stream(let id, let event):
            guard self.streams.contains(id) else { return }
            switch event {
            case .opened(let local): self.session.streamOpened(id, local: local, now: now)
            case .received(let octets): self.session.receive(octets, onStream: id, now: now)
            case .closed:
                self.streams.close(id)
                self.session.streamClosed(id, now: now)
            }
        case .stop:
            self.session.hangUp(now: now)
            if self.end == nil { self.end = (.hungUp, now) }
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
                self.streams.open(id, to: target) { [mailbox] event in mailbox.post(.stream(id, event)) }
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
        self.behaviour.onEvent(event)
        switch event {
        case .guestArrived(let guest):
            if case .first = self.behaviour.admission { self.session.admit(guest.connection, now: now) }
        case .admitted: if self.session.isPatient { self.session.consent(now: now) }
        case .mediaWanted:
            self.sockets.refresh()
            self.session.startMedia(on: self.sockets.all, now: now)
        case .bound:
            if self.voiceSince == nil {
                self.voiceSince = now
                self.nextBlock = now
                if let same = self.behaviour.wordsAre { self.session.compare(same: same, now: now) }
            }
        case .ended(let reason): self.end = (reason, now + Self.farewell)
        default: break
        }
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

    // MARK: The beat of 20 ms

    private func beat(now: Instant) {
        guard let due = self.nextBlock, due <= now, self.end == nil else { return }
        // After a stall longer than a packet's life the beat starts anew; shorter ones are caught up.
        self.nextBlock =
            now - due > .milliseconds(400) ? now + AudioFormat.blockDuration : due + AudioFormat.blockDuration
        guard self.session.isVoiceOpen else { return }
        // Taken out of the object for the time of the beat: a span of a stored array may not leave it.
        var heard = self.heard
        self.heard = []
        if self.pull(into: &heard, now: now) {
            self.behaviour.source.hear(heard.span)
            try? self.behaviour.recorder?.write(heard)
        }
        self.heard = heard
        var said = self.said
        self.said = []
        self.speak(into: &said)
        self.session.send(said.span, now: now)
        self.said = said
    }

    private func pull(into block: inout [Int16], now: Instant) -> Bool {
        var room = block.mutableSpan
        return self.session.pull(into: &room, now: now) != nil
    }

    private func speak(into block: inout [Int16]) {
        var room = block.mutableSpan
        self.behaviour.source.read(into: &room)
    }

    /// The last messages and datagrams need a moment on their way.
    private static let farewell: Duration = .milliseconds(300)
    private static let networkPause: Duration = .milliseconds(50)
}
