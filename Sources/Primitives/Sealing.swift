/// A key of 32 octets from a passphrase (Argon2id, RFC 9106).
package struct PasswordHash: Hashable, Sendable {
    package static let saltLength = 16
    package static let keyLength = 32

    /// Passes over the memory.
    package var operations: UInt64
    /// Octets of memory.
    package var memoryBytes: Int

    package init(operations: UInt64, memoryBytes: Int) {
        self.operations = operations
        self.memoryBytes = memoryBytes
    }

    /// 3 passes over 256 MiB: about a second, what a doctor's key deserves.
    package static let moderate = PasswordHash(operations: 3, memoryBytes: 256 << 20)

    /// The least that the algorithm admits: for throw-away homes and tests.
    package static let minimum = PasswordHash(operations: 1, memoryBytes: 8192)

    /// - Throws: `.wrongLength` for a salt of another size, `.outOfMemory` when the memory is not to be had.
    package func deriveKey(passphrase: SecretBytes, salt: [UInt8]) throws(PrimitiveError) -> SecretBytes {
        guard salt.count == Self.saltLength else {
            throw .wrongLength(have: salt.count, need: Self.saltLength)
        }
        var succeeded = false
        let key = SecretBytes(count: Self.keyLength) { memory in
            succeeded = passphrase.withBytes { passphrase in
                Sodium.argon2id(
                    passphrase, salt: salt, operations: self.operations, memoryBytes: self.memoryBytes, into: memory)
            }
        }
        guard succeeded else { throw .outOfMemory }
        return key
    }
}

/// Authenticated encryption for data at rest: XSalsa20-Poly1305, fit for random nonces of 24 octets.
package enum SecretBox {
    package static let keyLength = 32
    package static let nonceLength = 24
    package static let overhead = 16

    /// The tag, then the ciphertext: 16 octets more than the plaintext.
    package static func seal(_ plaintext: [UInt8], nonce: [UInt8], key: SecretBytes) throws(PrimitiveError) -> [UInt8] {
        try self.check(nonce: nonce, key: key)
        return key.withBytes { Sodium.secretBoxSeal(plaintext, nonce: nonce, key: $0) }
    }

    /// - Throws: `.authenticationFailed` when any octet or the key is another.
    package static func open(_ box: [UInt8], nonce: [UInt8], key: SecretBytes) throws(PrimitiveError) -> [UInt8] {
        try self.check(nonce: nonce, key: key)
        guard box.count >= self.overhead else { throw .authenticationFailed }
        guard let plaintext = key.withBytes({ Sodium.secretBoxOpen(box, nonce: nonce, key: $0) }) else {
            throw .authenticationFailed
        }
        return plaintext
    }

    private static func check(nonce: [UInt8], key: SecretBytes) throws(PrimitiveError) {
        guard nonce.count == self.nonceLength else { throw .wrongLength(have: nonce.count, need: self.nonceLength) }
        guard key.count == self.keyLength else { throw .wrongLength(have: key.count, need: self.keyLength) }
    }
}
