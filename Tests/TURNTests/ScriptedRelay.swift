import Primitives
import STUN
import TURN
import Wire

/// A relay with one client, written down from RFC 8656 for the client's tests; its peers are addresses to it.
struct ScriptedRelay {
    static let peer = TransportAddress(.v4(0xC633_6401), port: 4000)
    static let relayed = TransportAddress(.v4(0xC000_0201), port: 50_000)
    static let relayedIPv6 = TransportAddress(.v6(high: 0x2001_0DB8_0000_0000, low: 9), port: 50_001)
    static let mapped = TransportAddress(.v4(0xCB00_7105), port: 6000)

    /// What it answers to a method, once authenticated, in place of success.
    var errors: [STUNMethod: STUNErrorCode] = [:]
    /// Addresses that it gives no permission for.
    var forbidden: Set<IPAddress> = []
    var refusesUser = false
    var relaysIPv4 = true
    var signsErrors = true
    /// Every answer bears a wrong code.
    var forges = false
    /// Every nonce is stale at once.
    var noncesAreStale = false
    var lifetime: UInt32 = 600

    private(set) var isAllocated = false
    private(set) var permissions: Set<IPAddress> = []
    private(set) var channels: [UInt16: TransportAddress] = [:]
    /// Requests and indications in order of arrival.
    private(set) var log: [(method: STUNMethod, at: Instant)] = []
    /// The lifetimes that were asked for.
    private(set) var lifetimes: [UInt32] = []
    /// What reached the peer: the datagram, and whether it came as ChannelData.
    private(set) var delivered: [(payload: [UInt8], peer: TransportAddress, isChannel: Bool)] = []
    private var nonce = 1
    private var allocation: TransactionID?
    private let isStream: Bool
    private let key = MD5.hash(Array("user:relay:secret".utf8))

    init(_ transport: TURNClient.Transport) {
        self.isStream = transport.isStream
    }

    mutating func forgetEverything() {
        self.isAllocated = false
        self.permissions = []
        self.channels = [:]
        self.nonce += 1
    }

    mutating func renewNonce() {
        self.nonce += 1
    }

    /// - Returns: What goes back to the client.
    mutating func receive(_ octets: [UInt8], now: Instant) -> [[UInt8]] {
        if octets[0] >> 6 == 1 {
            let number = UInt16(octets[0]) << 8 | UInt16(octets[1])
            let count = Int(octets[2]) << 8 | Int(octets[3])
            if let peer = self.channels[number] {
                self.delivered.append((Array(octets[4..<4 + count]), peer, true))
            }
            return []
        }
        guard let message = try? STUNMessage(decoding: octets) else { return [] }
        self.log.append((message.method, now))
        switch message.messageClass {
        case .request: return [self.answer(message)]
        case .indication:
            if message.method == .send, let peer = message.xorAddress(.xorPeerAddress), let data = message[.data],
                self.permissions.contains(peer.ip)
            {
                self.delivered.append((Array(data), peer, false))
            }
            return []
        case .success, .error: return []
        }
    }

    /// What the client hears when `peer` sends `payload` to the relayed address.
    func fromPeer(_ payload: [UInt8], peer: TransportAddress = Self.peer) -> [UInt8]? {
        guard self.isAllocated, self.permissions.contains(peer.ip) else { return nil }
        if let (number, _) = self.channels.first(where: { $0.value == peer }) {
            let padding = [UInt8](repeating: 0, count: self.isStream ? -payload.count & 3 : 0)
            return [UInt8(number >> 8), UInt8(number & 255), UInt8(payload.count >> 8), UInt8(payload.count & 255)]
                + payload + padding
        }
        return Self.dataIndication(payload, peer: peer)
    }

    static func dataIndication(_ payload: [UInt8], peer: TransportAddress) -> [UInt8] {
        var builder = STUNMessageBuilder(.indication, .data, transactionID: TransactionID(high: 1, low: 1))
        builder.add(.xorPeerAddress, xor: peer)
        builder.add(.data, payload)
        return builder.bytes
    }

    private mutating func answer(_ request: STUNMessage) -> [UInt8] {
        let nonce = "nonce-\(self.nonce)"
        if request.integrity(key: self.key) != .valid || self.refusesUser {
            return self.challenge(request, .unauthenticated, nonce)
        }
        if self.noncesAreStale { self.nonce += 1 }
        if request.text(.nonce) != "nonce-\(self.nonce)" {
            return self.challenge(request, .staleNonce, "nonce-\(self.nonce)")
        }
        if let code = self.errors[request.method] { return self.error(request, code) }
        var builder = STUNMessageBuilder(.success, request.method, transactionID: request.transactionID)
        switch request.method {
        case .allocate:
            let wantsIPv6 = request[.requestedAddressFamily]?.first == 2
            // RFC 8656 §7.2: the same request again is answered again.
            if self.isAllocated, self.allocation != request.transactionID {
                return self.error(request, .allocationMismatch)
            }
            self.allocation = request.transactionID
            guard wantsIPv6 || self.relaysIPv4 else { return self.error(request, .addressFamilyNotSupported) }
            self.isAllocated = true
            builder.add(.xorRelayedAddress, xor: wantsIPv6 ? Self.relayedIPv6 : Self.relayed)
            builder.add(.xorMappedAddress, xor: Self.mapped)
            builder.add(.lifetime, uint32: self.lifetime)
        case .refresh:
            guard self.isAllocated else { return self.error(request, .allocationMismatch) }
            let asked = request.uint32(.lifetime) ?? 600
            self.lifetimes.append(asked)
            if asked == 0 { self.isAllocated = false }
            builder.add(.lifetime, uint32: min(asked, self.lifetime))
        case .createPermission, .channelBind:
            guard self.isAllocated else { return self.error(request, .allocationMismatch) }
            guard let peer = request.xorAddress(.xorPeerAddress), !self.forbidden.contains(peer.ip) else {
                return self.error(request, .forbidden)
            }
            self.permissions.insert(peer.ip)
            if let number = request.uint32(.channelNumber) { self.channels[UInt16(number >> 16)] = peer }
        default: return self.error(request, .badRequest)
        }
        builder.addIntegrity(key: self.forges ? [1] : self.key)
        return builder.bytes
    }

    private func challenge(_ request: STUNMessage, _ code: STUNErrorCode, _ nonce: String) -> [UInt8] {
        var builder = STUNMessageBuilder(.error, request.method, transactionID: request.transactionID)
        builder.add(code)
        builder.add(.realm, text: "relay")
        builder.add(.nonce, text: nonce)
        return builder.bytes
    }

    private func error(_ request: STUNMessage, _ code: STUNErrorCode) -> [UInt8] {
        var builder = STUNMessageBuilder(.error, request.method, transactionID: request.transactionID)
        builder.add(code)
        if self.signsErrors { builder.addIntegrity(key: self.forges ? [1] : self.key) }
        return builder.bytes
    }
}

/// The client, the relay, and the way between them, in virtual time.
struct RelayWorld {
    var client: TURNClient
    var relay: ScriptedRelay
    var now: Instant = .zero
    var random: RandomSource
    /// Share of 1; streams lose nothing.
    var loss = 0.0
    /// Nothing arrives any more, either way.
    var isCut = false
    let delay: Duration = .milliseconds(10)
    private(set) var events: [(event: TURNClient.Event, at: Instant)] = []
    private(set) var received: [(payload: [UInt8], peer: TransportAddress)] = []
    private var inFlight: [(at: Instant, toRelay: Bool, octets: [UInt8])] = []
    private var deadline: Instant?

    /// Another client on the same 5-tuple, whose user may be another.
    mutating func replaceClient(user: String = "user") {
        self.client = TURNClient(
            transport: self.client.transport, user: user, password: "secret", random: self.random.child())
        self.start()
    }

    init(_ transport: TURNClient.Transport, requestsIPv6: Bool = false, seed: UInt64 = 1) {
        self.random = .seeded(seed)
        self.client = TURNClient(
            transport: transport, user: "user", password: "secret", requestsIPv6: requestsIPv6,
            random: self.random.child())
        self.relay = ScriptedRelay(transport)
    }

    /// A world whose allocation stands.
    static func allocated(_ transport: TURNClient.Transport = .udp, seed: UInt64 = 1) -> RelayWorld {
        var world = RelayWorld(transport, seed: seed)
        world.start()
        world.run(for: .seconds(1))
        return world
    }

    mutating func start() {
        self.client.start(now: self.now)
        self.drain()
    }

    mutating func send(_ payload: [UInt8], to peer: TransportAddress = ScriptedRelay.peer) {
        self.client.send(payload, to: peer, now: self.now)
        self.drain()
    }

    mutating func act(_ body: (inout TURNClient, Instant) -> Void) {
        body(&self.client, self.now)
        self.drain()
    }

    mutating func fromPeer(_ payload: [UInt8], peer: TransportAddress = ScriptedRelay.peer) {
        if let octets = self.relay.fromPeer(payload, peer: peer) { self.carry(octets, toRelay: false) }
    }

    mutating func toClient(_ octets: [UInt8]) {
        self.client.receive(octets, now: self.now)
        self.drain()
    }

    mutating func run(for duration: Duration) {
        let end = self.now + duration
        while let next = ([self.inFlight.first?.at, self.deadline].compactMap { $0 }).min(), next <= end {
            self.now = max(self.now, next)
            if let first = self.inFlight.first, first.at <= self.now {
                self.inFlight.removeFirst()
                if first.toRelay {
                    for answer in self.relay.receive(first.octets, now: self.now) { self.carry(answer, toRelay: false) }
                } else {
                    self.client.receive(first.octets, now: self.now)
                }
            } else {
                self.client.handleTimeout(now: self.now)
            }
            self.drain()
        }
        self.now = end
    }

    var ending: TURNClient.Failure? {
        for case .ended(let failure) in self.events.map(\.event) { return failure }
        return nil
    }

    func count(_ method: STUNMethod) -> Int { self.relay.log.count { $0.method == method } }

    private mutating func carry(_ octets: [UInt8], toRelay: Bool) {
        guard !self.isCut, self.client.transport.isStream || self.random.unitInterval() >= self.loss else { return }
        guard self.client.transport.isStream, !toRelay else {
            return self.inFlight.append((self.now + self.delay, toRelay, octets))
        }
        // A stream keeps no boundaries.
        let cut = Int(self.random.next() % UInt64(octets.count))
        for part in [octets[..<cut], octets[cut...]] where !part.isEmpty {
            self.inFlight.append((self.now + self.delay, false, Array(part)))
        }
    }

    private mutating func drain() {
        while true {
            switch self.client.pollOutput() {
            case .transmit(let octets): self.carry(octets, toRelay: true)
            case .received(let payload, let peer): self.received.append((payload, peer))
            case .event(let event): self.events.append((event, self.now))
            case .wait(let until):
                self.deadline = until
                return
            }
        }
    }
}
