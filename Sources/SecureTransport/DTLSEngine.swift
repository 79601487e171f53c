internal import COpenSSL

/// Owns one `SSL *` for DTLS 1.2 with SRTP (RFC 6347, RFC 5764) and turns its return codes into cases.
///
/// All of libssl's handshake stands behind this file. Not `Sendable`; libssl's error queue is per
/// thread, so every call reads it before it returns.
final class DTLSEngine {
    enum Step: Equatable {
        /// Waits for the peer.
        case incomplete
        case complete
        /// The peer's close_notify came.
        case closed
        case failed(DTLSError)
    }

    private let context: OpaquePointer  // SSL_CTX *
    private let ssl: OpaquePointer  // SSL *
    private let datagrams = DatagramBIO()
    private let role: DTLSRole
    private let expectedFingerprint: [UInt8]?
    private var peerFingerprint: [UInt8]?
    /// While nothing that is sent can arrive, retransmission timers do not grow.
    var isPathless = false
    /// Decided inside the certificate callback, which can only tell libssl "no".
    private var refusal: DTLSError?

    init(role: DTLSRole, identity: DTLSIdentity, expectedFingerprint: [UInt8]?) throws(DTLSError) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(DTLS_method()) else { throw libraryError() }
        guard configure(context, identity: identity), let ssl = SSL_new(context) else {
            let error = libraryError()
            SSL_CTX_free(context)
            throw error
        }
        self.context = context
        self.ssl = ssl
        self.role = role
        self.expectedFingerprint = expectedFingerprint

        guard let bio = self.datagrams.makeBIO() else { throw libraryError() }
        SSL_set_bio(ssl, bio, bio)
        COpenSSL_SSL_set_mtu(ssl, maximumDatagramSize)
        SSL_set_ex_data(ssl, ownData, Unmanaged.passUnretained(self).toOpaque())
        DTLS_set_timer_cb(ssl, nextTimerDuration)
        SSL_CTX_set_cert_verify_callback(context, verifyCertificate, Unmanaged.passUnretained(self).toOpaque())
        switch role {
        case .client: SSL_set_connect_state(ssl)
        case .server: SSL_set_accept_state(ssl)
        }
    }

    deinit {
        SSL_free(self.ssl)
        SSL_CTX_free(self.context)
    }

    /// Lays down the datagram that the next step reads.
    func receive(_ datagram: [UInt8]) {
        self.datagrams.incoming = datagram
    }

    /// Datagrams to send, in order, each at most ``maximumDatagramSize`` octets.
    func takeTransmissions() -> [[UInt8]] {
        defer { self.datagrams.outgoing.removeAll(keepingCapacity: true) }
        return self.datagrams.outgoing
    }

    func continueHandshake() -> Step {
        ERR_clear_error()
        return self.step(returning: SSL_do_handshake(self.ssl))
    }

    /// SHA-256 of the peer's certificate once the peer proved in this handshake to own it; the peer may still have to
    /// finish. A client reads the proof, a signature over both randoms and the key exchange, before it finishes itself.
    var provenFingerprint: [UInt8]? {
        let state = SSL_get_state(self.ssl)
        return state == TLS_ST_CW_FINISHED || state == TLS_ST_CR_CHANGE ? self.peerFingerprint : nil
    }

    /// After the handshake: consumes what came. Application data is dropped (`docs/omissions.md`).
    func readRecords() -> Step {
        var scratch = [UInt8](repeating: 0, count: 2048)
        while true {
            ERR_clear_error()
            let count = SSL_read(self.ssl, &scratch, Int32(scratch.count))
            if count <= 0 { return self.step(returning: count) }
        }
    }

    /// What is left of the retransmission timer; `nil` when none runs.
    var timeToRetransmission: Duration? {
        let microseconds = COpenSSL_DTLS_timeout_microseconds(self.ssl)
        return microseconds < 0 ? nil : .microseconds(microseconds)
    }

    /// Sends the last flight again if its timer has run out.
    func retransmitIfDue() -> Step {
        ERR_clear_error()
        let result = COpenSSL_DTLSv1_handle_timeout(self.ssl)
        return result < 0 ? self.step(returning: result) : .incomplete
    }

    /// Writes close_notify.
    func shutDown() {
        ERR_clear_error()
        SSL_shutdown(self.ssl)
        ERR_clear_error()
    }

    /// Checks what both ends agreed on and exports the keys.
    /// - Precondition: ``continueHandshake()`` said ``Step/complete``.
    func result() throws(DTLSError) -> DTLSResult {
        guard COpenSSL_SSL_get_extms_support(self.ssl) == 1 else { throw .noExtendedMasterSecret }
        guard let peerFingerprint = self.peerFingerprint else { throw .noPeerCertificate }
        guard let selected = SSL_get_selected_srtp_profile(self.ssl),
            let profile = SRTPProfile(openSSLName: String(cString: selected.pointee.name))
        else { throw .noSRTPProfile }

        var exported = [UInt8](repeating: 0, count: 2 * (profile.keyLength + profile.saltLength))
        defer { OPENSSL_cleanse(&exported, exported.count) }
        let status = SSL_export_keying_material(
            self.ssl, &exported, exported.count, exporterLabel, exporterLabel.utf8.count, nil, 0, 0)
        guard status == 1, let material = SRTPKeyingMaterial(exported: exported, profile: profile) else {
            throw libraryError()
        }
        return DTLSResult(
            role: self.role, peerFingerprint: peerFingerprint, profile: profile, keyingMaterial: material,
            cipher: String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(self.ssl))),
            version: String(cString: SSL_get_version(self.ssl)))
    }

    /// Notes the certificate that the peer proved to own, and compares it in constant time.
    fileprivate func accepts(_ certificate: OpaquePointer?) -> Bool {
        guard let certificate, let fingerprint = sha256Fingerprint(of: certificate) else {
            self.refusal = .noPeerCertificate
            return false
        }
        self.peerFingerprint = fingerprint
        guard let expected = self.expectedFingerprint else { return true }
        if expected.count == fingerprint.count, CRYPTO_memcmp(expected, fingerprint, expected.count) == 0 {
            return true
        }
        self.refusal = .fingerprintMismatch
        return false
    }

    private func step(returning code: Int32) -> Step {
        if code > 0 { return .complete }
        switch SSL_get_error(self.ssl, code) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .incomplete
        case SSL_ERROR_ZERO_RETURN: return .closed
        default: return .failed(self.refusal ?? currentError())
        }
    }
}

extension SRTPProfile {
    fileprivate init?(openSSLName name: String) {
        switch name {
        case "SRTP_AEAD_AES_256_GCM": self = .aes256GCM
        case "SRTP_AEAD_AES_128_GCM": self = .aes128GCM
        default: return nil
        }
    }
}

private func configure(_ context: OpaquePointer, identity: DTLSIdentity) -> Bool {
    COpenSSL_SSL_CTX_set_strict_options(context)
    COpenSSL_SSL_CTX_set_max_cert_list(context, maximumCertificateListSize)
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    return COpenSSL_SSL_CTX_set_proto_versions(context, DTLS1_2_VERSION, DTLS1_2_VERSION) == 1
        && SSL_CTX_set_cipher_list(context, cipherList) == 1
        && COpenSSL_SSL_CTX_set1_groups_list(context, groupList) == 1
        && COpenSSL_SSL_CTX_set1_sigalgs_list(context, signatureList) == 1
        // This one call says 0 for success.
        && SSL_CTX_set_tlsext_use_srtp(context, profileList) == 0
        && identity.install(in: context)
}

/// Reads the thread's error queue.
private func currentError() -> DTLSError {
    let code = ERR_get_error()
    let reason = ERR_GET_REASON(code)
    switch reason {
    case SSL_R_READ_TIMEOUT_EXPIRED: return .timedOut
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return .noPeerCertificate
    case SSL_R_NO_SHARED_CIPHER, SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_WRONG_SSL_VERSION, SSL_R_VERSION_TOO_LOW,
        SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
        return .noCommonParameters(reason: reasonText(of: code))
    case SSL_AD_REASON_OFFSET...(SSL_AD_REASON_OFFSET + 255):
        return .peerAlert(UInt8(truncatingIfNeeded: reason - SSL_AD_REASON_OFFSET))
    default: return .protocolViolation(reason: reasonText(of: code))
    }
}

private let verifyCertificate: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { store, argument in
    guard let store, let argument else { return 0 }
    let engine = Unmanaged<DTLSEngine>.fromOpaque(argument).takeUnretainedValue()
    if engine.accepts(X509_STORE_CTX_get0_cert(store)) { return 1 }
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED)
    return 0
}

/// Microseconds of the first and of each later retransmission timer.
private let nextTimerDuration: @convention(c) (OpaquePointer?, UInt32) -> UInt32 = { ssl, current in
    guard current > 0, let data = SSL_get_ex_data(ssl, ownData) else { return firstTimer }
    let engine = Unmanaged<DTLSEngine>.fromOpaque(data).takeUnretainedValue()
    return engine.isPathless ? firstTimer : min(current.multipliedReportingOverflow(by: 2).partialValue, longestTimer)
}

// MARK: Specification

/// RFC 5764 §4.2.
private let exporterLabel = "EXTRACTOR-dtls_srtp"
/// RFC 8827 §6.5 asks for the first; Chromium knows no other AES suite for ECDSA, Firefox all three.
private let cipherList =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
private let groupList = "X25519:P-256"
private let signatureList = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512"
/// The stronger first; Firefox as server picks the other.
private let profileList = "SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM"

// MARK: Ours

/// Octets of UDP payload; crosses any path that carries WebRTC without fragments (RFC 8261 §5 speaks of 1200 too).
private let maximumDatagramSize = 1200
/// Octets of a peer's certificates; WebRTC's have about 300.
private let maximumCertificateListSize = 16 * 1024
/// Microseconds. The path has just passed ICE, so the one second of RFC 6347 §4.2.4.1 would only delay
/// the call (RFC 9147 §5.8.2 says so too).
private let firstTimer: UInt32 = 50_000
/// Where the `SSL *` keeps its ``DTLSEngine``; libssl leaves this number to the application.
private let ownData: Int32 = 0
private let longestTimer: UInt32 = 3_000_000
