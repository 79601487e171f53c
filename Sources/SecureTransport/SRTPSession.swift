internal import CSRTP

/// Why libsrtp did not take a packet. Counted by the caller; the packet is dropped.
package enum SRTPError: Error, Equatable, Sendable {
    /// The index was seen before, or lies behind the window of ``SRTPReceiver/windowSize`` packets.
    case replayed
    /// The tag does not match: forged, damaged, or of other keys.
    case authenticationFailed
    /// Not an RTP or RTCP packet.
    case malformed
    /// The buffer has no room for the tag.
    case bufferTooSmall
    /// 2^48 packets or 2^31 reports under one key.
    case keyExhausted
    /// Keys of another length than the profile's, or no memory.
    case library(status: Int)
}

/// Protects what this end sends (RFC 3711, RFC 7714). Not `Sendable`: lives where packets are sent.
///
/// Nothing is allocated here per packet. A libsrtp that was built upon NSS, as Debian's is, still
/// allocates five times inside each call.
package final class SRTPSender {
    private let session: srtp_t

    /// - Parameter result: Of the handshake; its role picks the keys.
    package convenience init(_ result: DTLSResult) throws(SRTPError) {
        let material = result.keyingMaterial
        switch result.role {
        case .client: try self.init(profile: result.profile, key: material.clientKey, salt: material.clientSalt)
        case .server: try self.init(profile: result.profile, key: material.serverKey, salt: material.serverSalt)
        }
    }

    package init(profile: SRTPProfile, key: [UInt8], salt: [UInt8]) throws(SRTPError) {
        self.session = try makeSession(profile: profile, key: key, salt: salt, ssrc: ssrc_any_outbound)
    }

    deinit { srtp_dealloc(self.session) }

    /// Encrypts an RTP packet where it lies.
    /// - Parameters:
    ///   - buffer: The packet at its start, and at least ``rtpOverhead`` octets behind it.
    ///   - count: Octets of the plain packet.
    /// - Returns: Octets of the protected packet.
    package func protectRTP(in buffer: UnsafeMutableRawBufferPointer, count: Int) throws(SRTPError) -> Int {
        try check(count: count, in: buffer, overhead: Self.rtpOverhead, minimum: minimumRTPSize)
        var length = Int32(count)
        try check(srtp_protect(self.session, buffer.baseAddress, &length))
        return Int(length)
    }

    /// Encrypts a compound RTCP packet where it lies; as ``protectRTP(in:count:)`` with ``rtcpOverhead``.
    package func protectRTCP(in buffer: UnsafeMutableRawBufferPointer, count: Int) throws(SRTPError) -> Int {
        try check(count: count, in: buffer, overhead: Self.rtcpOverhead, minimum: minimumRTCPSize)
        var length = Int32(count)
        try check(srtp_protect_rtcp(self.session, buffer.baseAddress, &length))
        return Int(length)
    }

    /// The array form: appends the tag to a whole packet.
    package func protectRTP(_ packet: inout [UInt8]) throws(SRTPError) {
        let count = packet.count
        packet.append(contentsOf: repeatElement(0, count: Self.rtpOverhead))
        let result = packet.withUnsafeMutableBytes { buffer in
            Result { () throws(SRTPError) in try self.protectRTP(in: buffer, count: count) }
        }
        packet.removeLast(packet.count - (try result.get()))
    }

    package func protectRTCP(_ packet: inout [UInt8]) throws(SRTPError) {
        let count = packet.count
        packet.append(contentsOf: repeatElement(0, count: Self.rtcpOverhead))
        let result = packet.withUnsafeMutableBytes { buffer in
            Result { () throws(SRTPError) in try self.protectRTCP(in: buffer, count: count) }
        }
        packet.removeLast(packet.count - (try result.get()))
    }

    /// The AEAD tag (RFC 7714 §7).
    package static let rtpOverhead = 16
    /// The AEAD tag and the SRTCP index (RFC 7714 §9).
    package static let rtcpOverhead = 20
}

/// Opens what the peer sent: any SSRC, each with its own replay window. Not `Sendable`.
///
/// A new SSRC gets a stream of its own only after its first packet was authentic.
package final class SRTPReceiver {
    private let session: srtp_t

    /// - Parameter result: Of the handshake; its role picks the keys.
    package convenience init(_ result: DTLSResult) throws(SRTPError) {
        let material = result.keyingMaterial
        switch result.role {
        case .client: try self.init(profile: result.profile, key: material.serverKey, salt: material.serverSalt)
        case .server: try self.init(profile: result.profile, key: material.clientKey, salt: material.clientSalt)
        }
    }

    package init(profile: SRTPProfile, key: [UInt8], salt: [UInt8]) throws(SRTPError) {
        self.session = try makeSession(profile: profile, key: key, salt: salt, ssrc: ssrc_any_inbound)
    }

    deinit { srtp_dealloc(self.session) }

    /// Checks and decrypts an SRTP packet where it lies.
    /// - Returns: Octets of the plain packet, at the buffer's start. After an error its content is undefined.
    package func unprotectRTP(in buffer: UnsafeMutableRawBufferPointer, count: Int) throws(SRTPError) -> Int {
        try check(count: count, in: buffer, overhead: 0, minimum: minimumRTPSize + SRTPSender.rtpOverhead)
        var length = Int32(count)
        try check(srtp_unprotect(self.session, buffer.baseAddress, &length))
        return Int(length)
    }

    /// Checks and decrypts an SRTCP packet where it lies; as ``unprotectRTP(in:count:)``.
    package func unprotectRTCP(in buffer: UnsafeMutableRawBufferPointer, count: Int) throws(SRTPError) -> Int {
        try check(count: count, in: buffer, overhead: 0, minimum: minimumRTCPSize + SRTPSender.rtcpOverhead)
        var length = Int32(count)
        try check(srtp_unprotect_rtcp(self.session, buffer.baseAddress, &length))
        return Int(length)
    }

    /// The array form: shortens the array to the plain packet. After an error its content is undefined.
    package func unprotectRTP(_ packet: inout [UInt8]) throws(SRTPError) {
        let result = packet.withUnsafeMutableBytes { buffer in
            Result { () throws(SRTPError) in try self.unprotectRTP(in: buffer, count: buffer.count) }
        }
        packet.removeLast(packet.count - (try result.get()))
    }

    package func unprotectRTCP(_ packet: inout [UInt8]) throws(SRTPError) {
        let result = packet.withUnsafeMutableBytes { buffer in
            Result { () throws(SRTPError) in try self.unprotectRTCP(in: buffer, count: buffer.count) }
        }
        packet.removeLast(packet.count - (try result.get()))
    }

    /// Packets a straggler may lie behind the newest one; 20 s of audio.
    package static let windowSize = 1024
}

/// What all sessions share.
package enum SRTPLibrary {
    /// Loads and checks its ciphers, unless that is done: Debian's takes 20 to 30 ms, which a caller that has them to
    /// spare need not spend when the keys are there. From any thread.
    package static func prepare() {
        _ = initialStatus
    }
}

/// The library's tables, made once. Its status is checked by every session.
private let initialStatus: srtp_err_status_t = srtp_init()

private func makeSession(
    profile: SRTPProfile, key: [UInt8], salt: [UInt8], ssrc: srtp_ssrc_type_t
) throws(SRTPError) -> srtp_t {
    guard initialStatus == srtp_err_status_ok else { throw .library(status: Int(initialStatus.rawValue)) }
    guard key.count == profile.keyLength, salt.count == profile.saltLength else {
        throw .library(status: Int(srtp_err_status_bad_param.rawValue))
    }
    var policy = srtp_policy_t()
    switch profile {
    case .aes128GCM:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp)
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp)
    case .aes256GCM:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp)
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp)
    }
    policy.ssrc.type = ssrc
    policy.window_size = UInt(SRTPReceiver.windowSize)
    policy.allow_repeat_tx = 0

    var session: srtp_t?
    var keyAndSalt = key + salt
    let status = keyAndSalt.withUnsafeMutableBufferPointer { bytes in
        policy.key = bytes.baseAddress
        return srtp_create(&session, &policy)
    }
    guard status == srtp_err_status_ok, let session else { throw .library(status: Int(status.rawValue)) }
    return session
}

private func check(
    count: Int, in buffer: UnsafeMutableRawBufferPointer, overhead: Int, minimum: Int
) throws(SRTPError) {
    guard count >= minimum, count <= maximumPacketSize else { throw .malformed }
    guard buffer.count - count >= overhead else { throw .bufferTooSmall }
}

private func check(_ status: srtp_err_status_t) throws(SRTPError) {
    switch status {
    case srtp_err_status_ok: return
    case srtp_err_status_replay_fail, srtp_err_status_replay_old, srtp_err_status_pkt_idx_old: throw .replayed
    case srtp_err_status_auth_fail, srtp_err_status_cipher_fail: throw .authenticationFailed
    case srtp_err_status_bad_param, srtp_err_status_parse_err: throw .malformed
    case srtp_err_status_key_expired: throw .keyExhausted
    default: throw .library(status: Int(status.rawValue))
    }
}

/// Octets: the fixed headers (RFC 3550 §§5.1, 6.4.2).
private let minimumRTPSize = 12
private let minimumRTCPSize = 8
/// More than any UDP payload.
private let maximumPacketSize = 65_535
