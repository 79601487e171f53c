package enum SHA256 {
    /// The digest of the parts put end to end: 32 octets.
    package static func hash(_ parts: [UInt8]...) -> [UInt8] {
        Sodium.sha256(parts)
    }
}

package enum HMACSHA256 {
    /// RFC 2104 with SHA-256: 32 octets.
    package static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        Sodium.hmacSHA256(message, key: key)
    }
}

package enum HMACSHA1 {
    /// RFC 2104 with SHA-1, for MESSAGE-INTEGRITY (RFC 8489 §14.5): 20 octets.
    ///
    /// Of `head` with `tail` behind it: whoever changes the start of a message need not copy the rest. Nothing is allocated.
    package static func authenticate(
        _ head: Span<UInt8>, _ tail: Span<UInt8> = Span(), key: Span<UInt8>
    ) -> InlineArray<20, UInt8> {
        LibCrypto.hmacSHA1(head, tail, key: key)
    }
}

package enum MD5 {
    /// 16 octets, for the long-term credential key (RFC 8489 §18.5.1.1) and nothing else.
    package static func hash(_ message: [UInt8]) -> [UInt8] {
        LibCrypto.md5(message)
    }
}

/// RFC 5869 with SHA-256.
package enum HKDF {
    /// - Returns: a pseudorandom key of 32 octets.
    package static func extract(salt: [UInt8], inputKeyMaterial: [UInt8]) -> [UInt8] {
        HMACSHA256.authenticate(inputKeyMaterial, key: salt)
    }

    /// - Precondition: at most 255 × 32 octets are asked for.
    package static func expand(_ pseudorandomKey: [UInt8], info: [UInt8], count: Int) -> [UInt8] {
        precondition((0...255 * 32).contains(count), "HKDF gives at most 8160 octets")
        var output: [UInt8] = []
        var block: [UInt8] = []
        var counter: UInt8 = 0
        while output.count < count {
            counter += 1
            block = HMACSHA256.authenticate(block + info + [counter], key: pseudorandomKey)
            output += block
        }
        return [UInt8](output.prefix(count))
    }

    package static func expand(_ pseudorandomKey: [UInt8], info: String, count: Int) -> [UInt8] {
        self.expand(pseudorandomKey, info: [UInt8](info.utf8), count: count)
    }
}

/// Compares without telling by its duration where the first difference is. Lengths are public.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    Sodium.equal(left, right)
}
