/// Which end of the DTLS handshake an endpoint plays (`a=setup`, RFC 4145, RFC 5763 §5).
package enum DTLSRole: Equatable, Sendable {
    /// `a=setup:active`: sends the ClientHello.
    case client
    /// `a=setup:passive`: waits for one.
    case server
}

/// The SRTP protection profiles that are spoken (RFC 7714 §14.2). Counter mode with SHA-1 is not.
package enum SRTPProfile: String, Equatable, Sendable {
    case aes128GCM = "AEAD_AES_128_GCM"
    case aes256GCM = "AEAD_AES_256_GCM"

    /// Octets of a master key.
    package var keyLength: Int {
        switch self {
        case .aes128GCM: 16
        case .aes256GCM: 32
        }
    }

    /// Octets of a master salt.
    package var saltLength: Int { 12 }
}

/// Master keys and salts of both directions, exported from one handshake (RFC 5764 §4.2).
package struct SRTPKeyingMaterial: Equatable, Sendable {
    /// What the DTLS client sends with.
    package var clientKey: [UInt8]
    package var clientSalt: [UInt8]
    /// What the DTLS server sends with.
    package var serverKey: [UInt8]
    package var serverSalt: [UInt8]

    package init(clientKey: [UInt8], clientSalt: [UInt8], serverKey: [UInt8], serverSalt: [UInt8]) {
        self.clientKey = clientKey
        self.clientSalt = clientSalt
        self.serverKey = serverKey
        self.serverSalt = serverSalt
    }

    /// Cuts exporter output, client key first.
    /// - Returns: `nil` unless `exported` has exactly the profile's length.
    package init?(exported: [UInt8], profile: SRTPProfile) {
        let (key, salt) = (profile.keyLength, profile.saltLength)
        guard exported.count == 2 * (key + salt) else { return nil }
        self.clientKey = Array(exported[..<key])
        self.serverKey = Array(exported[key..<2 * key])
        self.clientSalt = Array(exported[(2 * key)..<(2 * key + salt)])
        self.serverSalt = Array(exported[(2 * key + salt)...])
    }
}

extension SRTPKeyingMaterial: CustomStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a finished handshake yields.
package struct DTLSResult: Equatable, Sendable {
    package var role: DTLSRole
    /// SHA-256 of the peer's certificate, 32 octets. No media before it equals the signalled one (RFC 8827 §6.5).
    package var peerFingerprint: [UInt8]
    package var profile: SRTPProfile
    package var keyingMaterial: SRTPKeyingMaterial
    /// OpenSSL's name, for reports: `ECDHE-ECDSA-AES128-GCM-SHA256`.
    package var cipher: String
    /// `DTLSv1.2`.
    package var version: String

    package init(
        role: DTLSRole, peerFingerprint: [UInt8], profile: SRTPProfile, keyingMaterial: SRTPKeyingMaterial,
        cipher: String, version: String
    ) {
        self.role = role
        self.peerFingerprint = peerFingerprint
        self.profile = profile
        self.keyingMaterial = keyingMaterial
        self.cipher = cipher
        self.version = version
    }
}

/// Why a handshake ended without keys. The call fails, and the report names the case.
package enum DTLSError: Error, Equatable, Sendable {
    /// The peer's certificate is not the one that was signalled.
    case fingerprintMismatch
    /// The DTLS client showed no certificate.
    case noPeerCertificate
    /// The peer does not do extended master secret (RFC 7627).
    case noExtendedMasterSecret
    /// The peer offers no AEAD profile (RFC 7714).
    case noSRTPProfile
    /// No common version, cipher suite, group or signature scheme; `reason` is the library's word.
    case noCommonParameters(reason: String)
    /// The peer gave up with this alert (RFC 5246 §7.2).
    case peerAlert(UInt8)
    /// No answer within the whole of the handshake's time.
    case timedOut
    /// The peer closed before the handshake was done.
    case closedDuringHandshake
    /// The peer broke the protocol; `reason` is the library's word for it.
    case protocolViolation(reason: String)
    /// The local library refused its own configuration or ran out of memory.
    case library(reason: String)
}
