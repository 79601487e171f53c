import Signalling
import Simulation
import TURN
import Wire

/// The product's relay in the simulated world, over datagrams and streams; the granting of credentials beside it.
final class SimulatedRelay: SimulatedEnd {
    static let address = TransportAddress(.v4(0x0A00_0009), port: 3478)

    private struct Stream {
        let flow: RelayFlow
        var framing = StreamFraming()
        let deliver: ([UInt8]) -> Void
        let closed: () -> Void
    }

    private(set) var isUp = true
    private let secret = RelaySecret(hex: String(repeating: "5a", count: 32)) ?? .random()
    private var random: RandomSource
    private var server: TURNServer
    private var outbox: [SimulatedDatagram] = []
    private var streams: [UInt32: Stream] = [:]
    private var nextStream: UInt32 = 1
    private var slot = [UInt8](repeating: 0, count: TURNServer.slotSize)

    private let lifetimes: (credentials: UInt32, allocation: Duration)

    init(seed: UInt64, lifetimes: (credentials: UInt32, allocation: Duration)) {
        self.random = .seeded(seed)
        self.lifetimes = lifetimes
        self.server = Self.server(self.secret, lifetimes.allocation, &self.random, now: .zero)
    }

    private static func server(
        _ secret: RelaySecret, _ lifetime: Duration, _ random: inout RandomSource, now: Instant
    ) -> TURNServer {
        var policy = RelayPolicy()
        policy.publicIPv4 = Self.address.ip
        policy.allocationLifetime = lifetime
        return TURNServer(policy: policy, secret: secret, random: random.child(), now: now)
    }

    var allocations: Int { self.server.counts.allocated }

    /// What a broker grants.
    /// - Parameter transports: `udp` and `tcp`, the latter also in the place of TLS.
    func credentials(for room: RoomID, _ side: RelaySide, unixTime: UInt64, transports: [String]) -> RelayCredentials {
        let name = RelayUsername(
            expiry: UInt32(unixTime) + self.lifetimes.credentials, group: RelayGroup(of: room, secret: self.secret),
            role: side == .patient ? .patient : .doctor, random: &self.random)
        return RelayCredentials(
            urls: transports.map { "turn:\(Self.address)?transport=\($0)" }, user: name.text,
            password: name.password(secret: self.secret), timeToLive: self.lifetimes.credentials)
    }

    /// The process dies: whoever had a stream hears of it, whoever sent datagrams does not.
    func kill() {
        self.isUp = false
        let streams = self.streams.values
        self.streams = [:]
        for stream in streams { stream.closed() }
    }

    func restart(now: Instant) {
        self.isUp = true
        self.server = Self.server(self.secret, self.lifetimes.allocation, &self.random, now: now)
    }

    // MARK: Streams

    /// - Returns: `nil` when nobody listens.
    func accept(
        from address: TransportAddress, deliver: @escaping ([UInt8]) -> Void, closed: @escaping () -> Void
    ) -> UInt32? {
        guard self.isUp else { return nil }
        let number = self.nextStream
        self.nextStream += 1
        self.streams[number] = Stream(
            flow: RelayFlow(stream: number, from: address), deliver: deliver, closed: closed)
        return number
    }

    func receive(_ octets: [UInt8], onStream number: UInt32, now: Instant) {
        self.streams[number]?.framing.append(octets)
        while let flow = self.streams[number]?.flow, case .message(let message)? = self.streams[number]?.framing.next()
        {
            self.handle(Array(message), from: flow, now: now)
        }
    }

    func hangUp(stream number: UInt32) {
        guard let stream = self.streams.removeValue(forKey: number) else { return }
        self.server.flowClosed(stream.flow)
    }

    // MARK: Datagrams

    func receive(_ datagram: SimulatedDatagram, now: Instant) {
        guard self.isUp, datagram.bytes.count <= 1500 else { return }
        self.handle(datagram.bytes, from: RelayFlow(datagramFrom: datagram.source, listener: 0), now: now)
    }

    private func handle(_ message: [UInt8], from flow: RelayFlow, now: Instant) {
        let start = TURNServer.headroom
        for (index, octet) in message.enumerated() { self.slot[start + index] = octet }
        var span = self.slot.mutableSpan
        var bytes = span.mutableBytes
        let unixTime = World.unixTimeAtZero + UInt64(now.nanoseconds / 1_000_000_000)
        let verdict = self.server.handle(
            &bytes, start..<start + message.count, from: flow, now: now, unixTime: unixTime)
        guard case .send(let destination, let range) = verdict else { return }
        let octets = Array(self.slot[range])
        switch destination.transport {
        case .udp:
            self.outbox.append(
                SimulatedDatagram(source: Self.address, destination: destination.address, bytes: octets))
        case .stream:
            self.streams[destination.stream]?.deliver(octets + [UInt8](repeating: 0, count: -octets.count & 3))
        }
    }

    func pollOutput(now: Instant) -> EndOutput {
        self.outbox.isEmpty ? .wait(until: .distantFuture) : .transmit(self.outbox.removeFirst())
    }

    func start(now: Instant) {}
    func socketOpened(now: Instant) {}
    func socketClosed(now: Instant) {}
    func receive(_ message: [UInt8], now: Instant) {}
    func handleTimeout(now: Instant) {}
}
