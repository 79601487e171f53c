internal import Primitives
internal import Wire

/// Nonces that need no memory: an expiry and a code over it and the client's 5-tuple (RFC 8656 §5, RFC 8489 §9.2).
///
/// The key is replaced every day; one key back still counts, since a nonce may outlive the change.
struct NonceSource {
    private var key: [UInt8]
    private var formerKey: [UInt8]
    private var keyExpiry: Instant
    private var random: RandomSource

    init(random: RandomSource, now: Instant) {
        var random = random
        self.key = random.bytes(count: 32)
        self.formerKey = self.key
        self.keyExpiry = now + Self.keyLifetime
        self.random = random
    }

    /// 24 characters, good for ``lifetime`` and for `flow` alone.
    mutating func nonce(for flow: RelayFlow, now: Instant) -> String {
        if now >= self.keyExpiry {
            self.formerKey = self.key
            self.key = self.random.bytes(count: 32)
            self.keyExpiry = now + Self.keyLifetime
        }
        let expiry = Self.seconds(now + Self.lifetime)
        return (expiry.bigEndianBytes + Self.code(flow, expiry: expiry, key: self.key)).base64URL
    }

    func isValid(_ nonce: ArraySlice<UInt8>, for flow: RelayFlow, now: Instant) -> Bool {
        guard nonce.count == 24, let octets = [UInt8](base64URL: String(decoding: nonce, as: UTF8.self)) else {
            return false
        }
        let expiry = octets.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        let code = Array(octets.dropFirst(4))
        guard expiry > Self.seconds(now) else { return false }
        return constantTimeEquals(code, Self.code(flow, expiry: expiry, key: self.key))
            || constantTimeEquals(code, Self.code(flow, expiry: expiry, key: self.formerKey))
    }

    private static func code(_ flow: RelayFlow, expiry: UInt32, key: [UInt8]) -> [UInt8] {
        Array(HMACSHA256.authenticate(expiry.bigEndianBytes + flow.bytes, key: key).prefix(14))
    }

    private static func seconds(_ instant: Instant) -> UInt32 {
        UInt32(truncatingIfNeeded: instant.nanoseconds / 1_000_000_000)
    }

    private static let lifetime: Duration = .seconds(600)
    private static let keyLifetime: Duration = .seconds(24 * 3600)
}
