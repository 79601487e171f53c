internal import COpenSSL

/// AES-GCM under one session key and salt, over packets that lie in one buffer (RFC 7714).
///
/// Owns two `EVP_CIPHER_CTX *` with the key in them, one to seal and one to open; a packet sets only the nonce, and
/// nothing is allocated for it. Not `Sendable`.
final class SRTPCipher {
    private let sealing: OpaquePointer  // EVP_CIPHER_CTX *
    private let opening: OpaquePointer  // EVP_CIPHER_CTX *
    private let salt: InlineArray<12, UInt8>

    /// Derives the session key and salt of one kind of packet from the master's (RFC 3711 §4.3, RFC 7714 §11).
    init(
        profile: SRTPProfile, masterKey: [UInt8], masterSalt: [UInt8], labels: SRTPLabels
    ) throws(SRTPError) {
        guard masterKey.count == profile.keyLength, masterSalt.count == profile.saltLength else {
            throw .library(status: 0)
        }
        var key = try Self.derived(
            profile: profile, masterKey: masterKey, masterSalt: masterSalt, label: labels.key, count: masterKey.count)
        defer { key.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        let salt = try Self.derived(
            profile: profile, masterKey: masterKey, masterSalt: masterSalt, label: labels.salt, count: 12)
        self.salt = InlineArray { salt[$0] }
        guard let sealing = EVP_CIPHER_CTX_new() else { throw .library(status: 0) }
        guard let opening = EVP_CIPHER_CTX_new() else {
            EVP_CIPHER_CTX_free(sealing)
            throw .library(status: 0)
        }
        self.sealing = sealing
        self.opening = opening
        let cipher = profile == .aes128GCM ? EVP_aes_128_gcm() : EVP_aes_256_gcm()
        guard EVP_EncryptInit_ex(sealing, cipher, nil, key, nil) == 1,
            EVP_DecryptInit_ex(opening, cipher, nil, key, nil) == 1
        else { throw .library(status: Int(truncatingIfNeeded: ERR_get_error())) }
    }

    deinit {
        EVP_CIPHER_CTX_free(self.sealing)
        EVP_CIPHER_CTX_free(self.opening)
    }

    /// Encrypts `text` of `buffer` where it lies and writes the tag behind it.
    /// - Parameters:
    ///   - nonce: Before it meets the salt (RFC 7714 §§8.1, 9.1).
    ///   - trailer: Authenticated behind `header`: the word of an SRTCP packet (RFC 7714 §9.2), else empty.
    func seal(
        _ buffer: UnsafeMutableRawBufferPointer, header: Range<Int>, text: Range<Int>, trailer: Range<Int>,
        nonce: InlineArray<12, UInt8>
    ) -> Bool {
        guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
        var written: Int32 = 0
        return self.begin(nonce) { EVP_EncryptInit_ex(self.sealing, nil, nil, nil, $0) }
            && EVP_EncryptUpdate(self.sealing, nil, &written, base + header.lowerBound, Int32(header.count)) == 1
            && (trailer.isEmpty
                || EVP_EncryptUpdate(
                    self.sealing, nil, &written, base + trailer.lowerBound, Int32(trailer.count)) == 1)
            && EVP_EncryptUpdate(
                self.sealing, base + text.lowerBound, &written, base + text.lowerBound, Int32(text.count)) == 1
            && EVP_EncryptFinal_ex(self.sealing, base + text.upperBound, &written) == 1
            && EVP_CIPHER_CTX_ctrl(
                self.sealing, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagSize), base + text.upperBound) == 1
    }

    /// Checks the tag behind `text` and decrypts `text` where it lies; its content is undefined after `false`.
    func open(
        _ buffer: UnsafeMutableRawBufferPointer, header: Range<Int>, text: Range<Int>, trailer: Range<Int>,
        nonce: InlineArray<12, UInt8>
    ) -> Bool {
        guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
        var written: Int32 = 0
        return self.begin(nonce) { EVP_DecryptInit_ex(self.opening, nil, nil, nil, $0) }
            && EVP_CIPHER_CTX_ctrl(
                self.opening, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagSize), base + text.upperBound) == 1
            && EVP_DecryptUpdate(self.opening, nil, &written, base + header.lowerBound, Int32(header.count)) == 1
            && (trailer.isEmpty
                || EVP_DecryptUpdate(
                    self.opening, nil, &written, base + trailer.lowerBound, Int32(trailer.count)) == 1)
            && EVP_DecryptUpdate(
                self.opening, base + text.lowerBound, &written, base + text.lowerBound, Int32(text.count)) == 1
            && EVP_DecryptFinal_ex(self.opening, base + text.upperBound, &written) == 1
    }

    private func begin(_ nonce: InlineArray<12, UInt8>, _ initialise: (UnsafePointer<UInt8>?) -> Int32) -> Bool {
        var salted = nonce
        for index in 0..<12 { salted[index] ^= self.salt[index] }
        return withUnsafeBytes(of: &salted) { octets in
            initialise(octets.baseAddress?.assumingMemoryBound(to: UInt8.self)) == 1
        }
    }

    /// The pseudo-random function: AES in counter mode over label and master salt (RFC 3711 §4.3.3).
    private static func derived(
        profile: SRTPProfile, masterKey: [UInt8], masterSalt: [UInt8], label: UInt8, count: Int
    ) throws(SRTPError) -> [UInt8] {
        // 96 bits of salt stand where 112 are expected, at the left; the label stands over the 7th octet.
        var counter = masterSalt + [UInt8](repeating: 0, count: 4)
        counter[7] ^= label
        var result = [UInt8](repeating: 0, count: count)
        guard let context = EVP_CIPHER_CTX_new() else { throw .library(status: 0) }
        defer { EVP_CIPHER_CTX_free(context) }
        var written: Int32 = 0
        let zeros = result
        guard
            EVP_EncryptInit_ex(
                context, profile == .aes128GCM ? EVP_aes_128_ctr() : EVP_aes_256_ctr(), nil, masterKey, counter) == 1,
            EVP_EncryptUpdate(context, &result, &written, zeros, Int32(count)) == 1
        else { throw .library(status: Int(truncatingIfNeeded: ERR_get_error())) }
        return result
    }

    /// Octets (RFC 7714 §7).
    static let tagSize = 16
}

/// What derives the keys of one kind of packet (RFC 3711 §4.3.1).
enum SRTPLabels {
    case rtp
    case rtcp

    var key: UInt8 { self == .rtp ? 0 : 3 }
    var salt: UInt8 { self == .rtp ? 2 : 5 }
}
