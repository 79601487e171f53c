/// AES-256-GCM (NIST SP 800-38D) with nonces of 12 octets and tags of 16, under one key for its whole life.
///
/// Confined to one thread at a time, as its owner is: the cipher contexts are reused between messages.
package final class AES256GCM {
    package static let keyLength = 32
    package static let nonceLength = 12
    package static let tagLength = 16

    private let contexts: LibCrypto.GCMContexts

    /// - Throws: `.wrongLength` unless the key has 32 octets.
    package init(key: SecretBytes) throws(PrimitiveError) {
        guard key.count == Self.keyLength else { throw .wrongLength(have: key.count, need: Self.keyLength) }
        self.contexts = key.withBytes { LibCrypto.GCMContexts(key: $0) }
    }

    /// - Returns: the ciphertext with its tag behind it.
    package func seal(
        _ plaintext: [UInt8], nonce: [UInt8], authenticating data: [UInt8] = []
    ) throws(PrimitiveError) -> [UInt8] {
        try self.check(nonce)
        return self.contexts.seal(plaintext, nonce: nonce, authenticating: data)
    }

    /// - Throws: `.authenticationFailed` when any octet, the nonce or the key is another.
    package func open(
        _ sealed: [UInt8], nonce: [UInt8], authenticating data: [UInt8] = []
    ) throws(PrimitiveError) -> [UInt8] {
        try self.check(nonce)
        guard sealed.count >= Self.tagLength,
            let plaintext = self.contexts.open(sealed, nonce: nonce, authenticating: data)
        else { throw .authenticationFailed }
        return plaintext
    }

    private func check(_ nonce: [UInt8]) throws(PrimitiveError) {
        guard nonce.count == Self.nonceLength else {
            throw .wrongLength(have: nonce.count, need: Self.nonceLength)
        }
    }
}
