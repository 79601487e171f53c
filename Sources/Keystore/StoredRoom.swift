package import Invitation
package import Primitives
internal import Wire

/// What the doctor's machine keeps of one consultation, from its link to its end.
package struct StoredRoom: Sendable {
    package enum State: Equatable, Sendable {
        /// Nobody is admitted yet: the link works.
        case open
        /// One patient is admitted: only that one comes back.
        case admitted(Admission)
        /// Over; kept until it is removed.
        case ended
        /// Over, but nobody said goodbye: nobody comes back, and the link may be re-opened.
        case brokenOff
    }

    package struct Admission: Equatable, Sendable {
        /// R of the admitted epoch: 32 octets.
        package var resumeSecret: Secret
        /// T_0: 32 octets.
        package var transcript: [UInt8]
        /// The greatest epoch whose CONFIRM verified.
        package var lastEpoch: UInt32
        /// The patient agreed to the consultation.
        package var hasConsented: Bool
        /// What the doctor said of the words; `nil` for nothing yet.
        package var comparison: Bool?
        /// What both people read to each other: 8 octets.
        package var authentication: [UInt8]
        /// Which device of those that knocked was let in, from 1 on.
        package var guestNumber: UInt32

        /// - Precondition: 32 octets of secret and transcript, 8 of authentication.
        package init(
            resumeSecret: Secret, transcript: [UInt8], lastEpoch: UInt32, hasConsented: Bool = false,
            comparison: Bool? = nil, authentication: [UInt8], guestNumber: UInt32 = 1
        ) {
            precondition(resumeSecret.count == 32 && transcript.count == 32 && authentication.count == 8)
            self.resumeSecret = resumeSecret
            self.transcript = transcript
            self.lastEpoch = lastEpoch
            self.hasConsented = hasConsented
            self.comparison = comparison
            self.authentication = authentication
            self.guestNumber = guestNumber
        }
    }

    package let session: SessionID
    /// The doctor's note; it leaves this machine in no form.
    package var label: String
    /// Where the page is: `https://HOST[:PORT]`.
    package let origin: String
    package let invitation: Invitation
    /// d: the private half of the invitation's session key.
    package let sessionKey: X25519.KeyPair
    package let delegation: Delegation
    /// How long the broker lets fresh patients in, in seconds from the opening.
    package let timeToLive: UInt32
    /// Unix seconds.
    package let expires: UInt64
    /// From when the doctor is there, in Unix seconds; who comes earlier waits. 0 for from the start.
    package let opens: UInt64
    /// The link was made to work a second time; there is no third.
    package var isReopened: Bool
    package var state: State

    /// - Precondition: `sessionKey` is the key in `invitation`.
    package init(
        session: SessionID, label: String, origin: String, invitation: Invitation, sessionKey: X25519.KeyPair,
        delegation: Delegation, timeToLive: UInt32, expires: UInt64, opens: UInt64 = 0, isReopened: Bool = false,
        state: State = .open
    ) {
        precondition(sessionKey.publicKey == invitation.sessionPublicKey)
        self.session = session
        self.label = label
        self.origin = origin
        self.invitation = invitation
        self.sessionKey = sessionKey
        self.delegation = delegation
        self.timeToLive = timeToLive
        self.expires = expires
        self.opens = opens
        self.isReopened = isReopened
        self.state = state
    }

    /// Whether its link lets nobody in any more, unless it is re-opened.
    package var isOver: Bool { self.state == .ended || self.state == .brokenOff }

    /// What an admitted patient comes back by; `nil` in the other states.
    package var resumption: Resumption? {
        guard case .admitted(let admission) = self.state else { return nil }
        return Resumption(
            roomKeys: RoomKeys(self.invitation), secret: admission.resumeSecret, transcript: admission.transcript)
    }
}

/// The plaintext of a room's file.
///
///     version u8 = 2 | lp session | lp label | lp origin | flags u8 | S 16 | d 32
///        | identity key 32 | not before u64 | not after u64 | signature 64 | ttl u32 | expires u64
///        | opens u64 | re-opened u8 | state u8 (0 open, 1 admitted, 2 ended, 3 broken off)
///        | admitted only: R 32, T_0 32, last epoch u32, consented u8, words u8 (0 different, 1 same, 2 not compared),
///          authentication 8, device u32
extension StoredRoom {
    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.write(Self.version)
        for text in [self.session.text, self.label, self.origin] {
            writer.writeLengthPrefixed([UInt8](text.utf8.prefix(Self.maximumTextLength)))
        }
        writer.write(self.invitation.flags.rawValue)
        writer.write(self.invitation.secret.bytes)
        writer.write(self.sessionKey.privateKey.copy())
        writer.write(self.delegation.identityKey)
        writer.write(self.delegation.notBefore)
        writer.write(self.delegation.notAfter)
        writer.write(self.delegation.signature)
        writer.write(self.timeToLive)
        writer.write(self.expires)
        writer.write(self.opens)
        writer.write(UInt8(self.isReopened ? 1 : 0))
        switch self.state {
        case .open: writer.write(0 as UInt8)
        case .admitted(let admission):
            writer.write(1 as UInt8)
            writer.write(admission.resumeSecret.bytes)
            writer.write(admission.transcript)
            writer.write(admission.lastEpoch)
            writer.write(UInt8(admission.hasConsented ? 1 : 0))
            writer.write(admission.comparison.map { $0 ? 1 : 0 } ?? 2 as UInt8)
            writer.write(admission.authentication)
            writer.write(admission.guestNumber)
        case .ended: writer.write(2 as UInt8)
        case .brokenOff: writer.write(3 as UInt8)
        }
        return writer.bytes
    }

    init(_ bytes: [UInt8], path: String) throws(KeystoreError) {
        do {
            var reader = ByteReader(bytes)
            let version = try reader.readUInt8()
            guard version == Self.version else { throw KeystoreError.unknownVersion(version, path: path) }
            let session = SessionID(String(decoding: try reader.readLengthPrefixed(), as: UTF8.self))
            let label = String(decoding: try reader.readLengthPrefixed(), as: UTF8.self)
            let origin = String(decoding: try reader.readLengthPrefixed(), as: UTF8.self)
            let flags = Invitation.Flags(rawValue: try reader.readUInt8())
            let secret = Secret(try reader.readBytes(Invitation.secretLength))
            let sessionKey = try X25519.KeyPair(
                privateKey: SecretBytes(copying: try reader.readSlice(X25519.keyLength)))
            let identityKey = try reader.readBytes(32)
            let notBefore = try reader.readUInt64()
            let notAfter = try reader.readUInt64()
            let signature = try reader.readBytes(64)
            let timeToLive = try reader.readUInt32()
            let expires = try reader.readUInt64()
            let opens = try reader.readUInt64()
            let isReopened = try reader.readUInt8()
            let state = try Self.readState(&reader)
            guard let session, let state, reader.isAtEnd, isReopened <= 1,
                flags.isSubset(of: [.postQuantumRequired, .relayOnly])
            else {
                throw KeystoreError.damaged(path: path)
            }
            self.init(
                session: session, label: label, origin: origin,
                invitation: Invitation(flags: flags, secret: secret, sessionPublicKey: sessionKey.publicKey),
                sessionKey: sessionKey,
                delegation: Delegation(
                    identityKey: identityKey, notBefore: notBefore, notAfter: notAfter, signature: signature),
                timeToLive: timeToLive, expires: expires, opens: opens, isReopened: isReopened == 1, state: state)
        } catch let error as KeystoreError {
            throw error
        } catch {
            throw .damaged(path: path)
        }
    }

    private static func readState(_ reader: inout ByteReader) throws(ByteReader.Failure) -> State? {
        switch try reader.readUInt8() {
        case 0: .open
        case 1: try Self.readAdmission(&reader).map { .admitted($0) }
        case 2: .ended
        case 3: .brokenOff
        default: nil
        }
    }

    private static func readAdmission(_ reader: inout ByteReader) throws(ByteReader.Failure) -> Admission? {
        let secret = Secret(try reader.readBytes(32))
        let transcript = try reader.readBytes(32)
        let lastEpoch = try reader.readUInt32()
        let consented = try reader.readUInt8()
        let words = try reader.readUInt8()
        let authentication = try reader.readBytes(8)
        let number = try reader.readUInt32()
        guard consented <= 1, words <= 2 else { return nil }
        return Admission(
            resumeSecret: secret, transcript: transcript, lastEpoch: lastEpoch, hasConsented: consented == 1,
            comparison: words == 2 ? nil : words == 1, authentication: authentication, guestNumber: number)
    }

    private static let version: UInt8 = 2
    /// Of a label, in octets: a longer one is cut.
    private static let maximumTextLength = 1024
}
