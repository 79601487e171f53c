internal import STUN
package import Wire

/// A closed TURN server (RFC 8656): it relays between the two sides of one room and to nobody else. Sans-IO.
///
/// Relayed addresses are virtual, and what one allocation sends to another is moved in memory: no packet ever leaves
/// for an address that a client named. Every input has at most one output, which stands in the buffer of the input:
///
///     let verdict = server.handle(&slot, payload, from: flow, now: now, unixTime: unixTime)
///     if case .send(let destination, let octets) = verdict { … }
///     server.handleTimeout(now: now)                        // about once a second
///
/// The way of voice (ChannelData and Send, here and in `+Data`) allocates nothing. What makes and refreshes
/// allocations stands in `+Requests`, `+Allocations` and `+Peers`. One owner at a time.
package struct TURNServer: Sendable {
    package enum Verdict: Equatable, Sendable {
        case drop
        /// These octets of the buffer go to this client.
        case send(to: RelayFlow, Range<Int>)
    }

    package let policy: RelayPolicy
    package internal(set) var counts = RelayCounts()

    let secret: RelaySecret
    let rate: OctetRate
    let totalRate: OctetRate?
    var table: AllocationTable
    var rooms = RelayRooms()
    var countBySource: [IPAddress: Int] = [:]
    var nonces: NonceSource
    var limiter: ReplyLimiter
    var random: RandomSource
    var generations: UInt32 = 0
    /// Rooms that are over, until no credentials of theirs can be valid.
    var closed: [RelayGroup: Instant] = [:]
    private var totalIn = OctetBucket()
    private var indications: UInt64

    package init(policy: RelayPolicy, secret: RelaySecret, random: RandomSource, now: Instant) {
        precondition(policy.realm.utf8.count <= 8, "a longer realm makes a 401 outweigh its request")
        var random = random
        self.policy = policy
        self.secret = secret
        self.rate = OctetRate(kilobitsPerSecond: policy.kilobitsPerSecond, burst: policy.burst)
        self.totalRate = policy.totalKilobitsPerSecond.map {
            OctetRate(kilobitsPerSecond: $0, burst: max(policy.burst, $0 * 125 / 4))
        }
        self.table = AllocationTable(seed: random.next())
        self.nonces = NonceSource(random: random.child(), now: now)
        self.limiter = ReplyLimiter(perSource: policy.repliesPerSource, overall: policy.replies, now: now)
        self.indications = random.next()
        self.random = random
    }

    /// One datagram, or one message cut out of a stream.
    /// - Parameters:
    ///   - slot: The buffer, which the answer or the relayed packet is written into. At least ``slotSize`` octets.
    ///   - payload: Where the message stands: it begins at ``headroom`` or later, and ends ``tailroom`` before the end.
    ///   - unixTime: Seconds, which credentials expire by.
    package mutating func handle(
        _ slot: inout MutableRawSpan, _ payload: Range<Int>, from flow: RelayFlow, now: Instant, unixTime: UInt64
    ) -> Verdict {
        guard payload.count >= 4, payload.lowerBound >= Self.headroom,
            payload.upperBound + Self.tailroom <= slot.byteCount
        else { return self.drop() }
        switch slot.bytes.octet(at: payload.lowerBound) >> 4 {
        case 4: return self.relayChannelData(&slot, payload, from: flow, now: now)
        case 0 where slot.bytes.bigEndian16(at: payload.lowerBound) == Self.sendIndication:
            return self.relaySendIndication(&slot, payload, from: flow, now: now)
        case 0...3: return self.handleRequest(&slot, payload, from: flow, now: now, unixTime: unixTime)
        default: return self.drop()
        }
    }

    /// A stream was closed: what it allocated is gone (RFC 8656 §3.1).
    package mutating func flowClosed(_ flow: RelayFlow) {
        if let slot = self.table.find(flow) { self.remove(slot) }
    }

    /// The doctor closed the room: nothing of it stays.
    package mutating func close(_ group: RelayGroup, now: Instant) {
        for member in self.rooms[group] { self.remove(Int(member)) }
        // Its credentials may have some minutes to live, and are worth nothing.
        self.closed[group] = now + Self.closedLifetime
    }

    /// Frees what has expired. What has expired counts as gone before that.
    package mutating func handleTimeout(now: Instant) {
        for slot in self.table.slots.indices {
            guard let allocation = self.table.slots[slot], allocation.expiry <= now else { continue }
            self.remove(slot)
        }
        if !self.closed.isEmpty { self.closed = self.closed.filter { $0.value > now } }
    }

    package func isAllocated(_ flow: RelayFlow, now: Instant) -> Bool {
        self.table.find(flow).map { self.table[$0].expiry > now } ?? false
    }

    mutating func drop() -> Verdict {
        self.counts.dropped += 1
        return .drop
    }

    mutating func throttle() -> Verdict {
        self.counts.throttled += 1
        return .drop
    }

    mutating func takeTotal(_ count: Int, now: Instant) -> Bool {
        guard let totalRate = self.totalRate else { return true }
        return self.totalIn.take(count, rate: totalRate, now: now)
    }

    /// An indication is answered by nobody: its identifier need only differ from others.
    mutating func nextIndication() -> UInt64 {
        self.indications &+= 0x9E37_79B9_7F4A_7C15
        return self.indications
    }

    mutating func remove(_ slot: Int) {
        let allocation = self.table[slot]
        self.rooms.remove(UInt32(slot), from: allocation.username.group)
        self.table.remove(slot)
        let source = allocation.flow.source
        if let count = self.countBySource[source] { self.countBySource[source] = count > 1 ? count - 1 : nil }
        self.counts.allocations = self.table.count
    }

    /// Octets in front of a message: a Data indication's header is longer than ChannelData's.
    package static let headroom = 64
    /// Octets behind it: an attribute's padding.
    package static let tailroom = 4
    /// A datagram of 1500 octets, with room on both sides.
    package static let slotSize = 2048

    /// Longer than credentials live.
    private static let closedLifetime: Duration = .seconds(900)
    private static let sendIndication: UInt16 = 0x0016
}

/// Which allocations belong to one room: a handful.
struct RelayRooms {
    private var members: [RelayGroup: [UInt32]] = [:]

    subscript(group: RelayGroup) -> [UInt32] { self.members[group] ?? [] }

    mutating func insert(_ slot: UInt32, into group: RelayGroup) {
        self.members[group, default: []].append(slot)
    }

    mutating func remove(_ slot: UInt32, from group: RelayGroup) {
        self.members[group]?.removeAll { $0 == slot }
        if self.members[group]?.isEmpty == true { self.members[group] = nil }
    }
}
