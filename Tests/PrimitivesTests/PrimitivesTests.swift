import Primitives
import Testing
import Wire

@Suite("Primitives against published values")
struct PrimitivesTests {
    @Test("SHA-256 of abc (FIPS 180-4)")
    func sha256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(SHA256.hash([UInt8]("abc".utf8)).hex == expected)
        #expect(SHA256.hash([UInt8]("a".utf8), [UInt8]("bc".utf8)).hex == expected)
    }

    private static func hex(_ code: InlineArray<20, UInt8>) -> String { code.indices.map { code[$0] }.hex }

    @Test("HMAC-SHA1 in two pieces, and under a key longer than its block (RFC 2202 §3, case 6)")
    func hmacInPieces() {
        let message = [UInt8]("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
        let key = [UInt8](repeating: 0xAA, count: 80)
        for cut in [0, 4, 63, message.count].map({ min($0, message.count) }) {
            let head = [UInt8](message[..<cut])
            let tail = [UInt8](message[cut...])
            #expect(
                Self.hex(HMACSHA1.authenticate(head.span, tail.span, key: key.span))
                    == "aa4ae5e15272d00e95705637ce8a3b55ed402112")
        }
    }

    @Test("HMAC-SHA1 and HMAC-SHA256 of the Jefe cases (RFC 2202 §3, RFC 4231 §4.3)")
    func hmac() {
        let key = [UInt8]("Jefe".utf8)
        let message = [UInt8]("what do ya want for nothing?".utf8)
        #expect(
            Self.hex(HMACSHA1.authenticate(message.span, key: key.span)) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
        #expect(
            HMACSHA256.authenticate(message, key: key).hex
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(Self.hex(HMACSHA1.authenticate(Span(), key: Span())) == "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d")
    }

    @Test("MD5 of abc (RFC 1321 §A.5)")
    func md5() {
        #expect(MD5.hash([UInt8]("abc".utf8)).hex == "900150983cd24fb0d6963f7d28e17f72")
    }

    @Test("HKDF (RFC 5869 §A.1)")
    func hkdf() throws {
        let key = HKDF.extract(
            salt: try #require([UInt8](hex: "000102030405060708090a0b0c")),
            inputKeyMaterial: [UInt8](repeating: 0x0B, count: 22))
        #expect(key.hex == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
        let output = HKDF.expand(key, info: try #require([UInt8](hex: "f0f1f2f3f4f5f6f7f8f9")), count: 42)
        #expect(
            output.hex
                == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    }

    @Test("X25519 (RFC 7748 §5.2, one iteration) and points that are no key")
    func x25519() throws {
        let nine = [9] + [UInt8](repeating: 0, count: 31)
        let alice = try X25519.KeyPair(privateKey: SecretBytes(copying: nine))
        #expect(
            try alice.sharedSecret(with: nine).copy().hex
                == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")
        let bob = X25519.KeyPair()
        #expect(try alice.sharedSecret(with: bob.publicKey) == bob.sharedSecret(with: alice.publicKey))
        #expect(throws: PrimitiveError.lowOrderPoint) {
            try alice.sharedSecret(with: [UInt8](repeating: 0, count: 32))
        }
        #expect(throws: PrimitiveError.wrongLength(have: 31, need: 32)) {
            try alice.sharedSecret(with: [UInt8](repeating: 9, count: 31))
        }
    }

    @Test("Ed25519 (RFC 8032 §7.1, test 2)")
    func ed25519() throws {
        let seed = try #require([UInt8](hex: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
        let pair = try Ed25519.KeyPair(seed: SecretBytes(copying: seed))
        #expect(pair.publicKey.hex == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        var signature = pair.sign([0x72])
        #expect(
            signature.hex
                == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
        #expect(Ed25519.verify(signature: signature, message: [0x72], publicKey: pair.publicKey))
        signature[7] ^= 1
        #expect(!Ed25519.verify(signature: signature, message: [0x72], publicKey: pair.publicKey))
    }

    @Test("AES-256-GCM opens only what was sealed, for every length", arguments: [0, 1, 15, 16, 17, 256, 16384])
    func gcm(count: Int) throws {
        let cipher = try AES256GCM(key: SecretBytes(randomCount: 32))
        let nonce = [UInt8](repeating: 7, count: 12)
        let plaintext = [UInt8](repeating: 5, count: count)
        for data in [[], [1, 2, 3]] as [[UInt8]] {
            var sealed = try cipher.seal(plaintext, nonce: nonce, authenticating: data)
            #expect(sealed.count == count + 16)
            #expect(try cipher.open(sealed, nonce: nonce, authenticating: data) == plaintext)
            sealed[sealed.count / 2] ^= 0x80
            #expect(throws: PrimitiveError.authenticationFailed) {
                try cipher.open(sealed, nonce: nonce, authenticating: data)
            }
        }
        #expect(throws: PrimitiveError.authenticationFailed) { try cipher.open([1, 2, 3], nonce: nonce) }
    }

    @Test("AES-256-GCM of zeros (the GCM specification's test case 14)")
    func gcmVector() throws {
        let cipher = try AES256GCM(key: SecretBytes(copying: [UInt8](repeating: 0, count: 32)))
        let zeros = [UInt8](repeating: 0, count: 16)
        let sealed = try cipher.seal(zeros, nonce: [UInt8](repeating: 0, count: 12))
        #expect(sealed.hex == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
    }

    @Test("a sealed box tells its own key from others")
    func secretBox() throws {
        let nonce = [UInt8](repeating: 1, count: 24)
        let key = try PasswordHash.minimum.deriveKey(
            passphrase: SecretBytes(copying: "pass".utf8), salt: [UInt8](repeating: 2, count: 16))
        let box = try SecretBox.seal([9, 8, 7], nonce: nonce, key: key)
        #expect(try SecretBox.open(box, nonce: nonce, key: key) == [9, 8, 7])
        #expect(throws: PrimitiveError.authenticationFailed) {
            try SecretBox.open(box, nonce: nonce, key: SecretBytes(randomCount: 32))
        }
    }

    @Test("a secret is never printed")
    func unprinted() {
        let secret = SecretBytes(copying: [0x41, 0x42])
        #expect("\(secret)" == "‹secret›")
        #expect(String(reflecting: secret) == "‹secret›")
        #expect(String(describing: [secret]) == "[‹secret›]")
    }
}
