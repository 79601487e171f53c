package import Signalling
package import Wire

/// Ends, a broker and the networks between them, in virtual time and from one seed.
///
/// WebSockets deliver in order after a varying delay and may be cut; datagrams may be lost, doubled and overtaken.
package final class World {
    /// How the datagram network treats what it carries.
    package struct Weather: Sendable {
        /// Shares of 1.
        package var loss = 0.0
        package var duplication = 0.0
        package var delay: Duration = .milliseconds(20)
        /// Added to ``delay``, evenly between nothing and this much: overtaking follows from it.
        package var jitter: Duration = .zero
        /// Chance that a WebSocket message cuts its connection in place of arriving.
        package var cut = 0.0

        package init() {}
    }

    package enum Direction: Sendable {
        case toBroker, fromBroker
    }

    private enum Happening {
        case opened(end: Int, connection: ConnectionID)
        case atBroker(ConnectionID, [UInt8])
        case atEnd(end: Int, connection: ConnectionID, [UInt8])
        case closedAtBroker(ConnectionID)
        case closedAtEnd(end: Int, connection: ConnectionID)
        case datagram(SimulatedDatagram)
        case action((World) -> Void)
    }

    private struct Appointment {
        let at: Instant
        let order: Int
        let what: Happening
    }

    package private(set) var now: Instant = .zero
    package var random: RandomSource
    package var weather = Weather()
    /// One way between an end and the broker where that never varies, by the end's number.
    package var steadySockets: [Int: Duration] = [:]
    /// What a hostile broker does to a relayed message: gives back what is delivered in its place.
    package var tamper: ((_ message: [UInt8], _ direction: Direction, _ end: Int, inout RandomSource) -> [[UInt8]])?
    /// Called with every datagram that is about to be delivered.
    package var onDatagram: ((SimulatedDatagram) -> Void)?
    /// Which datagrams no network carries, whatever the weather.
    package var blocks: ((SimulatedDatagram) -> Bool)?
    /// Which datagrams are dropped at the other end of their way.
    package var isDropped: ((SimulatedDatagram) -> Bool)?
    /// Called after every step.
    package var onStep: ((World) -> Void)?
    package private(set) var isBrokerUp = true

    private let configuration: Switchboard.Configuration
    private var broker: Switchboard
    private var storedRooms: [RoomAddress: RoomRecord] = [:]
    private var ends: [any SimulatedEnd] = []
    private var addresses: [IPAddress: Int] = [:]
    private var connectionOf: [Int: ConnectionID] = [:]
    private var endOf: [ConnectionID: Int] = [:]
    /// Sockets that carry nothing any more, whatever their ends believe.
    private var dead: Set<ConnectionID> = []
    private var lastArrival: [ConnectionID: [Direction: Instant]] = [:]
    private var nextConnection: ConnectionID = 1
    private var agenda: [Appointment] = []
    private var order = 0

    package init(seed: UInt64, configuration: Switchboard.Configuration) {
        self.random = .seeded(seed)
        self.configuration = configuration
        self.broker = Switchboard(
            configuration: configuration, random: self.random.child(), now: .zero, unixTime: Self.unixTimeAtZero)
    }

    package static let unixTimeAtZero: UInt64 = 1_800_000_000

    /// - Parameter addresses: where datagrams reach this end.
    package func add(_ end: any SimulatedEnd, addresses: [IPAddress] = []) {
        let index = self.ends.count
        self.ends.append(end)
        for address in addresses { self.addresses[address] = index }
        end.start(now: self.now)
        self.drain(index)
    }

    /// Moves an address to nobody: what is sent there is lost, as after a change of network.
    package func forget(_ address: IPAddress) {
        self.addresses[address] = nil
    }

    package func assign(_ address: IPAddress, to end: Int) {
        self.addresses[address] = end
    }

    package func at(_ delay: Duration, _ action: @escaping (World) -> Void) {
        self.schedule(.action(action), at: self.now + delay)
    }

    /// Lets an end react to something done to it from outside.
    package func touch(_ end: Int) {
        self.drain(end)
    }

    package func touch(_ end: any SimulatedEnd) {
        if let index = self.ends.firstIndex(where: { $0 === end }) { self.drain(index) }
    }

    /// Whether the end's socket stands on both sides and carries what is sent.
    package func isConnected(_ end: Int) -> Bool {
        guard let connection = self.connectionOf[end] else { return false }
        return self.isBrokerUp && self.endOf[connection] == end && !self.dead.contains(connection)
    }

    /// The end's socket dies without a word: nothing gets through any more, and each side finds out in its own time.
    package func kill(socketOf end: Int, brokerLearnsAfter: Duration, endLearnsAfter: Duration) {
        guard let connection = self.connectionOf[end] else { return }
        self.dead.insert(connection)
        self.schedule(.closedAtBroker(connection), at: self.now + brokerLearnsAfter)
        self.schedule(.closedAtEnd(end: end, connection: connection), at: self.now + endLearnsAfter)
    }

    /// Kills an end's process: its socket dies, nothing leaves it any more, and nothing is told to it.
    package func kill(_ end: Int) {
        self.ends[end] = DeadEnd()
        self.deadlines[end] = .distantFuture
        if let connection = self.connectionOf.removeValue(forKey: end) {
            self.schedule(.closedAtBroker(connection), at: self.now + .milliseconds(1))
        }
    }

    /// Kills the broker: every socket dies, and what it did not store is forgotten.
    package func killBroker() {
        self.isBrokerUp = false
        for (connection, end) in self.endOf.sorted(by: { $0.key < $1.key }) {
            self.schedule(.closedAtEnd(end: end, connection: connection), at: self.now + .milliseconds(1))
        }
        self.endOf.removeAll()
        self.connectionOf.removeAll()
    }

    package func startBroker() {
        self.isBrokerUp = true
        let records = self.storedRooms.values.sorted { $0.address.bytes.lexicographicallyPrecedes($1.address.bytes) }
        self.broker = Switchboard(
            configuration: self.configuration, records: records, random: self.random.child(),
            now: self.now, unixTime: self.unixTime)
    }

    /// Runs until `condition` holds or virtual time is up.
    /// - Returns: whether the condition holds.
    @discardableResult
    package func run(for duration: Duration, until condition: () -> Bool = { false }) -> Bool {
        let end = self.now + duration
        var steps = 0
        while !condition() {
            steps += 1
            precondition(steps < 3_000_000, "the simulation does not come to rest")
            guard let next = self.nextInstant(), next <= end else {
                self.now = end
                return condition()
            }
            self.now = max(self.now, next)
            self.step()
            self.onStep?(self)
        }
        return true
    }

    // MARK: One step

    private var unixTime: UInt64 { Self.unixTimeAtZero + UInt64(self.now.nanoseconds / 1_000_000_000) }

    private var deadlines: [Instant] = []

    private func nextInstant() -> Instant? {
        var earliest = self.agenda.first?.at ?? .distantFuture
        for deadline in self.deadlines { earliest = min(earliest, deadline) }
        if self.isBrokerUp { earliest = min(earliest, self.brokerDeadline) }
        return earliest == .distantFuture ? nil : earliest
    }

    private var brokerDeadline: Instant = .distantFuture

    private func step() {
        if let first = self.agenda.first, first.at <= self.now {
            self.agenda.removeFirst()
            return self.perform(first.what)
        }
        if self.isBrokerUp, self.brokerDeadline <= self.now {
            self.broker.handleTimeout(now: self.now)
            self.drainBroker()
        }
        for index in self.ends.indices where self.deadlines[index] <= self.now {
            self.ends[index].handleTimeout(now: self.now)
            self.drain(index)
        }
    }

    private func perform(_ what: Happening) {
        switch what {
        case .opened(let end, let connection):
            guard self.connectionOf[end] == connection, !self.dead.contains(connection) else { return }
            guard self.isBrokerUp else {
                self.connectionOf[end] = nil
                self.ends[end].socketClosed(now: self.now)
                return self.drain(end)
            }
            self.endOf[connection] = end
            self.ends[end].socketOpened(now: self.now)
            self.broker.connectionOpened(
                connection, from: Source(tag: UInt64(end)), isReserved: false, now: self.now)
            self.drainBroker()
            self.drain(end)
        case .atBroker(let connection, let message):
            guard self.isBrokerUp, self.endOf[connection] != nil, !self.dead.contains(connection) else { return }
            self.broker.handle(message, from: connection, now: self.now, unixTime: self.unixTime)
            self.drainBroker()
        case .atEnd(let end, let connection, let message):
            guard self.connectionOf[end] == connection, !self.dead.contains(connection) else { return }
            self.ends[end].receive(message, now: self.now)
            self.drain(end)
        case .closedAtBroker(let connection):
            guard self.isBrokerUp, self.endOf.removeValue(forKey: connection) != nil else { return }
            self.broker.connectionClosed(connection, now: self.now)
            self.drainBroker()
        case .closedAtEnd(let end, let connection):
            if let current = self.connectionOf[end], current != connection { return }
            self.connectionOf[end] = nil
            self.ends[end].socketClosed(now: self.now)
            self.drain(end)
        case .datagram(let datagram):
            guard let end = self.addresses[datagram.destination.ip], self.isDropped?(datagram) != true else { return }
            self.onDatagram?(datagram)
            self.ends[end].receive(datagram, now: self.now)
            self.drain(end)
        case .action(let action):
            action(self)
        }
    }

    private func drain(_ end: Int) {
        while self.deadlines.count < self.ends.count { self.deadlines.append(.distantFuture) }
        while true {
            switch self.ends[end].pollOutput(now: self.now) {
            case .connect:
                let connection = self.nextConnection
                self.nextConnection += 1
                self.connectionOf[end] = connection
                self.schedule(.opened(end: end, connection: connection), at: self.now + self.socketDelay(end) * 3)
            case .send(let message):
                guard let connection = self.connectionOf[end] else { continue }
                self.carry(message, .toBroker, end: end, connection)
            case .disconnect:
                guard let connection = self.connectionOf.removeValue(forKey: end), !self.dead.contains(connection)
                else { continue }
                self.schedule(.closedAtBroker(connection), at: self.arrival(.toBroker, connection))
            case .transmit(let datagram):
                self.carry(datagram)
            case .wait(let until):
                self.deadlines[end] = until
                return
            }
        }
    }

    private func drainBroker() {
        while true {
            switch self.broker.pollOutput() {
            case .send(let message, let connection):
                guard let end = self.endOf[connection] else { continue }
                self.carry(message, .fromBroker, end: end, connection)
            case .close(let connection, _):
                guard let end = self.endOf.removeValue(forKey: connection) else { continue }
                self.schedule(
                    .closedAtEnd(end: end, connection: connection), at: self.arrival(.fromBroker, connection))
            case .save(let record): self.storedRooms[record.address] = record
            case .delete(let address): self.storedRooms[address] = nil
            case .wait(let until):
                self.brokerDeadline = until
                return
            }
        }
    }

    // MARK: Carrying

    private func carry(_ message: [UInt8], _ direction: Direction, end: Int, _ connection: ConnectionID) {
        if self.random.unitInterval() < self.weather.cut {
            let at = self.arrival(direction, connection)
            self.schedule(.closedAtBroker(connection), at: at)
            return self.schedule(.closedAtEnd(end: end, connection: connection), at: at)
        }
        let isRelayed = message.first == EnvelopeType.relay.rawValue
        let delivered = isRelayed ? self.tamper?(message, direction, end, &self.random) ?? [message] : [message]
        for copy in delivered {
            let at = self.arrival(direction, connection)
            switch direction {
            case .toBroker: self.schedule(.atBroker(connection, copy), at: at)
            case .fromBroker: self.schedule(.atEnd(end: end, connection: connection, copy), at: at)
            }
        }
    }

    private func carry(_ datagram: SimulatedDatagram) {
        guard self.blocks?(datagram) != true, self.random.unitInterval() >= self.weather.loss else { return }
        let copies = self.random.unitInterval() < self.weather.duplication ? 2 : 1
        for _ in 0..<copies {
            let delay = self.weather.delay + self.weather.jitter * self.random.unitInterval()
            self.schedule(.datagram(datagram), at: self.now + delay)
        }
    }

    private func socketDelay(_ end: Int?) -> Duration {
        if let steady = end.flatMap({ self.steadySockets[$0] }) { return steady }
        return .milliseconds(10) + .milliseconds(20) * self.random.unitInterval()
    }

    private func arrival(_ direction: Direction, _ connection: ConnectionID) -> Instant {
        let at = max(
            self.now + self.socketDelay(self.endOf[connection]), self.lastArrival[connection]?[direction] ?? .zero)
        self.lastArrival[connection, default: [:]][direction] = at
        return at
    }

    private func schedule(_ what: Happening, at: Instant) {
        self.order += 1
        let appointment = Appointment(at: at, order: self.order, what: what)
        var low = 0
        var high = self.agenda.count
        while low < high {
            let middle = (low + high) / 2
            if self.agenda[middle].at <= at { low = middle + 1 } else { high = middle }
        }
        self.agenda.insert(appointment, at: low)
    }
}
