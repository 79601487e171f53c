/// What a datagram of a BUNDLEd transport is, told by its first octets (RFC 7983 §7, RFC 5761 §4).
package enum PacketKind: Equatable, Sendable {
    case stun
    case dtls
    case turnChannel
    case rtp
    case rtcp
    /// ZRTP, QUIC, empty datagrams and whatever else.
    case unknown

    package init(_ datagram: [UInt8]) {
        guard let first = datagram.first else {
            self = .unknown
            return
        }
        self.init(firstOctet: first, secondOctet: datagram.count > 1 ? datagram[1] : nil)
    }

    /// - Parameter secondOctet: Tells RTCP packet types 192…223 from RTP payload types (RFC 5761 §4).
    package init(firstOctet: UInt8, secondOctet: UInt8?) {
        switch firstOctet {
        case 0...3: self = .stun
        case 20...63: self = .dtls
        case 64...79: self = .turnChannel
        case 128...191:
            switch secondOctet {
            case nil: self = .unknown
            case .some(192...223): self = .rtcp
            case .some: self = .rtp
            }
        default: self = .unknown
        }
    }
}
