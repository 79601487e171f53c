internal import COpenSSL

/// The border to libcrypto: the only file of this target that sees its names.
enum LibCrypto {
    static func hmacSHA1(_ head: Span<UInt8>, _ tail: Span<UInt8>, key: Span<UInt8>) -> InlineArray<20, UInt8> {
        var code = InlineArray<20, UInt8>(repeating: 0)
        var span = code.mutableSpan
        key.withUnsafeBufferPointer { key in
            head.withUnsafeBufferPointer { head in
                tail.withUnsafeBufferPointer { tail in
                    span.withUnsafeMutableBufferPointer {
                        COpenSSL_HMAC_SHA1(
                            key.baseAddress, key.count, head.baseAddress, head.count, tail.baseAddress, tail.count,
                            $0.baseAddress)
                    }
                }
            }
        }
        return code
    }

    static func md5(_ message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 16)
        var length: UInt32 = 0
        let status = EVP_Digest(message, message.count, &digest, &length, EVP_md5(), nil)
        precondition(status == 1 && length == 16, "MD5 is not available in this libcrypto")
        return digest
    }

    /// Owns one `EVP_CIPHER_CTX *` per direction, keyed once: the key schedule is not repeated per message.
    final class GCMContexts {
        private let sealing: OpaquePointer  // EVP_CIPHER_CTX *
        private let opening: OpaquePointer  // EVP_CIPHER_CTX *

        /// - Precondition: `key` points to 32 octets.
        init(key: UnsafeRawBufferPointer) {
            guard let sealing = EVP_CIPHER_CTX_new(), let opening = EVP_CIPHER_CTX_new() else {
                preconditionFailure("out of memory")
            }
            self.sealing = sealing
            self.opening = opening
            let octets = key.bindMemory(to: UInt8.self).baseAddress
            let ready =
                EVP_EncryptInit_ex(sealing, EVP_aes_256_gcm(), nil, octets, nil) == 1
                && EVP_DecryptInit_ex(opening, EVP_aes_256_gcm(), nil, octets, nil) == 1
            precondition(ready, "AES-256-GCM is part of every libcrypto")
        }

        deinit {
            EVP_CIPHER_CTX_free(self.sealing)
            EVP_CIPHER_CTX_free(self.opening)
        }

        /// - Precondition: a nonce of 12 octets.
        func seal(_ plaintext: [UInt8], nonce: [UInt8], authenticating data: [UInt8]) -> [UInt8] {
            var sealed = [UInt8](repeating: 0, count: plaintext.count + 16)
            var written: Int32 = 0
            var succeeded = EVP_EncryptInit_ex(self.sealing, nil, nil, nil, nonce) == 1
            if !data.isEmpty {
                succeeded = succeeded && EVP_EncryptUpdate(self.sealing, nil, &written, data, Int32(data.count)) == 1
            }
            sealed.withUnsafeMutableBufferPointer { output in
                succeeded =
                    succeeded
                    && EVP_EncryptUpdate(
                        self.sealing, output.baseAddress, &written, plaintext, Int32(plaintext.count)) == 1
                    && EVP_EncryptFinal_ex(self.sealing, output.baseAddress?.advanced(by: plaintext.count), &written)
                        == 1
                    && EVP_CIPHER_CTX_ctrl(
                        self.sealing, EVP_CTRL_AEAD_GET_TAG, 16, output.baseAddress?.advanced(by: plaintext.count))
                        == 1
            }
            precondition(succeeded, "AES-GCM encryption does not fail on valid lengths")
            return sealed
        }

        /// - Precondition: a nonce of 12 octets, and at least the 16 octets of the tag.
        func open(_ sealed: [UInt8], nonce: [UInt8], authenticating data: [UInt8]) -> [UInt8]? {
            let count = sealed.count - 16
            var plaintext = [UInt8](repeating: 0, count: max(1, count))
            var tag = [UInt8](sealed[count...])
            var written: Int32 = 0
            var succeeded = EVP_DecryptInit_ex(self.opening, nil, nil, nil, nonce) == 1
            if !data.isEmpty {
                succeeded = succeeded && EVP_DecryptUpdate(self.opening, nil, &written, data, Int32(data.count)) == 1
            }
            succeeded =
                succeeded && EVP_DecryptUpdate(self.opening, &plaintext, &written, sealed, Int32(count)) == 1
                && EVP_CIPHER_CTX_ctrl(self.opening, EVP_CTRL_AEAD_SET_TAG, 16, &tag) == 1
            var trailing = [UInt8](repeating: 0, count: 16)
            succeeded = succeeded && EVP_DecryptFinal_ex(self.opening, &trailing, &written) == 1
            if !succeeded { ERR_clear_error() }
            return succeeded ? [UInt8](plaintext.prefix(count)) : nil
        }
    }
}
