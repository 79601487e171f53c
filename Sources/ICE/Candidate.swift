package import Wire

package enum CandidateType: String, Sendable {
    case host
    case serverReflexive = "srflx"
    case peerReflexive = "prflx"
    case relayed = "relay"

    /// RFC 8445 §5.1.2.2.
    var preference: UInt32 {
        switch self {
        case .host: 126
        case .peerReflexive: 110
        case .serverReflexive: 100
        case .relayed: 0
        }
    }
}

/// One transport address that a peer may be reached at (RFC 8445 §5.1, RFC 8839 §5.1).
package struct Candidate: Hashable, Sendable {
    package enum Address: Hashable, Sendable {
        case ip(TransportAddress)
        /// An mDNS or DNS name. Kept as it came and never resolved: the peer's own checks find such pairs.
        case name(String, port: UInt16)
    }

    package struct Extension: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    /// 1 ... 32 ice-chars; equal for candidates that fail and succeed together.
    package var foundation: String
    /// 1 ... 256; anything but 1 is RTCP of a peer that does not multiplex.
    package var component: UInt16
    /// Lower case; `udp` is the one that is checked.
    package var transport: String
    /// 1 ... 2³¹ - 1.
    package var priority: UInt32
    package var address: Address
    package var type: CandidateType
    /// `raddr` and `rport`, when an address was there.
    package var relatedAddress: TransportAddress?
    /// `generation`, `ufrag`, `network-cost`, `tcptype` and whatever else came, in order.
    package var extensions: [Extension] = []

    /// The address, unless it is a name.
    package var transportAddress: TransportAddress? {
        if case .ip(let address) = self.address { address } else { nil }
    }

    /// The generation this candidate belongs to, if it says so (RFC 8838 §11).
    package var usernameFragment: String? {
        self.extensions.first { $0.name == "ufrag" }?.value
    }

    /// RFC 8445 §5.1.2.1, component 1.
    static func priority(_ type: CandidateType, localPreference: UInt16) -> UInt32 {
        type.preference << 24 | UInt32(localPreference) << 8 | 255
    }

    /// Where a check may go: UDP, component 1, and an address that a peer on the network can own.
    var checkableAddress: TransportAddress? {
        guard self.transport == "udp", self.component == 1, let address = self.transportAddress,
            address.port != 0, !address.ip.isUnspecified, !address.ip.isMulticast
        else { return nil }
        return address
    }
}

extension IPAddress {
    /// Multicast, limited broadcast and the reserved class E: no peer's address.
    fileprivate var isMulticast: Bool {
        switch self {
        case .v4(let word): word >> 28 >= 0xE
        case .v6(let high, _): high >> 56 == 0xFF
        }
    }
}
