package import Consultation
internal import Foundation
internal import Invitation
internal import NIOCore
internal import NIOPosix
package import Network
package import Primitives
internal import SecureChannel
internal import Signalling
package import Wire

/// Why a visit to the broker did not do what it was for.
package enum BrokerErrandError: Error, Equatable, Sendable {
    /// Nobody answers there, the connection broke, or no answer came in time.
    case unreachable
    /// TLS failed: the certificate is not trusted, expired or for another name.
    case untrusted
    /// Somebody answers there over HTTP, but opens no WebSocket.
    case noBroker(status: Int)
    case notEnrolled
    /// The broker holds the room for another key or another link.
    case roomTaken
    case tooManyRooms
    /// The broker does not open a room of this age.
    case expired
    /// A newer connection of the same key took over.
    case superseded
    /// The broker said what no broker says.
    case violated
}

/// One short visit of a doctor to the broker: opens rooms, closes others, and leaves.
///
/// The broker keeps one connection of a key, the newest: a visit ends the connection of a call that runs with the
/// same key, which then comes back by itself.
package struct BrokerErrand: Sendable {
    package struct Opening: Sendable {
        package var secrets: RoomSecrets
        package var relayOnly: Bool
        /// From the visit on.
        package var timeToLive: Duration
        /// The broker forgets who was admitted: the link lets somebody in again.
        package var reopens: Bool

        package init(secrets: RoomSecrets, relayOnly: Bool, timeToLive: Duration, reopens: Bool = false) {
            self.secrets = secrets
            self.relayOnly = relayOnly
            self.timeToLive = timeToLive
            self.reopens = reopens
        }
    }

    package var opening: [Opening]
    package var closing: [RoomID]

    package init(opening: [Opening] = [], closing: [RoomID] = []) {
        self.opening = opening
        self.closing = closing
    }

    /// Returns when the broker confirmed each room, at the latest after ``deadline``.
    package func run(
        at url: WebSocketURL, as identity: Ed25519.KeyPair, trust: ServerTrust = .system
    ) async throws(BrokerErrandError) {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let result = eventLoop.makePromise(of: Result<Void, BrokerErrandError>.self)
        eventLoop.execute {
            BrokerVisit(
                errand: self, url: url, identity: identity, trust: trust, eventLoop: eventLoop, result: result
            ).start()
        }
        let outcome: Result<Void, BrokerErrandError>
        do {
            outcome = try await result.futureResult.get()
        } catch {
            throw .unreachable
        }
        try outcome.get()
    }

    package static let deadline: Duration = .seconds(8)
}

/// The socket and the clock of one errand. Confined to its event loop.
private final class BrokerVisit {
    private let url: WebSocketURL
    private let trust: ServerTrust
    private let eventLoop: any EventLoop
    private let result: EventLoopPromise<Result<Void, BrokerErrandError>>
    private let errand: BrokerErrand
    private var seat: DoctorSeat {
        didSet { self.eventLoop.assertInEventLoop() }
    }
    private var toOpen: Set<RoomID>
    private var toClose: Set<RoomID>
    private var connection: WebSocketConnection?
    private var timer: Scheduled<Void>?
    private var overall: Scheduled<Void>?
    private var isOver = false

    init(
        errand: BrokerErrand, url: WebSocketURL, identity: Ed25519.KeyPair, trust: ServerTrust,
        eventLoop: any EventLoop, result: EventLoopPromise<Result<Void, BrokerErrandError>>
    ) {
        self.errand = errand
        self.url = url
        self.trust = trust
        self.eventLoop = eventLoop
        self.result = result
        self.toOpen = Set(errand.opening.map(\.secrets.keys.roomID))
        self.toClose = Set(errand.closing)
        self.seat = DoctorSeat(
            identity: identity, host: url.authority, language: .english,
            unixTimeAtZero: Int64(Date().timeIntervalSince1970) - Self.now.nanoseconds / 1_000_000_000,
            random: .system)
    }

    func start() {
        let bound = NIOLoopBound(self, eventLoop: self.eventLoop)
        self.overall = self.eventLoop.scheduleTask(in: .nanoseconds(BrokerErrand.deadline.wholeNanoseconds)) {
            bound.value.finish(.failure(.unreachable))
        }
        for room in self.errand.opening {
            self.seat.openRoom(
                room.secrets, relayOnly: room.relayOnly, expiry: Self.now + room.timeToLive, now: Self.now)
        }
        self.seat.start(now: Self.now)
        self.drain()
    }

    private func handle(_ event: WebSocketEvent) {
        guard !self.isOver else { return }
        switch event {
        case .opened: self.seat.socketOpened(now: Self.now)
        case .message(let bytes): self.seat.receive(bytes, now: Self.now)
        case .closed(let closure): return self.finish(.failure(BrokerErrandError(closure)))
        }
        self.drain()
    }

    private func drain() {
        while !self.isOver {
            switch self.seat.pollOutput() {
            case .connect: self.connect()
            case .send(let bytes): self.connection?.send(bytes)
            case .disconnect: self.connection?.close()
            case .event(let event): self.handle(event)
            case .wait(let deadline): return self.schedule(deadline)
            }
        }
    }

    private func handle(_ event: DoctorEvent) {
        switch event {
        case .online:
            // Before the seat's own opening, which then changes nothing.
            for room in self.errand.opening where room.reopens { self.connection?.send(room.reopening.encoded) }
            // A room that is only to go need not be held first: the broker asks for its owner, not for its host.
            for room in self.errand.closing { self.connection?.send(Envelope.roomClose(room: room).encoded) }
        case .room(let room, .opened): self.toOpen.remove(room)
        case .room(let room, .closed): self.toClose.remove(room)
        case .room(let room, .ended(let reason)):
            if self.toOpen.contains(room) { return self.finish(.failure(BrokerErrandError(reason))) }
        case .room: break
        case .offline: return self.finish(.failure(.unreachable))
        case .ended(let reason): return self.finish(.failure(BrokerErrandError(reason)))
        }
        if self.seat.isOnline, self.toOpen.isEmpty, self.toClose.isEmpty { self.finish(.success(())) }
    }

    private func connect() {
        let bound = NIOLoopBound(self, eventLoop: self.eventLoop)
        self.connection = WebSocketClient.connect(
            to: self.url, subprotocol: Envelope.subprotocol, trust: self.trust,
            timeout: .nanoseconds(BrokerErrand.deadline.wholeNanoseconds), eventLoopGroup: self.eventLoop
        ) { event in
            bound.value.handle(event)
        }
    }

    private func schedule(_ deadline: Instant) {
        self.timer?.cancel()
        self.timer = nil
        guard deadline != .distantFuture else { return }
        let bound = NIOLoopBound(self, eventLoop: self.eventLoop)
        self.timer = self.eventLoop.scheduleTask(in: .nanoseconds(max(0, (deadline - Self.now).wholeNanoseconds))) {
            guard !bound.value.isOver else { return }
            bound.value.seat.handleTimeout(now: Self.now)
            bound.value.drain()
        }
    }

    private func finish(_ outcome: Result<Void, BrokerErrandError>) {
        guard !self.isOver else { return }
        self.isOver = true
        self.timer?.cancel()
        self.overall?.cancel()
        self.connection?.close()
        self.result.succeed(outcome)
    }

    private static var now: Instant {
        Instant(nanoseconds: Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }
}

@available(*, unavailable)
extension BrokerVisit: Sendable {}

extension BrokerErrand.Opening {
    fileprivate var reopening: Envelope {
        .roomOpen(
            room: self.secrets.keys.roomID, joinHash: self.secrets.keys.joinHash,
            rejoinHash: [UInt8](repeating: 0, count: 32),
            timeToLive: UInt32(clamping: max(1, self.timeToLive.components.seconds)), flags: .reopen)
    }
}

extension BrokerErrandError {
    fileprivate init(_ closure: WebSocketClosure) {
        switch closure {
        case .untrusted: self = .untrusted
        case .refused(let status): self = .noBroker(status: status)
        case .violated: self = .violated
        case .unreachable, .closedByPeer, .silent, .lost, .closedHere: self = .unreachable
        }
    }

    fileprivate init(_ reason: EndReason) {
        switch reason {
        case .notEnrolled: self = .notEnrolled
        case .roomTaken: self = .roomTaken
        case .tooManyRooms: self = .tooManyRooms
        case .expired: self = .expired
        case .superseded: self = .superseded
        default: self = .violated
        }
    }
}
