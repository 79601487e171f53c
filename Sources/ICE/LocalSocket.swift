package import Wire

/// The shell's name for one datagram socket, or for one allocation on a relay.
package struct SocketID: Hashable, Sendable {
    package let rawValue: Int

    package init(_ rawValue: Int) {
        self.rawValue = rawValue
    }
}

/// What a local address is reached through, best first.
package enum InterfaceKind: UInt16, Sendable {
    case wired, wireless, cellular, tunnel, loopback
}

/// Where checks and media leave from: the base of local candidates (RFC 8445 §4).
struct LocalSocket: Sendable {
    let id: SocketID
    /// The bound address, or the address on the relay.
    let base: TransportAddress
    /// `.host`, or `.relayed` for an allocation.
    let type: CandidateType
    /// RFC 8445 §5.1.2.1; unique among the sockets of one kind.
    let localPreference: UInt16
    /// What goes into `raddr` of a relayed candidate.
    let relatedAddress: TransportAddress?

    /// The priority that a candidate discovered by a check from here has (RFC 8445 §7.1.1).
    ///
    /// Also for a relay: the peer learns it as peer-reflexive and has to place it below the
    /// direct ones, so there the type preference stays that of a relayed candidate.
    var checkPriority: UInt32 {
        Candidate.priority(self.type == .relayed ? .relayed : .peerReflexive, localPreference: self.localPreference)
    }

    /// Whether a packet from here can reach `remote`: same family, and loopback and link-local
    /// addresses only among themselves (RFC 8445 §6.1.2.2). A peer thereby cannot have this
    /// machine's own loopback services probed.
    func canReach(_ remote: TransportAddress) -> Bool {
        let (ours, theirs) = (self.base.ip, remote.ip)
        if self.type == .relayed {
            return ours.isIPv6 == theirs.isIPv6 && ours.isLoopback == theirs.isLoopback && !theirs.isLinkLocal
        }
        return ours.isIPv6 == theirs.isIPv6 && ours.isLoopback == theirs.isLoopback
            && (!ours.isIPv6 || ours.isLinkLocal == theirs.isLinkLocal)
    }

    /// Interfaces by kind, then IPv6 before IPv4 (RFC 8421 §4), then in the order they were added.
    static func preference(_ kind: InterfaceKind, base: IPAddress, index: Int) -> UInt16 {
        let penalty: UInt16 = base.isIPv6 && base.isLinkLocal ? 4096 : 0
        return .max - kind.rawValue * 8192 - penalty - self.order(base, index: index)
    }

    /// Relays by the detour, then as interfaces are.
    static func preference(detour: Int, base: IPAddress, index: Int) -> UInt16 {
        .max - UInt16(min(max(0, detour), 7)) * 8192 - self.order(base, index: index)
    }

    private static func order(_ base: IPAddress, index: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: min(index, 1023)) * 2 + (base.isIPv6 ? 0 : 1)
    }
}

/// One way of packets: from a local socket to a remote address.
package struct Path: Hashable, Sendable {
    package let socket: SocketID
    package let remote: TransportAddress

    package init(socket: SocketID, remote: TransportAddress) {
        self.socket = socket
        self.remote = remote
    }
}
