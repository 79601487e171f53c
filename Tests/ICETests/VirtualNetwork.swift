import STUN
import Wire

/// How a translator maps and filters (RFC 4787 §§4.1, 5).
enum NATKind: CaseIterable, Sendable {
    /// One mapping for all destinations, open to everyone.
    case fullCone
    /// One mapping, open to addresses that were sent to.
    case addressRestricted
    /// One mapping, open to address and port pairs that were sent to.
    case portRestricted
    /// A mapping per destination, open to that destination.
    case symmetric
}

struct NAT: Sendable {
    private struct Mapping: Sendable {
        let inside: TransportAddress
        /// Set when the mapping serves one destination.
        let destination: TransportAddress?
        let port: UInt16
        var sentTo: Set<TransportAddress> = []
    }

    let publicIP: IPAddress
    let kind: NATKind
    private var mappings: [Mapping] = []

    init(publicIP: IPAddress, kind: NATKind) {
        self.publicIP = publicIP
        self.kind = kind
    }

    mutating func translate(_ inside: TransportAddress, to destination: TransportAddress) -> TransportAddress {
        let key = self.kind == .symmetric ? destination : nil
        var index = self.mappings.firstIndex { $0.inside == inside && $0.destination == key }
        if index == nil {
            let port = 40_000 + UInt16(self.mappings.count)
            self.mappings.append(Mapping(inside: inside, destination: key, port: port))
            index = self.mappings.count - 1
        }
        guard let index else { return inside }
        self.mappings[index].sentTo.insert(destination)
        return TransportAddress(self.publicIP, port: self.mappings[index].port)
    }

    func inside(_ port: UInt16, from source: TransportAddress) -> TransportAddress? {
        guard let mapping = self.mappings.first(where: { $0.port == port }) else { return nil }
        let isOpen =
            switch self.kind {
            case .fullCone: true
            case .addressRestricted: mapping.sentTo.contains { $0.ip == source.ip }
            case .portRestricted, .symmetric: mapping.sentTo.contains(source)
            }
        return isOpen ? mapping.inside : nil
    }

    /// Forgets every mapping, as a reboot does.
    mutating func reset() {
        self.mappings = []
    }
}

/// An internet in virtual time: private networks behind translators, public hosts, a STUN server;
/// packets are lost, doubled and overtaken by the seed.
struct VirtualNetwork {
    struct Conditions: Sendable {
        var loss = 0.0
        var duplication = 0.0
        /// One way.
        var delay: Duration = .milliseconds(10)
        var jitter: Duration = .zero
    }

    struct Arrival {
        let at: Instant
        let order: Int
        let datagram: [UInt8]
        let source: TransportAddress
        let destination: TransportAddress
    }

    var conditions: Conditions
    var random: RandomSource
    /// The private network of an address: 10.N.x.y is behind translator N, all else is public.
    var translators: [UInt32: NAT] = [:]
    /// Private addresses and public ones that nothing passes from or to.
    var cut: Set<IPAddress> = []
    private(set) var queue: [Arrival] = []
    private var order = 0

    static let server = TransportAddress(.v4(0xC633_6401), port: 3478)  // 198.51.100.1

    init(conditions: Conditions, random: RandomSource) {
        self.conditions = conditions
        self.random = random
    }

    static func site(_ ip: IPAddress) -> UInt32? {
        guard case .v4(let word) = ip, word >> 24 == 10 else { return nil }
        return word >> 16 & 0xFF
    }

    mutating func send(
        _ datagram: [UInt8], from source: TransportAddress, to destination: TransportAddress, now: Instant
    ) {
        guard !self.cut.contains(source.ip), !self.cut.contains(destination.ip) else { return }
        let (sourceSite, destinationSite) = (Self.site(source.ip), Self.site(destination.ip))
        var outside = source
        if let site = sourceSite, site != destinationSite {
            guard destinationSite == nil, let translated = self.translators[site]?.translate(source, to: destination)
            else { return }
            outside = translated
        } else if sourceSite == nil, destinationSite != nil {
            return
        }
        let copies = self.random.unitInterval() < self.conditions.duplication ? 2 : 1
        for _ in 0..<copies where self.random.unitInterval() >= self.conditions.loss {
            let at = now + self.conditions.delay + self.conditions.jitter * self.random.unitInterval()
            self.order += 1
            let arrival = Arrival(
                at: at, order: self.order, datagram: datagram, source: outside, destination: destination)
            let index = self.queue.firstIndex { ($0.at, $0.order) > (at, arrival.order) } ?? self.queue.endIndex
            self.queue.insert(arrival, at: index)
        }
    }

    /// Takes the next packet off the wire and through the translator of its destination.
    /// - Returns: `nil` when a translator drops it, or the STUN server has answered it.
    mutating func arrive() -> Arrival? {
        let arrival = self.queue.removeFirst()
        if arrival.destination == Self.server {
            if let answer = BindingResponder.response(to: arrival.datagram[...], from: arrival.source) {
                self.send(answer, from: Self.server, to: arrival.source, now: arrival.at)
            }
            return nil
        }
        var destination = arrival.destination
        for translator in self.translators.values where translator.publicIP == destination.ip {
            guard let inside = translator.inside(destination.port, from: arrival.source) else { return nil }
            destination = inside
        }
        guard !self.cut.contains(destination.ip) else { return nil }
        return Arrival(
            at: arrival.at, order: arrival.order, datagram: arrival.datagram, source: arrival.source,
            destination: destination)
    }
}
