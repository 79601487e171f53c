internal import STUN
internal import Wire

extension TURNClient {
    /// What a request asks of the server.
    enum Purpose: Equatable, Sendable {
        case allocate
        /// Seconds; 0 gives the allocation back.
        case refresh(seconds: UInt32)
        case permit(IPAddress)
        case bind(channel: UInt16, TransportAddress)
    }

    /// One request on its way. Over UDP it is repeated; a stream repeats by itself, so there it only has a deadline.
    struct Request: Sendable {
        let id: TransactionID
        let purpose: Purpose
        let bytes: [UInt8]
        let isSigned: Bool
        /// How often the server found the nonce stale.
        let staleCount: Int
        var retransmission: RequestRetransmission?
        var deadline: Instant

        var nextDeadline: Instant { min(self.deadline, self.retransmission?.deadline ?? .distantFuture) }
    }

    /// The octets of a request (RFC 8656 §§7.1, 8.1, 10.1, 12.1).
    func encode(_ purpose: Purpose, id: TransactionID) -> [UInt8] {
        let method: STUNMethod =
            switch purpose {
            case .allocate: .allocate
            case .refresh: .refresh
            case .permit: .createPermission
            case .bind: .channelBind
            }
        var builder = STUNMessageBuilder(.request, method, transactionID: id)
        switch purpose {
        case .allocate:
            builder.add(.requestedTransport, [Self.protocolUDP, 0, 0, 0])
            if self.requestsIPv6 { builder.add(.requestedAddressFamily, [Self.familyIPv6, 0, 0, 0]) }
        case .refresh(let seconds):
            builder.add(.lifetime, uint32: seconds)
            // RFC 8656 §8.1: the family goes with the Refresh if it went with the Allocate.
            if self.requestsIPv6 { builder.add(.requestedAddressFamily, [Self.familyIPv6, 0, 0, 0]) }
        case .permit(let ip):
            builder.add(.xorPeerAddress, xor: TransportAddress(ip, port: 0))
        case .bind(let channel, let peer):
            builder.add(.channelNumber, channel.bigEndianBytes + [0, 0])
            builder.add(.xorPeerAddress, xor: peer)
        }
        self.authentication.sign(&builder)
        return builder.bytes
    }

    /// IANA's number of UDP, as REQUESTED-TRANSPORT carries it.
    private static let protocolUDP: UInt8 = 17
    /// RFC 8656 §18.6.
    private static let familyIPv6: UInt8 = 2
}
