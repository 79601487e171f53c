internal import CSodium

/// The border to libsodium: the only file that sees its names.
///
/// Every function checks lengths on the Swift side, so that no pointer is ever shorter than C expects.
enum Sodium {
    /// `sodium_init` runs once, before any other call, from whichever thread comes first.
    private static let ready: Bool = sodium_init() >= 0

    static func prepare() {
        precondition(self.ready, "libsodium could not be initialised")
    }

    static func sha256(_ parts: [[UInt8]]) -> [UInt8] {
        var state = crypto_hash_sha256_state()
        crypto_hash_sha256_init(&state)
        for part in parts {
            crypto_hash_sha256_update(&state, part, UInt64(part.count))
        }
        var digest = [UInt8](repeating: 0, count: 32)
        crypto_hash_sha256_final(&state, &digest)
        return digest
    }

    static func hmacSHA256(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        var state = crypto_auth_hmacsha256_state()
        crypto_auth_hmacsha256_init(&state, key, key.count)
        crypto_auth_hmacsha256_update(&state, message, UInt64(message.count))
        var tag = [UInt8](repeating: 0, count: 32)
        crypto_auth_hmacsha256_final(&state, &tag)
        sodium_memzero(&state, MemoryLayout.size(ofValue: state))
        return tag
    }

    static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && (left.isEmpty || sodium_memcmp(left, right, left.count) == 0)
    }

    // MARK: Guarded memory

    static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer? {
        self.prepare()
        return sodium_malloc(max(1, count)).map { UnsafeMutableRawBufferPointer(start: $0, count: count) }
    }

    static func free(_ memory: UnsafeMutableRawBufferPointer) {
        sodium_free(memory.octets)
    }

    static func fillRandom(_ memory: UnsafeMutableRawBufferPointer) {
        self.prepare()
        randombytes_buf(memory.octets, memory.count)
    }

    static func zero(_ bytes: inout [UInt8]) {
        sodium_memzero(&bytes, bytes.count)
    }

    // MARK: X25519

    /// - Precondition: 32 octets each way.
    static func x25519PublicKey(privateKey: UnsafeRawBufferPointer) -> [UInt8] {
        var publicKey = [UInt8](repeating: 0, count: 32)
        let status = crypto_scalarmult_base(&publicKey, privateKey.octets)
        precondition(status == 0, "the base point times a scalar is never zero")
        return publicKey
    }

    /// - Returns: `false` when the result is all zeros.
    static func x25519(
        privateKey: UnsafeRawBufferPointer, publicKey: [UInt8], into shared: UnsafeMutableRawBufferPointer
    ) -> Bool {
        crypto_scalarmult(
            shared.octets,
            privateKey.octets, publicKey) == 0
    }

    // MARK: Ed25519

    static func ed25519KeyPair(seed: UnsafeRawBufferPointer, secretKey: UnsafeMutableRawBufferPointer) -> [UInt8] {
        var publicKey = [UInt8](repeating: 0, count: 32)
        crypto_sign_seed_keypair(
            &publicKey, secretKey.octets,
            seed.octets)
        return publicKey
    }

    static func ed25519Sign(_ message: [UInt8], secretKey: UnsafeRawBufferPointer) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        crypto_sign_detached(
            &signature, nil, message, UInt64(message.count), secretKey.octets)
        return signature
    }

    static func ed25519Verify(signature: [UInt8], message: [UInt8], publicKey: [UInt8]) -> Bool {
        self.prepare()
        return crypto_sign_verify_detached(signature, message, UInt64(message.count), publicKey) == 0
    }

    // MARK: Passphrases and sealed files

    static func argon2id(
        _ passphrase: UnsafeRawBufferPointer, salt: [UInt8], operations: UInt64, memoryBytes: Int,
        into key: UnsafeMutableRawBufferPointer
    ) -> Bool {
        self.prepare()
        // C wants a pointer even to no octet.
        let none = [CChar(0)]
        return none.withUnsafeBufferPointer { none in
            let text = passphrase.isEmpty ? none.baseAddress : passphrase.bindMemory(to: CChar.self).baseAddress
            guard let text else { return false }
            return crypto_pwhash(
                key.octets, UInt64(key.count), text, UInt64(passphrase.count), salt, operations, memoryBytes,
                crypto_pwhash_ALG_ARGON2ID13) == 0
        }
    }

    static func secretBoxSeal(_ plaintext: [UInt8], nonce: [UInt8], key: UnsafeRawBufferPointer) -> [UInt8] {
        var box = [UInt8](repeating: 0, count: plaintext.count + 16)
        let status = crypto_secretbox_easy(&box, plaintext, UInt64(plaintext.count), nonce, key.octets)
        precondition(status == 0, "sealing does not fail on valid lengths")
        return box
    }

    /// - Precondition: `box` has at least the 16 octets of its tag.
    static func secretBoxOpen(_ box: [UInt8], nonce: [UInt8], key: UnsafeRawBufferPointer) -> [UInt8]? {
        var plaintext = [UInt8](repeating: 0, count: box.count - 16)
        let status = crypto_secretbox_open_easy(&plaintext, box, UInt64(box.count), nonce, key.octets)
        return status == 0 ? plaintext : nil
    }
}

extension UnsafeRawBufferPointer {
    /// - Precondition: not the empty buffer; keys have lengths that were checked before.
    fileprivate var octets: UnsafePointer<UInt8> {
        guard let start = self.bindMemory(to: UInt8.self).baseAddress else { preconditionFailure("an empty key") }
        return start
    }
}

extension UnsafeMutableRawBufferPointer {
    /// - Precondition: not the empty buffer.
    fileprivate var octets: UnsafeMutablePointer<UInt8> {
        guard let start = self.bindMemory(to: UInt8.self).baseAddress else { preconditionFailure("an empty buffer") }
        return start
    }
}
