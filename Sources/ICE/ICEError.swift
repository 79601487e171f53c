/// Why text from the peer's signalling is not what ICE reads. Shown in logs, never sent.
package enum ICEError: Error, Equatable, Sendable {
    /// A `candidate` attribute longer than 512 octets or not of RFC 8839 §5.1's form.
    case malformedCandidate
    /// A username fragment or password outside RFC 8839 §5.4's length or alphabet.
    case malformedCredentials
}
