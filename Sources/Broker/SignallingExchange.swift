import Logging
import NIOCore
import Network
import Signalling
import Wire

/// The switchboard on real sockets. Confined to one event loop, like everything it touches.
final class SignallingExchange {
    /// One WebSocket and what waits to go out on it.
    private final class Socket {
        let channel: any Channel
        var queuedOctets = 0
        /// Senders that read nothing more until this socket has drained.
        var pausedSenders: Set<ConnectionID> = []
        /// How many full sockets this one waits for.
        var fullReceivers = 0

        init(_ channel: any Channel) {
            self.channel = channel
        }
    }

    private let eventLoop: any EventLoop
    private let store: any RoomStore
    private let clock: BrokerClock
    private let logger: Logger
    private var board: Switchboard
    private var grants: RelayGrants?
    private var sockets: [ConnectionID: Socket] = [:]
    private var lastID: ConnectionID = 0
    private var timer: (deadline: Instant, task: Scheduled<Void>)?

    init(
        eventLoop: any EventLoop, store: any RoomStore, configuration: Switchboard.Configuration,
        grants: RelayGrants?, clock: BrokerClock, logger: Logger
    ) throws(StoreError) {
        self.eventLoop = eventLoop
        self.store = store
        self.grants = grants
        self.clock = clock
        self.logger = logger
        self.board = Switchboard(
            configuration: configuration, records: try store.rooms(), random: .system, now: clock.now(),
            unixTime: clock.unixTime())
        self.carryOut(from: nil)
    }

    // MARK: Sockets

    func opened(_ channel: any Channel, from source: Source, isReserved: Bool) -> ConnectionID {
        self.eventLoop.assertInEventLoop()
        self.lastID += 1
        let id = self.lastID
        self.sockets[id] = Socket(channel)
        self.board.connectionOpened(id, from: source, isReserved: isReserved, now: self.clock.now())
        self.carryOut(from: nil)
        return id
    }

    func received(_ message: [UInt8], from id: ConnectionID) {
        self.eventLoop.assertInEventLoop()
        self.board.handle(message, from: id, now: self.clock.now(), unixTime: self.clock.unixTime())
        self.carryOut(from: id)
    }

    func closed(_ id: ConnectionID) {
        self.eventLoop.assertInEventLoop()
        self.forget(id)
        self.board.connectionClosed(id, now: self.clock.now())
        self.carryOut(from: nil)
    }

    // MARK: Life

    func reconfigure(_ configuration: Switchboard.Configuration, grants: RelayGrants?) {
        self.eventLoop.assertInEventLoop()
        self.grants = grants
        self.board.configuration = configuration
    }

    /// Tells every socket to come back later.
    func shutDown() {
        self.eventLoop.assertInEventLoop()
        self.board.shutDown(now: self.clock.now())
        self.carryOut(from: nil)
        self.timer?.task.cancel()
        self.timer = nil
    }

    // MARK: Outputs

    private func carryOut(from sender: ConnectionID?) {
        while true {
            switch self.board.pollOutput() {
            case .send(let bytes, let id): self.send(bytes, to: id, from: sender)
            case .close(let id, let code):
                let socket = self.sockets[id]
                self.forget(id)
                socket?.channel.writeAndFlush(WebSocketOutbound.close(code: code.rawValue), promise: nil)
            case .save(let record): self.note("room not saved") { () throws(StoreError) in try self.store.save(record) }
            case .delete(let address):
                self.grants?.ended(address)
                self.note("room not deleted") { () throws(StoreError) in try self.store.delete(address) }
            case .wait(let deadline):
                self.wake(at: deadline)
                return
            }
        }
    }

    private func send(_ bytes: [UInt8], to id: ConnectionID, from sender: ConnectionID?) {
        guard let socket = self.sockets[id] else { return }
        let patient = sender.flatMap { self.isPatient($0, writingToDoctor: id) ? $0 : nil }
        let limit = patient == nil ? Self.maximumQueuedOctets : Self.maximumQueuedOctets - Self.reserveForBroker
        guard socket.queuedOctets + bytes.count <= limit else {
            // Several patients at once may fill what one could not: who goes is never the doctor of all the others.
            return self.cutOff(patient ?? id)
        }
        socket.queuedOctets += bytes.count
        let written = self.eventLoop.makePromise(of: Void.self)
        let exchange = NIOLoopBound(self, eventLoop: self.eventLoop)
        written.futureResult.whenComplete { _ in exchange.value.drained(bytes.count, on: id) }
        socket.channel.writeAndFlush(WebSocketOutbound.message(bytes), promise: written)
        if let patient, socket.queuedOctets > Self.pauseMark { self.pause(patient, until: socket) }
    }

    /// A patient waits for a slow doctor. A doctor never waits for one slow patient: that one is closed instead,
    /// or it could hold up all the others.
    private func isPatient(_ sender: ConnectionID, writingToDoctor receiver: ConnectionID) -> Bool {
        self.board.isPatient(sender) && !self.board.isPatient(receiver)
    }

    private func cutOff(_ id: ConnectionID) {
        guard let socket = self.sockets[id] else { return }
        self.logger.info("a socket that overfilled a queue was closed")
        self.forget(id)
        socket.channel.writeAndFlush(
            WebSocketOutbound.close(code: Switchboard.CloseCode.tryAgainLater.rawValue), promise: nil)
        self.board.connectionClosed(id, now: self.clock.now())
    }

    private func pause(_ sender: ConnectionID, until socket: Socket) {
        guard let paused = self.sockets[sender], socket.pausedSenders.insert(sender).inserted else { return }
        paused.fullReceivers += 1
        if paused.fullReceivers == 1 { _ = paused.channel.setOption(.autoRead, value: false) }
    }

    private func drained(_ count: Int, on id: ConnectionID) {
        guard let socket = self.sockets[id] else { return }
        socket.queuedOctets -= count
        if socket.queuedOctets <= Self.resumeMark { self.resumeSenders(of: socket) }
    }

    private func resumeSenders(of socket: Socket) {
        for sender in socket.pausedSenders {
            guard let paused = self.sockets[sender] else { continue }
            paused.fullReceivers -= 1
            if paused.fullReceivers == 0 { _ = paused.channel.setOption(.autoRead, value: true) }
        }
        socket.pausedSenders = []
    }

    private func forget(_ id: ConnectionID) {
        guard let socket = self.sockets.removeValue(forKey: id) else { return }
        if socket.fullReceivers > 0 { _ = socket.channel.setOption(.autoRead, value: true) }
        self.resumeSenders(of: socket)
    }

    private func wake(at deadline: Instant) {
        if let timer = self.timer, timer.deadline <= deadline, timer.deadline > self.clock.now() { return }
        self.timer?.task.cancel()
        let exchange = NIOLoopBound(self, eventLoop: self.eventLoop)
        let delay = max(0, (deadline - self.clock.now()).wholeNanoseconds)
        self.timer = (
            deadline,
            self.eventLoop.scheduleTask(in: .nanoseconds(delay)) {
                exchange.value.timer = nil
                exchange.value.board.handleTimeout(now: exchange.value.clock.now())
                exchange.value.carryOut(from: nil)
            }
        )
    }

    private func note(_ failure: Logger.Message, _ body: () throws(StoreError) -> Void) {
        do {
            try body()
        } catch {
            // The doctor's end opens its rooms again after a restart, so the call goes on without this line.
            self.logger.error(failure, metadata: ["error": "\(error)"])
        }
    }

    private static let maximumQueuedOctets = 256 * 1024
    /// Of these, what patients cannot fill: the broker's own words reach a doctor whatever they do.
    private static let reserveForBroker = 16 * 1024
    private static let pauseMark = 128 * 1024
    private static let resumeMark = 64 * 1024
}

@available(*, unavailable)
extension SignallingExchange: Sendable {}
