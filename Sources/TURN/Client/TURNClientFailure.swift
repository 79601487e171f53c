package import STUN

extension TURNClient {
    /// Why there is no allocation, or none any more. The owner learns it once; the peer learns nothing.
    package enum Failure: Error, Equatable, Sendable {
        /// No answer in time.
        case unreachable
        /// The stream to the server ended.
        case streamClosed
        /// What came on the stream is neither STUN nor ChannelData.
        case malformedStream
        /// An answer that lacks what it has to hold, or demands what is not understood.
        case malformedAnswer
        /// 401 to what was signed, or a challenge without realm and nonce.
        case credentialsRefused
        /// 300: another server is named; it is not followed.
        case redirected
        /// 403.
        case forbidden
        /// 437: the server knows another allocation of this 5-tuple that is not ours to give back, or none.
        case allocationMismatch
        /// 438 again and again.
        case nonceNeverFresh
        /// 440: neither IPv4 nor IPv6 is relayed.
        case addressFamilyNotSupported
        /// 441: the allocation belongs to another user.
        case wrongCredentials
        /// 442: the server relays no UDP.
        case unsupportedTransport
        /// 486: this user has too many allocations.
        case quotaReached
        /// 508: the server is full.
        case insufficientCapacity
        /// Any other error code.
        case refused(STUNErrorCode)
        /// ``TURNClient/close(now:)``.
        case closed

        init(_ code: STUNErrorCode) {
            self =
                switch code {
                case .tryAlternate: .redirected
                case .unauthenticated: .credentialsRefused
                case .forbidden: .forbidden
                case .allocationMismatch: .allocationMismatch
                case .staleNonce: .nonceNeverFresh
                case .addressFamilyNotSupported: .addressFamilyNotSupported
                case .wrongCredentials: .wrongCredentials
                case .unsupportedTransport: .unsupportedTransport
                case .allocationQuotaReached: .quotaReached
                case .insufficientCapacity: .insufficientCapacity
                default: .refused(code)
                }
        }
    }
}
