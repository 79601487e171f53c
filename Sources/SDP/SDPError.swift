/// Why a session description cannot become a call. Refused whole; the call's report names the case.
package enum SDPError: Error, Equatable, Sendable {
    /// More octets, lines or media sections than any browser writes.
    case tooLarge
    /// Not `v=0` first, or a line that is not `x=…`; lines count from 1.
    case malformedLine(Int)
    /// No `m=audio` over `UDP/TLS/RTP/SAVPF` that is not already rejected.
    case noAudio
    /// An answer with port 0, or one that does not mirror the offer's sections.
    case audioRejected
    case answerDoesNotMatchOffer
    /// The audio section has no usable `a=mid`.
    case noMediaIdentification
    /// No `opus/48000/2` with a payload type that can share a port with RTCP (RFC 5761 §4).
    case noOpus
    case noFingerprint
    /// Fingerprints exist, but none of SHA-256; the name is the peer's.
    case unsupportedFingerprintHash(String)
    /// The fingerprint is not 32 pairs of hexadecimal digits.
    case malformedFingerprint
    /// Two certificates for one transport: nobody could say which of them is the peer's.
    case severalFingerprints
    case noICECredentials
    /// Shorter, longer or of other characters than RFC 8839 §5.4 permits.
    case malformedICECredentials
    case noRTCPMultiplexing
    /// Missing `a=setup`, or a value that an offer or an answer must not have (RFC 8842 §5).
    case badSetup
}
