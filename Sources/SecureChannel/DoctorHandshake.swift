package import Invitation
package import Primitives
package import Wire

/// The doctor's side of one handshake: message 1 in, message 2 out, then CONFIRM in.
///
/// A value of this type exists only for a message 1 that verified. Between reading and answering the
/// caller drops a replay (``patientEphemeral`` seen before in this room) and keeps count of handshakes
/// that nobody finished; nothing that a person sees may change before CONFIRM.
package struct DoctorHandshake: Sendable {
    private enum Purpose: Sendable {
        case call(RoomKeys, Delegation, PatientHello)
        case resume(Resumption, epoch: UInt32)
    }

    private let purpose: Purpose
    private let noise: NoiseHandshake.Responder

    /// Reads message 1 of a call, the payload of a connection's first RELAY.
    package init(
        readingCall message: [UInt8], roomKeys: RoomKeys, sessionKey: X25519.KeyPair, delegation: Delegation
    ) throws(ChannelError) {
        let need = PatientHello.length + NoiseHandshake.overhead
        guard message.count == need else { throw .wrongLength(have: message.count, need: need) }
        self.noise = try NoiseHandshake.Responder(
            prologue: Prologue.call(roomKeys.roomID), psk: roomKeys.psk, localStatic: sessionKey, message: message)
        self.purpose = .call(roomKeys, delegation, try PatientHello(self.noise.payload))
    }

    /// Reads the first RELAY of a connection that resumes.
    /// - Parameter lastEpoch: the greatest epoch whose CONFIRM verified, 0 after the first.
    package init(
        readingResume payload: [UInt8], resumption: Resumption, sessionKey: X25519.KeyPair, lastEpoch: UInt32
    ) throws(ChannelError) {
        let resume = try ResumeMessage(payload)
        guard resume.epoch > lastEpoch else { throw .epochNotGreater(received: resume.epoch, last: lastEpoch) }
        self.noise = try NoiseHandshake.Responder(
            prologue: Prologue.resume(resumption, epoch: resume.epoch), psk: resumption.psk(epoch: resume.epoch),
            localStatic: sessionKey, message: resume.messageOne)
        try ResumePayload.check(self.noise.payload)
        self.purpose = .resume(resumption, epoch: resume.epoch)
    }

    /// The patient's ephemeral key, 32 octets: equal in a replay of the same message 1.
    package var patientEphemeral: [UInt8] { self.noise.remoteEphemeral }

    /// What the patient's page speaks; `nil` in a resume.
    package var patientLanguage: LanguageCode? {
        if case .call(_, _, let hello) = self.purpose { hello.language } else { nil }
    }

    /// `nil` in a resume.
    package var patientCapabilities: Capabilities? {
        if case .call(_, _, let hello) = self.purpose { hello.capabilities } else { nil }
    }

    /// Writes message 2.
    /// - Parameter language: in which both ends show the words; unused in a resume, as are `capabilities`.
    package func answer(
        language: LanguageCode, capabilities: Capabilities = [], random: inout RandomSource
    ) throws(ChannelError) -> (messageTwo: [UInt8], awaited: AwaitedConfirmation) {
        try self.answer(
            language: language, capabilities: capabilities, nonce: random.bytes(count: 32),
            ephemeral: random.x25519KeyPair())
    }

    func answer(
        language: LanguageCode, capabilities: Capabilities, nonce: [UInt8], ephemeral: X25519.KeyPair
    ) throws(ChannelError) -> (messageTwo: [UInt8], awaited: AwaitedConfirmation) {
        switch self.purpose {
        case .call(let roomKeys, let delegation, let patientHello):
            let hello = DoctorHello(
                nonce: nonce, delegation: delegation, language: language, capabilities: capabilities)
            let (result, message) = try self.noise.finish(ephemeral: ephemeral, payload: hello.bytes)
            let opening = AwaitedConfirmation.Opening(
                roomID: roomKeys.roomID, commitment: patientHello.commitment, ephemeral: self.patientEphemeral,
                doctorNonce: nonce)
            let channel = EstablishedEpoch(call: result, party: .doctor, roomKeys: roomKeys)
            return (message, AwaitedConfirmation(channel: channel, opening: opening))
        case .resume(let resumption, let epoch):
            let (result, message) = try self.noise.finish(
                ephemeral: ephemeral, payload: [UInt8](repeating: 0, count: DoctorHello.length))
            let channel = EstablishedEpoch(
                resumed: result, index: epoch, party: .doctor, resumption: resumption)
            return (message, AwaitedConfirmation(channel: channel, opening: nil))
        }
    }
}

/// The doctor's end between message 2 and CONFIRM: it can read that one frame and nothing else.
package struct AwaitedConfirmation: Sendable {
    struct Opening: Sendable {
        let roomID: RoomID
        let commitment: [UInt8]
        let ephemeral: [UInt8]
        let doctorNonce: [UInt8]
    }

    private var channel: EstablishedEpoch
    /// `nil` in a resume.
    private let opening: Opening?

    init(channel: EstablishedEpoch, opening: Opening?) {
        self.channel = channel
        self.opening = opening
    }

    /// 0 in a call.
    package var epoch: UInt32 { self.channel.index }

    /// Opens the first frame, which must be CONFIRM and, in a call, open message 1's commitment.
    package func read(_ sealed: [UInt8]) throws(ChannelError) -> DoctorEpoch {
        var channel = self.channel
        guard case .confirm(let confirmation) = try channel.open(sealed) else { throw .confirmationExpected }
        guard let opening = self.opening else {
            return DoctorEpoch(channel: channel, authentication: nil, receiptKey: nil, displayName: "")
        }
        let commitment = ShortAuthenticationString.commitment(
            roomID: opening.roomID, ephemeral: opening.ephemeral, nonce: confirmation.nonce)
        guard constantTimeEquals(commitment, opening.commitment) else { throw .commitmentMismatch }
        let authentication = ShortAuthenticationString(
            handshakeHash: channel.handshakeHash, patientNonce: confirmation.nonce, doctorNonce: opening.doctorNonce)
        return DoctorEpoch(
            channel: channel, authentication: authentication, receiptKey: confirmation.receiptKey,
            displayName: confirmation.displayName)
    }
}

/// The doctor's end of an epoch that the patient confirmed.
package struct DoctorEpoch: Sendable {
    package var channel: EstablishedEpoch
    /// `nil` in a resume: the one of the first epoch still holds.
    package let authentication: ShortAuthenticationString?
    /// Ed25519, 32 octets; `nil` when the patient wants no receipt, and in a resume.
    package let receiptKey: [UInt8]?
    /// What the patient wants to be called; may be empty.
    package let displayName: String
}
