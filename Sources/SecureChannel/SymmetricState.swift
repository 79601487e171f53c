internal import Invitation
internal import Primitives
internal import Wire

/// One direction's key and message counter (Noise revision 34 §5.1, AESGCM).
struct CipherState: Sendable {
    let key: Secret
    /// Messages so far.
    private(set) var nonce: UInt64

    init(key: Secret, nonce: UInt64 = 0) {
        self.key = key
        self.nonce = nonce
    }

    mutating func encrypt(_ plaintext: [UInt8], authenticating data: [UInt8] = []) throws(ChannelError) -> [UInt8] {
        let nonce = try self.nextNonce()
        do {
            return try AES256GCM(key: self.key.guarded).seal(plaintext, nonce: nonce, authenticating: data)
        } catch {
            throw .decryptionFailed
        }
    }

    mutating func decrypt(_ sealed: [UInt8], authenticating data: [UInt8] = []) throws(ChannelError) -> [UInt8] {
        let nonce = try self.nextNonce()
        do {
            return try AES256GCM(key: self.key.guarded).open(sealed, nonce: nonce, authenticating: data)
        } catch {
            throw .decryptionFailed
        }
    }

    /// 4 zero octets, then the counter, big-endian (§12.4).
    private mutating func nextNonce() throws(ChannelError) -> [UInt8] {
        guard self.nonce < Self.nonceLimit else { throw .nonceExhausted }
        defer { self.nonce += 1 }
        var writer = ByteWriter(capacity: AES256GCM.nonceLength)
        writer.writeZeros(4)
        writer.write(self.nonce)
        return writer.bytes
    }

    /// Far below Noise's 2⁶⁴ - 1, and within what a double in a page counts exactly.
    private static let nonceLimit: UInt64 = 1 << 32
}

/// The chaining key and handshake hash as the tokens of a pattern stir them (Noise §5.2).
struct SymmetricState: Sendable {
    private(set) var hash: [UInt8]
    private(set) var chainingKey: [UInt8]
    private var cipher: CipherState?

    /// - Parameter protocolName: exactly 32 octets, which are the first hash as they are (§5.2).
    init(protocolName: String, prologue: [UInt8]) {
        self.hash = [UInt8](protocolName.utf8)
        self.chainingKey = self.hash
        precondition(self.hash.count == 32, "a name of another length would have to be hashed or padded")
        self.mixHash(prologue)
    }

    mutating func mixHash(_ data: [UInt8]) {
        self.hash = SHA256.hash(self.hash, data)
    }

    mutating func mixKey(_ input: [UInt8]) {
        let output = self.expand(input, count: 2)
        self.chainingKey = output[0]
        self.cipher = CipherState(key: Secret(output[1]))
    }

    mutating func mixKeyAndHash(_ input: [UInt8]) {
        let output = self.expand(input, count: 3)
        self.chainingKey = output[0]
        self.mixHash(output[1])
        self.cipher = CipherState(key: Secret(output[2]))
    }

    mutating func encryptAndHash(_ plaintext: [UInt8]) throws(ChannelError) -> [UInt8] {
        let sealed = try self.cipher?.encrypt(plaintext, authenticating: self.hash) ?? plaintext
        self.mixHash(sealed)
        return sealed
    }

    mutating func decryptAndHash(_ sealed: [UInt8]) throws(ChannelError) -> [UInt8] {
        let plaintext = try self.cipher?.decrypt(sealed, authenticating: self.hash) ?? sealed
        self.mixHash(sealed)
        return plaintext
    }

    /// The initiator's sending key, then the responder's.
    func split() -> (Secret, Secret) {
        let output = self.expand([], count: 2)
        return (Secret(output[0]), Secret(output[1]))
    }

    /// Noise's HKDF (§4.3): HMACs keyed by the chaining key, then by its first result.
    private func expand(_ input: [UInt8], count: Int) -> [[UInt8]] {
        let temporary = HMACSHA256.authenticate(input, key: self.chainingKey)
        var outputs: [[UInt8]] = []
        for index in 1...count {
            let message = (outputs.last ?? []) + [UInt8(truncatingIfNeeded: index)]
            outputs.append(HMACSHA256.authenticate(message, key: temporary))
        }
        return outputs
    }
}
