/// Signatures (RFC 8032 §5.1).
package enum Ed25519 {
    package static let seedLength = 32
    package static let publicKeyLength = 32
    package static let signatureLength = 64

    package struct KeyPair: Sendable {
        private let secretKey: SecretBytes
        /// What the pair is made from and what a keystore keeps: 32 octets.
        package let seed: SecretBytes
        /// 32 octets.
        package let publicKey: [UInt8]

        /// A fresh pair from the system's generator.
        package init() {
            self.init(checked: SecretBytes(randomCount: Ed25519.seedLength))
        }

        /// - Throws: `.wrongLength` unless the seed has 32 octets.
        package init(seed: SecretBytes) throws(PrimitiveError) {
            guard seed.count == Ed25519.seedLength else {
                throw .wrongLength(have: seed.count, need: Ed25519.seedLength)
            }
            self.init(checked: seed)
        }

        private init(checked seed: SecretBytes) {
            Sodium.prepare()
            var publicKey: [UInt8] = []
            self.secretKey = SecretBytes(count: 64) { memory in
                publicKey = seed.withBytes { Sodium.ed25519KeyPair(seed: $0, secretKey: memory) }
            }
            self.seed = seed
            self.publicKey = publicKey
        }

        /// A detached signature of 64 octets.
        package func sign(_ message: [UInt8]) -> [UInt8] {
            self.secretKey.withBytes { Sodium.ed25519Sign(message, secretKey: $0) }
        }
    }

    /// `false` also for a key or a signature of another length.
    package static func verify(signature: [UInt8], message: [UInt8], publicKey: [UInt8]) -> Bool {
        guard signature.count == self.signatureLength, publicKey.count == self.publicKeyLength else { return false }
        return Sodium.ed25519Verify(signature: signature, message: message, publicKey: publicKey)
    }
}
