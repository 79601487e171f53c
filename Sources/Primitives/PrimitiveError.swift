/// Why a primitive refused; the caller decides what a peer learns of it.
package enum PrimitiveError: Error, Equatable, Sendable {
    /// A key, nonce, seed or signature has `have` octets in place of `need`.
    case wrongLength(have: Int, need: Int)
    /// X25519 gave the all-zero result: the peer's point has low order (RFC 7748 §6.1).
    case lowOrderPoint
    /// The authentication tag does not fit key, nonce, data and ciphertext.
    case authenticationFailed
    /// The password hash did not get the memory it was asked to use.
    case outOfMemory
}
