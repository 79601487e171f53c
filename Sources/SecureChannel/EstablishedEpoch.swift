package import Invitation
internal import Primitives
internal import Wire

/// What one end holds of an epoch from its message 2 on: both directions, and the keys beside them.
package struct EstablishedEpoch: Sendable {
    /// 0 for the call's first, then greater with each resume.
    package let index: UInt32
    package let party: Party
    /// 32 octets.
    package let handshakeHash: [UInt8]
    /// K_bind: 32 octets.
    package let bindingKey: Secret
    /// What this end keeps for the epochs to come.
    package let resumption: Resumption
    package var sealer: FrameSealer
    package var opener: FrameOpener

    /// The first epoch, which makes what the later ones are resumed from.
    init(call result: NoiseHandshake.Result, party: Party, roomKeys: RoomKeys) {
        let resumption = Resumption(
            roomKeys: roomKeys,
            secret: Secret(HKDF.expand(result.exporter.bytes, info: "colloque/1 resume", count: 32)),
            transcript: Transcript.value(handshakeHash: result.hash))
        self.init(resumed: result, index: 0, party: party, resumption: resumption)
    }

    init(resumed result: NoiseHandshake.Result, index: UInt32, party: Party, resumption: Resumption) {
        self.index = index
        self.party = party
        self.handshakeHash = result.hash
        self.bindingKey = Secret(HKDF.expand(result.exporter.bytes, info: "colloque/1 dtls-bind", count: 32))
        self.resumption = resumption
        let isPatient = party == .patient
        self.sealer = FrameSealer(key: isPatient ? result.initiatorKey : result.responderKey)
        self.opener = FrameOpener(key: isPatient ? result.responderKey : result.initiatorKey)
    }

    /// Seals one frame for the peer.
    package mutating func seal(_ frame: Frame) throws(ChannelError) -> [UInt8] {
        try self.sealer.seal(frame)
    }

    /// Opens the peer's next frame. Any error ends the epoch.
    package mutating func open(_ sealed: [UInt8]) throws(ChannelError) -> Frame {
        try self.opener.open(sealed)
    }

    /// This end's DTLS_BIND for the certificates it saw (SHA-256, 32 octets each).
    package func bindingFrame(patientFingerprint: [UInt8], doctorFingerprint: [UInt8]) -> Frame {
        .transportBinding(tag: self.tag(by: self.party, patientFingerprint, doctorFingerprint))
    }

    /// Whether the peer's tag is about the same two certificates as this end saw; in constant time.
    package func binds(_ tag: [UInt8], patientFingerprint: [UInt8], doctorFingerprint: [UInt8]) -> Bool {
        constantTimeEquals(tag, self.tag(by: self.party.other, patientFingerprint, doctorFingerprint))
    }

    private func tag(by party: Party, _ patientFingerprint: [UInt8], _ doctorFingerprint: [UInt8]) -> [UInt8] {
        TransportBinding.tag(
            by: party, key: self.bindingKey, handshakeHash: self.handshakeHash,
            patientFingerprint: patientFingerprint, doctorFingerprint: doctorFingerprint)
    }
}

/// The prologues: what both ends must agree on before the first message verifies.
enum Prologue {
    static func call(_ roomID: RoomID) -> [UInt8] {
        self.bytes(kind: "call", roomID, epoch: 0, transcript: [UInt8](repeating: 0, count: 32))
    }

    static func resume(_ resumption: Resumption, epoch: UInt32) -> [UInt8] {
        self.bytes(kind: "resume", resumption.roomID, epoch: epoch, transcript: resumption.transcript)
    }

    private static func bytes(kind: String, _ roomID: RoomID, epoch: UInt32, transcript: [UInt8]) -> [UInt8] {
        var index = ByteWriter(capacity: 4)
        index.write(epoch)
        return lengthPrefixed(
            [UInt8]("colloque/1".utf8), [UInt8](kind.utf8), roomID.bytes, index.bytes, transcript)
    }
}
