internal import Wire

/// Diffie–Hellman on Curve25519 (RFC 7748 §5).
package enum X25519 {
    package static let keyLength = 32

    package struct KeyPair: Sendable {
        package let privateKey: SecretBytes
        /// 32 octets.
        package let publicKey: [UInt8]

        /// A fresh pair from the system's generator.
        package init() {
            self.init(checked: SecretBytes(randomCount: X25519.keyLength))
        }

        /// - Throws: `.wrongLength` unless the key has 32 octets.
        package init(privateKey: SecretBytes) throws(PrimitiveError) {
            guard privateKey.count == X25519.keyLength else {
                throw .wrongLength(have: privateKey.count, need: X25519.keyLength)
            }
            self.init(checked: privateKey)
        }

        private init(checked privateKey: SecretBytes) {
            Sodium.prepare()
            self.privateKey = privateKey
            self.publicKey = privateKey.withBytes { Sodium.x25519PublicKey(privateKey: $0) }
        }

        /// The shared secret, 32 octets, not yet hashed.
        /// - Throws: `.lowOrderPoint` for an all-zero result, `.wrongLength` for a key of another size.
        package func sharedSecret(with publicKey: [UInt8]) throws(PrimitiveError) -> SecretBytes {
            guard publicKey.count == X25519.keyLength else {
                throw .wrongLength(have: publicKey.count, need: X25519.keyLength)
            }
            var succeeded = false
            let shared = SecretBytes(count: X25519.keyLength) { memory in
                succeeded = self.privateKey.withBytes {
                    Sodium.x25519(privateKey: $0, publicKey: publicKey, into: memory)
                }
            }
            guard succeeded else { throw .lowOrderPoint }
            return shared
        }
    }
}
