internal import STUN
package import Wire

/// One allocation on one relay, from the client's side (RFC 8656), over UDP, TCP or TLS. Opens no socket, reads no
/// clock.
///
/// Feed it what happens, then drain ``pollOutput()`` until it says `.wait`, and call ``handleTimeout(now:)`` at that
/// instant:
///
///     client.start(now: now)                          // over a stream: once that stands
///     client.receive(octets, now: now)                // from the server alone
///     client.send(datagram, to: peer, now: now)       // once `.allocated` came
///     client.close(now: now)
///
/// A peer needs a permission before it can be sent to or heard: ``send(_:to:now:)`` asks for it and keeps the first
/// datagrams meanwhile. What is no STUN, hence no connectivity check, shows that a peer is in use: it gets a channel.
///
/// The parts: ``Authentication``, ``Permissions``, ``Channels``, and ``Request`` for each question under way; what
/// an answer means stands in `+Answers`.
package struct TURNClient: Sendable {
    /// How the server is reached (RFC 8656 §3.1).
    package enum Transport: String, CaseIterable, Sendable {
        case udp, tcp, tls

        package var isStream: Bool { self != .udp }
    }

    package enum Event: Equatable, Sendable {
        /// The allocation stands: its address on the relay, and the address that the relay sees this client at.
        case allocated(relayed: TransportAddress, mapped: TransportAddress)
        /// The server refused to let this address be sent to; the allocation stands.
        case peerRefused(IPAddress)
        /// Nothing follows.
        case ended(Failure)
    }

    package enum Output: Equatable, Sendable {
        /// To the server: one datagram, or the next octets of the stream.
        case transmit([UInt8])
        /// A datagram of a peer.
        case received([UInt8], from: TransportAddress)
        case event(Event)
        /// Nothing more before this instant, or before an input when `nil`.
        case wait(until: Instant?)
    }

    enum State: Equatable, Sendable {
        case idle, allocating, allocated, closing, ended
    }

    package let transport: Transport
    var state = State.idle
    var authentication: Authentication
    var requestsIPv6: Bool
    var random: RandomSource
    var requests: [Request] = []
    var permissions = Permissions()
    var channels = Channels()
    var refreshAt: Instant?
    /// An older allocation of the same 5-tuple was given back.
    var hasCleared = false
    private var framing = StreamFraming()
    private var keepAliveAt: Instant?
    private var outputs = OutputQueue<Output>()

    /// - Parameters:
    ///   - user: at most 508 octets (RFC 8489 §14.3), as the password ASCII.
    ///   - requestsIPv6: asks for a relayed address of IPv6 rather than of IPv4.
    package init(
        transport: Transport, user: String, password: String, requestsIPv6: Bool = false, random: RandomSource
    ) {
        self.transport = transport
        self.authentication = Authentication(user: user, password: password)
        self.requestsIPv6 = requestsIPv6
        self.random = random
    }

    package var isAllocated: Bool { self.state == .allocated }
    package var hasEnded: Bool { self.state == .ended }
}

/// Inputs.
extension TURNClient {
    package mutating func start(now: Instant) {
        guard self.state == .idle else { return }
        self.state = .allocating
        self.ask(.allocate, now: now)
    }

    /// What came from the server: one datagram, or octets of the stream as they come.
    package mutating func receive(_ octets: [UInt8], now: Instant) {
        guard self.state != .idle, self.state != .ended else { return }
        guard self.transport.isStream else { return self.receiveMessage(octets[...], now: now) }
        self.framing.append(octets)
        while self.state != .ended {
            switch self.framing.next() {
            case .message(let message): self.receiveMessage(message, now: now)
            case .incomplete: return
            case .malformed: return self.end(.malformedStream)
            }
        }
    }

    /// Sends a datagram to a peer; dropped while there is no allocation, and when it is too long for one message.
    package mutating func send(_ payload: [UInt8], to peer: TransportAddress, now: Instant) {
        guard self.state == .allocated, payload.count <= Self.maximumPayload else { return }
        if let channel = self.channels.number(for: peer, now: now) {
            return self.transmit(
                ChannelFrame.encode(payload, channel: channel, isPadded: self.transport.isStream), now: now)
        }
        switch self.permissions.use(peer, payload: payload, now: now) {
        case .granted: self.indicate(payload, to: peer, now: now)
        case .ask: self.ask(.permit(peer.ip), now: now)
        case .held, .refused: return
        }
        if payload.first.map({ $0 > 3 }) == true, let channel = self.channels.bind(peer, now: now) {
            self.ask(.bind(channel: channel, peer), now: now)
        }
    }

    /// Call when the instant of `.wait(until:)` has come; earlier or later does no harm.
    package mutating func handleTimeout(now: Instant) {
        self.serveRequests(now: now)
        guard self.state == .allocated else { return }
        if let due = self.refreshAt, due <= now {
            self.refreshAt = nil
            self.ask(.refresh(seconds: Self.lifetime), now: now)
        }
        for (number, peer) in self.channels.takeDue(now: now) { self.ask(.bind(channel: number, peer), now: now) }
        for ip in self.permissions.takeDue(now: now) { self.ask(.permit(ip), now: now) }
        if let due = self.keepAliveAt, due <= now {
            let id = TransactionID(random: &self.random)
            self.transmit(STUNMessageBuilder(.indication, .binding, transactionID: id).bytes, now: now)
        }
    }

    /// Asks whether the server is still there: without an answer within two seconds the allocation has ended.
    package mutating func checkServer(now: Instant) {
        guard self.state == .allocated else { return }
        if let index = self.requests.firstIndex(where: { $0.purpose == .refresh(seconds: Self.lifetime) }) {
            self.requests[index].deadline = min(self.requests[index].deadline, now + Self.doubtfulPatience)
        } else {
            self.refreshAt = nil
            self.ask(.refresh(seconds: Self.lifetime), now: now, patience: Self.doubtfulPatience)
        }
    }

    /// The stream to the server is gone.
    package mutating func streamClosed(now: Instant) {
        self.end(.streamClosed)
    }

    /// Gives the allocation back; `.ended(.closed)` follows within a second.
    package mutating func close(now: Instant) {
        guard self.state == .allocated else { return self.end(.closed) }
        self.state = .closing
        self.requests = []
        self.ask(.refresh(seconds: 0), now: now, patience: Self.closingPatience)
    }
}

/// Outputs.
extension TURNClient {
    package mutating func pollOutput() -> Output {
        self.outputs.next() ?? .wait(until: self.nextTimeout)
    }

    /// Whether a datagram from the server's address belongs to the allocation; the rest may be an answer of the
    /// same server to a Binding request of ICE.
    package static func claims(_ datagram: [UInt8]) -> Bool {
        guard datagram.count >= 4 else { return false }
        switch datagram[0] >> 6 {
        case 0:
            // The twelve bits of the method, spread over the type (RFC 8489 §5); TURN's are 3 to 9.
            let method = UInt16(datagram[0] & 0x3E) << 6 | UInt16(datagram[1] & 0xE0) >> 1 | UInt16(datagram[1] & 0xF)
            return (STUNMethod.allocate.rawValue...STUNMethod.channelBind.rawValue).contains(method)
        case 1: return true
        default: return false
        }
    }

    /// What `.wait` says once everything else was taken.
    package var nextTimeout: Instant? {
        guard self.state != .ended, self.state != .idle else { return nil }
        var deadline = self.requests.lazy.map(\.nextDeadline).min() ?? .distantFuture
        if self.state == .allocated {
            deadline = min(deadline, self.refreshAt ?? .distantFuture, self.keepAliveAt ?? .distantFuture)
            deadline = min(
                deadline, self.permissions.nextRefresh ?? .distantFuture, self.channels.nextRefresh ?? .distantFuture)
        }
        return deadline
    }
}

/// Requests on their way.
extension TURNClient {
    mutating func ask(
        _ purpose: Purpose, now: Instant, patience: Duration = Self.patience, staleCount: Int = 0
    ) {
        guard self.requests.count < Self.maximumRequests else { return }
        let id = TransactionID(random: &self.random)
        let bytes = self.encode(purpose, id: id)
        let schedule = RequestRetransmission(startedAt: now, schedule: Self.schedule)
        self.requests.append(
            Request(
                id: id, purpose: purpose, bytes: bytes, isSigned: self.authentication.key != nil,
                staleCount: staleCount, retransmission: self.transport.isStream ? nil : schedule,
                deadline: now + patience))
        self.transmit(bytes, now: now)
    }

    private mutating func serveRequests(now: Instant) {
        var unanswered: [Purpose] = []
        for index in self.requests.indices.reversed() {
            guard self.requests[index].deadline > now else {
                unanswered.append(self.requests.remove(at: index).purpose)
                continue
            }
            switch self.requests[index].retransmission?.timeoutFired(now: now) {
            case .retransmit: self.transmit(self.requests[index].bytes, now: now)
            case .fail: unanswered.append(self.requests.remove(at: index).purpose)
            case .some(.none), nil: break
            }
        }
        for purpose in unanswered { self.unanswered(purpose, now: now) }
    }

    private mutating func unanswered(_ purpose: Purpose, now: Instant) {
        switch purpose {
        case .allocate: self.end(.unreachable)
        case .refresh: self.end(self.state == .closing ? .closed : .unreachable)
        case .permit(let ip): self.permissions.unanswered(ip)
        case .bind(let channel, _): self.channels.failed(channel, now: now)
        }
    }

    /// A Send indication (RFC 8656 §11.1).
    mutating func indicate(_ payload: [UInt8], to peer: TransportAddress, now: Instant) {
        let id = TransactionID(random: &self.random)
        var builder = STUNMessageBuilder(.indication, .send, transactionID: id)
        builder.add(.xorPeerAddress, xor: peer)
        builder.add(.data, payload)
        self.transmit(builder.bytes, now: now)
    }

    mutating func transmit(_ bytes: [UInt8], now: Instant) {
        self.keepAliveAt = now + Self.keepAliveInterval
        self.outputs.append(.transmit(bytes))
    }

    mutating func deliver(_ payload: ArraySlice<UInt8>, from peer: TransportAddress) {
        self.outputs.append(.received([UInt8](payload), from: peer))
    }

    mutating func emit(_ event: Event) {
        self.outputs.append(.event(event))
    }

    mutating func end(_ failure: Failure) {
        guard self.state != .ended else { return }
        self.state = .ended
        self.requests = []
        self.emit(.ended(failure))
    }

    /// Seconds that a Refresh asks for, RFC 8656 §3.2's default.
    static let lifetime: UInt32 = 600
    /// A datagram through the relay is at most so long that its indication is a message that we would read.
    private static let maximumPayload = 1400
    private static let maximumRequests = 64

    /// An answer that takes longer will not come.
    private static let patience: Duration = .seconds(8)
    private static let doubtfulPatience: Duration = .seconds(2)
    private static let closingPatience: Duration = .seconds(1)
    /// RTO as for a connectivity check, far below RFC 8489 §6.2.1's: a lost request delays a call.
    private static let schedule = RequestRetransmission.Schedule(
        timeout: .milliseconds(200), longestInterval: .milliseconds(800), maximumRequests: 12)
    /// Something leaves at least this often, so that translators and firewalls on the way remember the flow
    /// (RFC 8445 §11).
    private static let keepAliveInterval: Duration = .seconds(15)
}
