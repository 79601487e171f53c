package import Invitation
internal import Primitives
package import Wire

/// The patient's side of one handshake: message 1 out, message 2 in, then CONFIRM as the first frame.
package struct PatientHandshake: Sendable {
    private enum Purpose: Sendable {
        case call(RoomKeys, nonce: [UInt8])
        case resume(Resumption, epoch: UInt32)
    }

    /// The payload of the first RELAY: message 1, behind the epoch's number in a resume.
    package let messageOne: [UInt8]
    private let purpose: Purpose
    private let sessionPublicKey: [UInt8]
    /// `nil` once message 2 was tried.
    private var noise: NoiseHandshake.Initiator?

    /// A fresh handshake with the doctor of the invitation.
    /// - Parameter sessionPublicKey: D of the link, 32 octets.
    package init(
        calling roomKeys: RoomKeys, sessionPublicKey: [UInt8], capabilities: Capabilities = [],
        language: LanguageCode, random: inout RandomSource
    ) throws(ChannelError) {
        try self.init(
            calling: roomKeys, sessionPublicKey: sessionPublicKey, capabilities: capabilities, language: language,
            nonce: random.bytes(count: 32), ephemeral: random.x25519KeyPair())
    }

    init(
        calling roomKeys: RoomKeys, sessionPublicKey: [UInt8], capabilities: Capabilities, language: LanguageCode,
        nonce: [UInt8], ephemeral: X25519.KeyPair
    ) throws(ChannelError) {
        let commitment = ShortAuthenticationString.commitment(
            roomID: roomKeys.roomID, ephemeral: ephemeral.publicKey, nonce: nonce)
        let hello = PatientHello(commitment: commitment, capabilities: capabilities, language: language)
        let noise = try NoiseHandshake.Initiator(
            prologue: Prologue.call(roomKeys.roomID), psk: roomKeys.psk, remoteStatic: sessionPublicKey,
            ephemeral: ephemeral, payload: hello.bytes)
        self.messageOne = noise.message
        self.purpose = .call(roomKeys, nonce: nonce)
        self.sessionPublicKey = sessionPublicKey
        self.noise = noise
    }

    /// A handshake that continues an admitted call in a new epoch.
    /// - Parameter epoch: greater than in every message 1 sent before; written down before this one is sent.
    package init(
        resuming resumption: Resumption, sessionPublicKey: [UInt8], epoch: UInt32, random: inout RandomSource
    ) throws(ChannelError) {
        try self.init(
            resuming: resumption, sessionPublicKey: sessionPublicKey, epoch: epoch,
            ephemeral: random.x25519KeyPair())
    }

    init(
        resuming resumption: Resumption, sessionPublicKey: [UInt8], epoch: UInt32, ephemeral: X25519.KeyPair
    ) throws(ChannelError) {
        let noise = try NoiseHandshake.Initiator(
            prologue: Prologue.resume(resumption, epoch: epoch), psk: resumption.psk(epoch: epoch),
            remoteStatic: sessionPublicKey, ephemeral: ephemeral,
            payload: [UInt8](repeating: 0, count: PatientHello.length))
        self.messageOne = ResumeMessage(epoch: epoch, messageOne: noise.message).bytes
        self.purpose = .resume(resumption, epoch: epoch)
        self.sessionPublicKey = sessionPublicKey
        self.noise = noise
    }

    /// Reads message 2, once: after an error this handshake is over and only a new one can follow.
    /// - Parameter unixTime: this end's wall clock in seconds, for the dates of the delegation.
    package mutating func readMessageTwo(_ message: [UInt8], unixTime: UInt64) throws(ChannelError) -> PatientEpoch {
        guard let noise = self.noise else { throw .epochClosed }
        self.noise = nil
        let need = DoctorHello.length + NoiseHandshake.overhead
        guard message.count == need else { throw .wrongLength(have: message.count, need: need) }
        let (result, payload) = try noise.finish(message)
        switch self.purpose {
        case .call(let roomKeys, let nonce):
            let hello = try DoctorHello(payload)
            let introduction = try DoctorIntroduction(
                hello, sessionPublicKey: self.sessionPublicKey, roomID: roomKeys.roomID, unixTime: unixTime)
            return PatientEpoch(
                channel: EstablishedEpoch(call: result, party: .patient, roomKeys: roomKeys),
                introduction: introduction,
                authentication: ShortAuthenticationString(
                    handshakeHash: result.hash, patientNonce: nonce, doctorNonce: hello.nonce),
                nonce: nonce)
        case .resume(let resumption, let epoch):
            try ResumePayload.check(payload)
            return PatientEpoch(
                channel: EstablishedEpoch(resumed: result, index: epoch, party: .patient, resumption: resumption),
                introduction: nil, authentication: nil, nonce: [UInt8](repeating: 0, count: 32))
        }
    }
}

/// What message 2 of a call says of the doctor, verified.
package struct DoctorIntroduction: Equatable, Sendable {
    package let delegation: Delegation
    package let validity: Delegation.Validity
    /// In which both ends show the words.
    package let language: LanguageCode
    package let capabilities: Capabilities

    fileprivate init(
        _ hello: DoctorHello, sessionPublicKey: [UInt8], roomID: RoomID, unixTime: UInt64
    ) throws(ChannelError) {
        do {
            try hello.delegation.verify(sessionPublicKey: sessionPublicKey, roomID: roomID)
            self.validity = try hello.delegation.validity(at: unixTime)
        } catch {
            throw .delegation(error)
        }
        self.delegation = hello.delegation
        self.language = hello.language
        self.capabilities = hello.capabilities
    }
}

/// The patient's end of an epoch, whose first frame must be ``confirmation(receiptKey:displayName:)``.
package struct PatientEpoch: Sendable {
    package var channel: EstablishedEpoch
    /// `nil` in a resume.
    package let introduction: DoctorIntroduction?
    /// `nil` in a resume: the one of the first epoch still holds.
    package let authentication: ShortAuthenticationString?
    fileprivate let nonce: [UInt8]

    /// CONFIRM: opens the commitment, and empty in a resume.
    /// - Parameters:
    ///   - receiptKey: Ed25519, 32 octets, or `nil` for no receipt.
    ///   - displayName: what the patient wants to be called; may be empty.
    package func confirmation(receiptKey: [UInt8]? = nil, displayName: String = "") -> Frame {
        let isResume = self.authentication == nil
        return .confirm(
            Frame.Confirmation(
                nonce: self.nonce, receiptKey: isResume ? nil : receiptKey, displayName: isResume ? "" : displayName))
    }
}

extension RandomSource {
    /// A key pair from this source's next 32 octets.
    mutating func x25519KeyPair() -> X25519.KeyPair {
        do {
            return try X25519.KeyPair(privateKey: SecretBytes(copying: self.bytes(count: X25519.keyLength)))
        } catch {
            preconditionFailure("32 octets are a private key")
        }
    }
}
