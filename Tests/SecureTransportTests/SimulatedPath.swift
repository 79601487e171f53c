import CVirtualClock
import SecureTransport
import Wire

/// Two DTLS ends and a path between them that loses, doubles, delays and reorders, in virtual time.
struct SimulatedPath {
    var loss = 0.0
    var duplication = 0.0
    /// One way; each datagram takes up to twice this.
    var delay: Duration = .milliseconds(20)
    var random: RandomSource

    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var datagramsSent = 0
    private(set) var largestDatagram = 0
    private var inFlight: [(arrival: Instant, order: Int, toServer: Bool, datagram: [UInt8])] = []

    init(seed: UInt64) {
        self.random = .seeded(seed)
    }

    /// The events of both ends when nothing is left to happen before `limit`.
    struct Outcome {
        var client: [DTLSConnection.Event] = []
        var server: [DTLSConnection.Event] = []
        var elapsed: Duration = .zero

        var clientResult: DTLSResult? { Self.result(self.client) }
        var serverResult: DTLSResult? { Self.result(self.server) }

        private static func result(_ events: [DTLSConnection.Event]) -> DTLSResult? {
            for case .connected(let result) in events { return result }
            return nil
        }
    }

    private static func isSettled(_ events: [DTLSConnection.Event]) -> Bool {
        events.contains { if case .peerVerified = $0 { false } else { true } }
    }

    /// Runs until both ends have connected or failed, or `limit` passed, or nothing can happen any more.
    mutating func run(
        client: DTLSConnection, server: DTLSConnection, limit: Duration = .seconds(60)
    ) -> Outcome {
        let begin = self.now
        var outcome = Outcome()
        setVirtualTime(self.now)
        defer { virtual_clock_clear() }
        server.start(now: self.now)
        client.start(now: self.now)
        while true {
            let clientDeadline = self.drain(client, toServer: true, into: &outcome.client)
            let serverDeadline = self.drain(server, toServer: false, into: &outcome.server)
            let bothDone = Self.isSettled(outcome.client) && Self.isSettled(outcome.server)
            if bothDone, self.inFlight.isEmpty { break }
            let arrival = self.inFlight.min { ($0.arrival, $0.order) < ($1.arrival, $1.order) }
            let next = min(clientDeadline, serverDeadline, arrival?.arrival ?? .distantFuture)
            guard next != .distantFuture, next - begin <= limit else { break }
            self.now = max(self.now, next)
            setVirtualTime(self.now)
            if let arrival, arrival.arrival <= self.now {
                self.inFlight.removeAll { $0.order == arrival.order }
                (arrival.toServer ? server : client).handle(arrival.datagram, now: self.now)
            } else {
                if clientDeadline <= self.now { client.handleTimeout(now: self.now) }
                if serverDeadline <= self.now { server.handleTimeout(now: self.now) }
            }
        }
        outcome.elapsed = self.now - begin
        return outcome
    }

    private mutating func drain(
        _ end: DTLSConnection, toServer: Bool, into events: inout [DTLSConnection.Event]
    ) -> Instant {
        while true {
            switch end.pollOutput() {
            case .transmit(let datagram): self.send(datagram, toServer: toServer)
            case .event(let event): events.append(event)
            case .wait(let deadline): return deadline
            }
        }
    }

    private mutating func send(_ datagram: [UInt8], toServer: Bool) {
        self.largestDatagram = max(self.largestDatagram, datagram.count)
        let copies = self.random.unitInterval() < self.duplication ? 2 : 1
        for _ in 0..<copies {
            self.datagramsSent += 1
            let isLost = self.random.unitInterval() < self.loss
            let time = self.delay * (1 + self.random.unitInterval())
            if isLost { continue }
            self.inFlight.append((self.now + time, self.datagramsSent, toServer, datagram))
        }
    }
}

func setVirtualTime(_ now: Instant) {
    virtual_clock_set(now.nanoseconds)
}
