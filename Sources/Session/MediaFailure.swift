package import SDP
package import SecureTransport

/// Why a media path did not come about or broke for good. The call ends, and its report names the case.
package enum MediaFailure: Error, Equatable, Sendable {
    /// The peer's description is not one that a call can be made from.
    case description(SDPError)
    case secureTransport(DTLSError)
    /// An offer under another certificate reached the connection of the former one.
    case certificateChanged
    /// No path within the time for it.
    case noPath
    /// A codec or its protection refused to work.
    case voice(String)
}
