package import Invitation
package import Primitives

/// `Noise_NKpsk0_25519_AESGCM_SHA256`, the pattern by itself (Noise revision 34; payloads of any length).
///
///     <- s
///     ...
///     -> psk, e, es
///     <- e, ee
///
/// Each step is one value made from the one before, so no message can be written or read out of order.
package enum NoiseHandshake {
    static let name = "Noise_NKpsk0_25519_AESGCM_SHA256"
    /// Octets that a message adds to its payload: the ephemeral key and a tag.
    package static let overhead = X25519.keyLength + AES256GCM.tagLength

    /// What both ends hold after the second message.
    package struct Result: Equatable, Sendable {
        package let initiatorKey: Secret
        package let responderKey: Secret
        /// 32 octets, known to both ends and to nobody else only if the keys are; not secret itself.
        package let hash: [UInt8]
        /// What every other key of the epoch is expanded from: 32 octets.
        package let exporter: Secret

        fileprivate init(_ state: SymmetricState) {
            (self.initiatorKey, self.responderKey) = state.split()
            self.hash = state.hash
            let drawn = HMACSHA256.authenticate([UInt8]("colloque/1 exporter".utf8), key: state.chainingKey)
            self.exporter = Secret(HKDF.extract(salt: state.hash, inputKeyMaterial: drawn))
        }
    }

    /// The end that knows the other's static key and shows none: the patient.
    package struct Initiator: Sendable {
        package let message: [UInt8]
        private let state: SymmetricState
        private let ephemeral: X25519.KeyPair

        /// Writes the first message.
        /// - Parameter ephemeral: fresh for each handshake.
        /// - Throws: `.lowOrderPoint` when `remoteStatic` is one.
        package init(
            prologue: [UInt8], psk: Secret, remoteStatic: [UInt8], ephemeral: X25519.KeyPair, payload: [UInt8]
        ) throws(ChannelError) {
            var state = SymmetricState(protocolName: NoiseHandshake.name, prologue: prologue)
            state.mixHash(remoteStatic)
            state.mixKeyAndHash(psk.bytes)
            state.mixEphemeral(ephemeral.publicKey)
            try state.mixSharedSecret(ephemeral, remoteStatic)
            self.message = ephemeral.publicKey + (try state.encryptAndHash(payload))
            self.state = state
            self.ephemeral = ephemeral
        }

        /// Reads the second message.
        package func finish(_ message: [UInt8]) throws(ChannelError) -> (result: Result, payload: [UInt8]) {
            let (remoteEphemeral, sealed) = try splitMessage(message)
            var state = self.state
            state.mixEphemeral(remoteEphemeral)
            try state.mixSharedSecret(self.ephemeral, remoteEphemeral)
            let payload = try state.decryptAndHash(sealed)
            return (Result(state), payload)
        }
    }

    /// The end whose static key is known: the doctor.
    package struct Responder: Sendable {
        package let payload: [UInt8]
        /// The initiator's ephemeral key: what tells a replayed first message.
        package let remoteEphemeral: [UInt8]
        private let state: SymmetricState

        /// Reads the first message.
        package init(
            prologue: [UInt8], psk: Secret, localStatic: X25519.KeyPair, message: [UInt8]
        ) throws(ChannelError) {
            let (remoteEphemeral, sealed) = try splitMessage(message)
            var state = SymmetricState(protocolName: NoiseHandshake.name, prologue: prologue)
            state.mixHash(localStatic.publicKey)
            state.mixKeyAndHash(psk.bytes)
            state.mixEphemeral(remoteEphemeral)
            try state.mixSharedSecret(localStatic, remoteEphemeral)
            self.payload = try state.decryptAndHash(sealed)
            self.remoteEphemeral = remoteEphemeral
            self.state = state
        }

        /// Writes the second message.
        /// - Parameter ephemeral: fresh for each handshake.
        package func finish(
            ephemeral: X25519.KeyPair, payload: [UInt8]
        ) throws(ChannelError) -> (result: Result, message: [UInt8]) {
            var state = self.state
            state.mixEphemeral(ephemeral.publicKey)
            try state.mixSharedSecret(ephemeral, self.remoteEphemeral)
            let message = ephemeral.publicKey + (try state.encryptAndHash(payload))
            return (Result(state), message)
        }
    }
}

private func splitMessage(_ message: [UInt8]) throws(ChannelError) -> (ephemeral: [UInt8], sealed: [UInt8]) {
    guard message.count >= NoiseHandshake.overhead else {
        throw .wrongLength(have: message.count, need: NoiseHandshake.overhead)
    }
    return ([UInt8](message[..<X25519.keyLength]), [UInt8](message[X25519.keyLength...]))
}

extension SymmetricState {
    /// Token `e` of a pattern with a pre-shared key: the key is mixed in too (§9.2).
    fileprivate mutating func mixEphemeral(_ publicKey: [UInt8]) {
        self.mixHash(publicKey)
        self.mixKey(publicKey)
    }

    fileprivate mutating func mixSharedSecret(
        _ local: X25519.KeyPair, _ remote: [UInt8]
    ) throws(ChannelError) {
        do {
            self.mixKey(try local.sharedSecret(with: remote).copy())
        } catch {
            throw switch error {
            case .wrongLength(let have, let need): .wrongLength(have: have, need: need)
            default: .lowOrderPoint
            }
        }
    }
}
