import CSRTP
import SecureTransport
import Testing
import Wire

/// Another implementation's session, libsrtp2's.
private final class LibSRTP {
    private let session: srtp_t

    init(profile: SRTPProfile, key: [UInt8], salt: [UInt8], isSender: Bool) throws {
        _ = Self.library
        var policy = srtp_policy_t()
        switch profile {
        case .aes128GCM:
            srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp)
            srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp)
        case .aes256GCM:
            srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp)
            srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp)
        }
        policy.ssrc.type = isSender ? ssrc_any_outbound : ssrc_any_inbound
        policy.window_size = 1024
        var session: srtp_t?
        var keyAndSalt = key + salt
        let status = keyAndSalt.withUnsafeMutableBufferPointer { octets in
            policy.key = octets.baseAddress
            return srtp_create(&session, &policy)
        }
        #expect(status == srtp_err_status_ok)
        self.session = try #require(session)
    }

    deinit { srtp_dealloc(self.session) }

    func perform(
        _ work: (srtp_t?, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int32>?) -> srtp_err_status_t,
        on packet: [UInt8]
    ) throws -> [UInt8] {
        var buffer = packet + [UInt8](repeating: 0, count: 64)
        var length = Int32(packet.count)
        let status = buffer.withUnsafeMutableBytes { work(self.session, $0.baseAddress, &length) }
        try #require(status == srtp_err_status_ok)
        return Array(buffer[..<Int(length)])
    }

    private static let library = srtp_init()
}

@Suite("SRTP beside libsrtp2")
struct LibSRTPTests {
    private static let profiles: [SRTPProfile] = [.aes128GCM, .aes256GCM]

    /// Packets of several sources over two wraps, some with contributing sources and extensions.
    private static func packets(_ random: inout RandomSource) -> [[UInt8]] {
        (0..<600).flatMap { step in
            (1...3 as ClosedRange<UInt8>).map { ssrc in
                let sequence = UInt16(truncatingIfNeeded: 65_300 + step * 150)
                let csrcs = Int(random.next() % 3)
                let hasExtension = random.next() % 4 == 0
                var packet: [UInt8] = [0x80 | UInt8(csrcs) | (hasExtension ? 0x10 : 0), 111]
                packet += [UInt8(sequence >> 8), UInt8(sequence & 255)] + random.bytes(count: 4) + [0, 0, 0, ssrc]
                packet += random.bytes(count: 4 * csrcs)
                if hasExtension { packet += [0xBE, 0xDE, 0, 1] + random.bytes(count: 4) }
                return packet + random.bytes(count: Int(random.next() % 200))
            }
        }
    }

    @Test("each opens what the other sealed, octet by octet the same", arguments: profiles)
    func packets(profile: SRTPProfile) throws {
        var random = RandomSource.seeded(3)
        let key = random.bytes(count: profile.keyLength)
        let salt = random.bytes(count: profile.saltLength)
        let ours = (
            try SRTPSender(profile: profile, key: key, salt: salt),
            try SRTPReceiver(profile: profile, key: key, salt: salt)
        )
        let theirs = (
            try LibSRTP(profile: profile, key: key, salt: salt, isSender: true),
            try LibSRTP(profile: profile, key: key, salt: salt, isSender: false)
        )
        for packet in Self.packets(&random) {
            var sealed = packet
            try ours.0.protectRTP(&sealed)
            #expect(try theirs.0.perform(srtp_protect, on: packet) == sealed)
            #expect(try theirs.1.perform(srtp_unprotect, on: sealed) == packet)
            try ours.1.unprotectRTP(&sealed)
            #expect(sealed == packet)
        }
    }

    @Test("reports likewise, whatever index they begin with", arguments: profiles)
    func reports(profile: SRTPProfile) throws {
        var random = RandomSource.seeded(4)
        let key = random.bytes(count: profile.keyLength)
        let salt = random.bytes(count: profile.saltLength)
        let sender = try SRTPSender(profile: profile, key: key, salt: salt)
        let receiver = try SRTPReceiver(profile: profile, key: key, salt: salt)
        let theirSender = try LibSRTP(profile: profile, key: key, salt: salt, isSender: true)
        let theirReceiver = try LibSRTP(profile: profile, key: key, salt: salt, isSender: false)
        for length in stride(from: 0, to: 160, by: 4) {
            let report = [0x80, 200, 0, UInt8(length / 4 + 1)] + random.bytes(count: 4 + length)
            var sealed = report
            try sender.protectRTCP(&sealed)
            #expect(try theirReceiver.perform(srtp_unprotect_rtcp, on: sealed) == report)
            var foreign = try theirSender.perform(srtp_protect_rtcp, on: report)
            try receiver.unprotectRTCP(&foreign)
            #expect(foreign == report)
        }
    }

    @Test("a sender never uses one nonce twice")
    func repetition() throws {
        let sender = try SRTPSender(
            profile: .aes128GCM, key: [UInt8](repeating: 1, count: 16), salt: [UInt8](repeating: 2, count: 12))
        let packet: [UInt8] = [0x80, 111, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3]
        var first = packet
        try sender.protectRTP(&first)
        var second = packet
        #expect(throws: SRTPError.replayed) { try sender.protectRTP(&second) }
    }

    @Test("a peer with ever new sources gets no further than 64")
    func sources() throws {
        let key = [UInt8](repeating: 1, count: 16)
        let salt = [UInt8](repeating: 2, count: 12)
        let receiver = try SRTPReceiver(profile: .aes128GCM, key: key, salt: salt)
        for ssrc in 0..<80 as Range<UInt8> {
            // A sender of its own each, for ours is bounded too.
            let sender = try SRTPSender(profile: .aes128GCM, key: key, salt: salt)
            var packet: [UInt8] = [0x80, 111, 0, 7, 0, 0, 0, 0, 0, 0, 0, ssrc, 1, 2, 3]
            try sender.protectRTP(&packet)
            if ssrc < 64 {
                try receiver.unprotectRTP(&packet)
            } else {
                #expect(throws: SRTPError.tooManySources) { try receiver.unprotectRTP(&packet) }
            }
        }
    }
}
