import Invitation
import Primitives
import ProtocolVectors
import Signalling
import Testing
import Wire

@Suite("Keys of a room, delegation, authentication at the broker")
struct KeyScheduleTests {
    private let vectors: ProtocolVectors
    private let invitation: Invitation
    private let keys: RoomKeys

    init() throws {
        self.vectors = try ProtocolVectors()
        self.invitation = try Invitation(fragment: self.vectors.text("link.fragment"))
        self.keys = RoomKeys(self.invitation)
    }

    @Test("room, join token, its hash and the first pre-shared key are those of the vectors")
    func roomKeys() throws {
        #expect(try self.keys.roomID.bytes.hex == self.vectors.text("invite.room_id"))
        #expect(try self.keys.roomID.bytes.base64URL == self.vectors.text("invite.room_b64"))
        #expect(try self.keys.joinToken.bytes.hex == self.vectors.text("invite.join_token"))
        #expect(try self.keys.joinHash.hex == self.vectors.text("invite.join_hash"))
        #expect(try self.keys.psk.bytes.hex == self.vectors.text("invite.psk0"))
    }

    @Test("another secret or another session key gives another room")
    func separation() {
        let other = Invitation(
            flags: [], secret: Secret([UInt8](repeating: 1, count: 16)),
            sessionPublicKey: self.invitation.sessionPublicKey)
        let third = Invitation(
            flags: [], secret: self.invitation.secret, sessionPublicKey: [UInt8](repeating: 1, count: 32))
        #expect(Set([self.keys.roomID, RoomKeys(other).roomID, RoomKeys(third).roomID]).count == 3)
    }

    @Test("rejoin token, its hash, the resume key and both transcripts are those of the vectors")
    func resumption() throws {
        let transcript = Transcript.value(handshakeHash: try self.vectors.octets("handshake.h"))
        #expect(try transcript.hex == self.vectors.text("resume.transcript0"))
        let resumption = Resumption(
            roomKeys: self.keys, secret: Secret(try self.vectors.octets("handshake.resume_secret")),
            transcript: transcript)
        #expect(try resumption.rejoinToken.bytes.hex == self.vectors.text("resume.rejoin_token"))
        #expect(try resumption.rejoinHash.hex == self.vectors.text("resume.rejoin_hash"))
        #expect(try resumption.psk(epoch: 1).bytes.hex == self.vectors.text("resume.psk"))
        #expect(resumption.psk(epoch: 2) != resumption.psk(epoch: 1))
        let next = Transcript.value(after: transcript, handshakeHash: try self.vectors.octets("resume.h"))
        #expect(try next.hex == self.vectors.text("resume.transcript1"))
    }

    private func delegation() throws -> Delegation {
        let signed = try self.vectors.octets("delegation.tbs")
        func time(_ octets: ArraySlice<UInt8>) -> UInt64 { octets.reduce(0) { $0 << 8 | UInt64($1) } }
        return Delegation(
            identityKey: try self.vectors.octets("delegation.identity_pub"),
            notBefore: time(signed.dropLast(8).suffix(8)), notAfter: time(signed.suffix(8)),
            signature: try self.vectors.octets("delegation.sig"))
    }

    @Test("the vectors' delegation verifies, and the octets under it are made again")
    func delegationVector() throws {
        let given = try self.delegation()
        try given.verify(sessionPublicKey: self.invitation.sessionPublicKey, roomID: self.keys.roomID)
        var signed: [UInt8] = []
        let made = Delegation(
            identityKey: given.identityKey, sessionPublicKey: self.invitation.sessionPublicKey,
            roomID: self.keys.roomID, notBefore: given.notBefore, notAfter: given.notAfter
        ) {
            signed = $0
            return given.signature
        }
        #expect(made == given)
        #expect(try signed.hex == self.vectors.text("delegation.tbs"))
    }

    @Test("a delegation for another room, session key, identity key or period does not verify")
    func foreignDelegation() throws {
        let given = try self.delegation()
        let sessionKey = self.invitation.sessionPublicKey
        let otherRoom = try #require(RoomID([UInt8](repeating: 9, count: 16)))
        #expect(throws: DelegationError.signature) { try given.verify(sessionPublicKey: sessionKey, roomID: otherRoom) }
        #expect(throws: DelegationError.signature) {
            try given.verify(sessionPublicKey: X25519.KeyPair().publicKey, roomID: self.keys.roomID)
        }
        let otherKey = Delegation(
            identityKey: Ed25519.KeyPair().publicKey, notBefore: given.notBefore, notAfter: given.notAfter,
            signature: given.signature)
        let longer = Delegation(
            identityKey: given.identityKey, notBefore: given.notBefore, notAfter: given.notAfter + 1,
            signature: given.signature)
        for changed in [otherKey, longer] {
            #expect(throws: DelegationError.signature) {
                try changed.verify(sessionPublicKey: sessionKey, roomID: self.keys.roomID)
            }
        }
    }

    @Test("a day of wrong clock is doubtful, more is refused")
    func validity() throws {
        let given = Delegation(identityKey: [], notBefore: 1_000_000, notAfter: 1_007_200, signature: [])
        #expect(try given.validity(at: 1_000_000) == .valid)
        #expect(try given.validity(at: 1_007_200) == .valid)
        #expect(try given.validity(at: 1_007_201) == .doubtful)
        #expect(try given.validity(at: 1_007_200 + 86_400) == .doubtful)
        #expect(try given.validity(at: 1_000_000 - 86_400) == .doubtful)
        #expect(throws: DelegationError.expired) { try given.validity(at: 1_007_201 + 86_400) }
        #expect(throws: DelegationError.notYetValid) { try given.validity(at: 999_999 - 86_400) }
        #expect(throws: DelegationError.notYetValid) { try given.validity(at: 0) }
        #expect(throws: DelegationError.expired) { try given.validity(at: .max) }
    }

    @Test("the octets signed for the broker are those of the vectors")
    func brokerAuthentication() throws {
        let given = try self.vectors.octets("broker_auth.tbs")
        var reader = ByteReader(given)
        _ = try reader.readLengthPrefixed()
        let host = String(decoding: try reader.readLengthPrefixed(), as: UTF8.self)
        let identityKey = try reader.readLengthPrefixed()
        let challenge = try reader.readLengthPrefixed()
        let time = try reader.readLengthPrefixed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let made = Envelope.authenticationMessage(
            host: host, identityKey: identityKey, challenge: challenge, time: time)
        #expect(made == given)
        #expect(host == "broker.example")
        #expect(
            Ed25519.verify(
                signature: try self.vectors.octets("broker_auth.sig"), message: made, publicKey: identityKey))
    }
}
