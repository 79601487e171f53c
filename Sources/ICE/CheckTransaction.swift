internal import STUN
internal import Wire

/// One connectivity check on its way (RFC 8445 §7.2).
struct CheckTransaction: Sendable {
    let id: TransactionID
    let pair: PairID
    let path: Path
    let bytes: [UInt8]
    let role: ICERole
    let isNominating: Bool
    let sentAt: Instant
    var retransmission: RequestRetransmission
    /// A newer check of the pair took over: nothing more is sent, an answer still counts (RFC 8445 §7.3.1.4).
    var isCancelled = false
}

/// The octets of a check: an authenticated Binding request (RFC 8445 §7.1).
struct CheckRequest {
    let local: ICECredentials
    let remote: ICECredentials
    let role: ICERole
    let tieBreaker: UInt64
    let priority: UInt32
    let isNominating: Bool

    /// - Parameter memory: An array of whose memory the message is made.
    func encode(_ transactionID: TransactionID, reusing memory: consuming [UInt8] = []) -> [UInt8] {
        var builder = STUNMessageBuilder(.request, .binding, transactionID: transactionID, reusing: consume memory)
        builder.add(username: self.remote.usernameFragment, self.local.usernameFragment)
        switch self.role {
        case .controlling: builder.add(.iceControlling, uint64: self.tieBreaker)
        case .controlled: builder.add(.iceControlled, uint64: self.tieBreaker)
        }
        builder.add(.priority, uint32: self.priority)
        if self.isNominating { builder.add(.useCandidate) }
        builder.addIntegrity(key: self.remote.key)
        builder.addFingerprint()
        return builder.bytes
    }
}
