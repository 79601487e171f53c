internal import STUN
internal import Wire

/// One client's place on the relay (RFC 8656 §2.2), about 300 octets.
///
/// Its relayed address is virtual: the relay's own IP with a port that no socket is bound to. Two allocations are
/// named to each other by slot and generation, so a slot that was given to somebody else is never mistaken.
struct Allocation {
    let flow: RelayFlow
    let generation: UInt32
    let username: RelayUsername
    /// MD5 of `username:realm:password` (RFC 8489 §9.2.2), 16 octets.
    let key: (UInt64, UInt64)
    let relayed: TransportAddress
    /// Of the Allocate that made it: its retransmission gets the same answer (RFC 8656 §7.2).
    let transaction: TransactionID
    /// No Refresh goes beyond.
    let endOfLife: Instant
    var expiry: Instant
    /// Closed TURN knows one peer address per family, the relay's own, and an allocation has one family: so one
    /// permission (RFC 8656 §9) is all there can be.
    var permissionExpiry: Instant = .zero
    var channels: [ChannelBinding] = []
    /// When the client last sent anything.
    var lastHeard: Instant
    var inbound: OctetBucket
    var outbound: OctetBucket
}

/// A channel number for a peer (RFC 8656 §12).
struct ChannelBinding {
    let number: UInt16
    let peer: AllocationName
    /// The peer's relayed address, which stays bound to the number even when that allocation is gone.
    let peerAddress: TransportAddress
    var expiry: Instant
}

/// An allocation as another one refers to it.
struct AllocationName: Equatable {
    let slot: UInt32
    let generation: UInt32
}

/// Octets per time with a burst, in one word: when the bucket will be full again.
struct OctetBucket {
    private var fullAt: Int64 = 0

    /// Takes `count` octets, or none and says `false`.
    @inline(__always)
    mutating func take(_ count: Int, rate: OctetRate, now: Instant) -> Bool {
        let fullAt = max(self.fullAt, now.nanoseconds) &+ rate.nanoseconds(for: count)
        guard fullAt &- now.nanoseconds <= rate.burstNanoseconds else { return false }
        self.fullAt = fullAt
        return true
    }
}

/// What every ``OctetBucket`` of a relay holds.
struct OctetRate {
    private let kilobitsPerSecond: Int64
    let burstNanoseconds: Int64

    /// - Parameters:
    ///   - kilobitsPerSecond: 1 ... 10 000 000.
    ///   - burst: Octets that may pass at once.
    init(kilobitsPerSecond: Int, burst: Int) {
        self.kilobitsPerSecond = Int64(kilobitsPerSecond)
        self.burstNanoseconds = Int64(burst) * 8_000_000 / Int64(kilobitsPerSecond)
    }

    /// How long `count` octets take at this rate.
    @inline(__always)
    func nanoseconds(for count: Int) -> Int64 {
        Int64(count) * 8_000_000 / self.kilobitsPerSecond
    }
}
