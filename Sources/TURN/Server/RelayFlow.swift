package import Wire

/// A client as the relay sees it: the 5-tuple of RFC 8656 §2.2.
package struct RelayFlow: Hashable, Sendable {
    package enum Transport: UInt8, Sendable {
        case udp, stream
    }

    package let transport: Transport
    /// Which of the relay's sockets it came in on.
    package let listener: UInt8
    /// 0 for UDP; over a stream the number that its shell gave it, never used twice.
    package let stream: UInt32
    /// The client's own address, IPv4 never in the guise of IPv6.
    package let address: TransportAddress

    package init(datagramFrom address: TransportAddress, listener: UInt8) {
        self.transport = .udp
        self.listener = listener
        self.stream = 0
        self.address = address
    }

    package init(stream: UInt32, from address: TransportAddress) {
        self.transport = .stream
        self.listener = 0
        self.stream = stream
        self.address = address
    }

    /// What a nonce is bound to: 24 octets.
    var bytes: [UInt8] {
        var octets = [self.transport.rawValue, self.listener] + self.stream.bigEndianBytes
        octets += self.address.port.bigEndianBytes
        octets += self.address.ip.bytes
        octets += repeatElement(0, count: 24 - octets.count)
        return octets
    }

    /// Spreads flows over a table. Keyed by `seed`, so that nobody can choose addresses that collide.
    @inline(__always)
    func hash(seed: UInt64) -> UInt64 {
        let (high, low): (UInt64, UInt64) =
            switch self.address.ip {
            case .v4(let word): (0, UInt64(word))
            case .v6(let high, let low): (high, low)
            }
        let rest =
            UInt64(self.stream) << 32 | UInt64(self.address.port) << 16 | UInt64(self.listener) << 8
            | UInt64(self.transport.rawValue)
        return Self.fold(Self.fold(high ^ seed, low ^ 0x9E37_79B9_7F4A_7C15), rest ^ (seed >> 7 | 1))
    }

    /// The two halves of a 128-bit product, folded: each bit of the input reaches each bit of the output.
    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (high, low) = a.multipliedFullWidth(by: b)
        return high ^ low ^ a
    }
}

extension RelayFlow {
    var source: IPAddress { self.address.ip.source }
}

extension IPAddress {
    /// What limits count as one source: an IPv4 address, or an IPv6 /64.
    package var source: IPAddress {
        switch self {
        case .v4: self
        case .v6(let high, _): .v6(high: high, low: 0)
        }
    }
}
