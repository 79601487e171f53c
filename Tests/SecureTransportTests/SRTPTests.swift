import SecureTransport
import Testing
import Wire

@Suite("SRTP with AEAD (RFC 3711, RFC 7714)")
struct SRTPTests {
    private static let profiles: [SRTPProfile] = [.aes128GCM, .aes256GCM]

    private static func pair(_ profile: SRTPProfile, seed: UInt64 = 1) throws -> (SRTPSender, SRTPReceiver) {
        var random = RandomSource.seeded(seed)
        let key = random.bytes(count: profile.keyLength)
        let salt = random.bytes(count: profile.saltLength)
        return (
            try SRTPSender(profile: profile, key: key, salt: salt),
            try SRTPReceiver(profile: profile, key: key, salt: salt)
        )
    }

    private static func packet(_ index: UInt64, ssrc: UInt8 = 1) -> [UInt8] {
        [0x80, 111, UInt8(index >> 8 & 255), UInt8(index & 255), 0, 0, 0, 0, 0, 0, 0, ssrc]
            + [UInt8](repeating: 0x55, count: 80)
    }

    private static let report: [UInt8] = [0x80, 201, 0, 1, 0, 0, 0, 1]

    @Test("derives the session keys from the master key as everybody does (libsrtp's published packet)")
    func vector() throws {
        let sender = try SRTPSender(
            profile: .aes128GCM, key: octets("000102030405060708090a0b0c0d0e0f"),
            salt: octets("a0a1a2a3a4a5a6a7a8a9aaab"))
        var packet = octets("800f1234 decafbad cafebabe abababab abababab abababab abababab")
        try sender.protectRTP(&packet)
        #expect(
            packet
                == octets(
                    """
                    800f1234 decafbad cafebabe c5002ede 04cfdd2e b91159e0 880aa06e \
                    d2976826 f796b201 df3131a1 27e8a392
                    """))
    }

    @Test("carries packets and reports in place, in either direction of a handshake", arguments: [DTLSRole.client, .server])
    func handshakeKeys(role: DTLSRole) throws {
        var path = SimulatedPath(seed: 11)
        let client = try DTLSConnection(role: .client, identity: DTLSIdentity())
        let server = try DTLSConnection(role: .server, identity: DTLSIdentity())
        let outcome = path.run(client: client, server: server)
        let results = [try #require(outcome.clientResult), try #require(outcome.serverResult)]
        let sender = try SRTPSender(results[role == .client ? 0 : 1])
        let receiver = try SRTPReceiver(results[role == .client ? 1 : 0])

        var packet = Self.packet(1)
        try sender.protectRTP(&packet)
        #expect(packet.count == Self.packet(1).count + SRTPSender.rtpOverhead)
        try receiver.unprotectRTP(&packet)
        #expect(packet == Self.packet(1))

        var report = Self.report
        try sender.protectRTCP(&report)
        #expect(report.count == Self.report.count + SRTPSender.rtcpOverhead)
        try receiver.unprotectRTCP(&report)
        #expect(report == Self.report)
    }

    @Test("opens packets of any order and source once, and names the second time", arguments: profiles)
    func replay(profile: SRTPProfile) throws {
        let (sender, receiver) = try Self.pair(profile)
        var sealed: [[UInt8]] = []
        for ssrc in 1...3 as ClosedRange<UInt8> {
            for index in 0..<200 as Range<UInt64> {
                var packet = Self.packet(index, ssrc: ssrc)
                try sender.protectRTP(&packet)
                sealed.append(packet)
            }
        }
        var random = RandomSource.seeded(12)
        sealed.shuffle(using: &random)
        for packet in sealed {
            var copy = packet
            try receiver.unprotectRTP(&copy)
            #expect(copy == Self.packet(UInt64(copy[3]), ssrc: copy[11]))
        }
        for packet in sealed {
            var copy = packet
            #expect(throws: SRTPError.replayed) { try receiver.unprotectRTP(&copy) }
        }
        var report = Self.report
        try sender.protectRTCP(&report)
        var first = report
        try receiver.unprotectRTCP(&first)
        #expect(throws: SRTPError.replayed) { try receiver.unprotectRTCP(&report) }
    }

    @Test("follows sequence numbers over their wrap", arguments: profiles)
    func wrap(profile: SRTPProfile) throws {
        let (sender, receiver) = try Self.pair(profile)
        for index in 65_000..<(65_536 * 2 + 100) as Range<UInt64> {
            var packet = Self.packet(index)
            try sender.protectRTP(&packet)
            // The wrap itself is lost.
            if index % 65_536 < 20 || index % 65_536 > 65_516 { continue }
            try receiver.unprotectRTP(&packet)
        }
    }

    @Test("refuses every flipped bit and every cut, and opens the true packet afterwards", arguments: profiles)
    func tampering(profile: SRTPProfile) throws {
        let (sender, receiver) = try Self.pair(profile)
        var sealed = Self.packet(7)
        try sender.protectRTP(&sealed)
        for bit in 0..<sealed.count * 8 {
            var damaged = sealed
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: SRTPError.self) { try receiver.unprotectRTP(&damaged) }
        }
        for length in 0..<sealed.count {
            var cut = Array(sealed[..<length])
            #expect(throws: SRTPError.self) { try receiver.unprotectRTP(&cut) }
        }
        try receiver.unprotectRTP(&sealed)
        #expect(sealed == Self.packet(7))

        var report = Self.report
        try sender.protectRTCP(&report)
        for bit in 0..<report.count * 8 {
            var damaged = report
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: SRTPError.self) { try receiver.unprotectRTCP(&damaged) }
        }
        try receiver.unprotectRTCP(&report)
    }

    @Test("a payload's flipped bit is a failed authentication")
    func authentication() throws {
        let (sender, receiver) = try Self.pair(.aes256GCM)
        let (_, stranger) = try Self.pair(.aes256GCM, seed: 2)
        var sealed = Self.packet(7)
        try sender.protectRTP(&sealed)
        var copy = sealed
        #expect(throws: SRTPError.authenticationFailed) { try stranger.unprotectRTP(&copy) }
        sealed[40] ^= 1
        #expect(throws: SRTPError.authenticationFailed) { try receiver.unprotectRTP(&sealed) }
    }

    @Test("a short buffer, a short key and a packet that is none are named")
    func misuse() throws {
        let (sender, receiver) = try Self.pair(.aes128GCM)
        var buffer = Self.packet(1)
        buffer.withUnsafeMutableBytes { bytes in
            #expect(throws: SRTPError.bufferTooSmall) { try sender.protectRTP(in: bytes, count: bytes.count) }
            #expect(throws: SRTPError.malformed) { try sender.protectRTP(in: bytes, count: 11) }
            #expect(throws: SRTPError.malformed) { try receiver.unprotectRTP(in: bytes, count: 27) }
        }
        #expect(throws: SRTPError.self) {
            try SRTPSender(profile: .aes256GCM, key: [1, 2, 3], salt: [UInt8](repeating: 0, count: 12))
        }
    }

    @Test("any octets are refused")
    func fuzz() throws {
        var random = RandomSource.seeded(13)
        let (_, receiver) = try Self.pair(.aes128GCM)
        for _ in 0..<5000 {
            var noise = random.bytes(count: Int(random.next() % 200))
            if !noise.isEmpty { noise[0] = 0x80 | noise[0] & 0x3F }
            var copy = noise
            #expect(throws: SRTPError.self) { try receiver.unprotectRTP(&noise) }
            #expect(throws: SRTPError.self) { try receiver.unprotectRTCP(&copy) }
        }
    }

    @Test("keys do not show in any description")
    func secrecy() throws {
        let material = SRTPKeyingMaterial(
            clientKey: [222, 173], clientSalt: [190, 239], serverKey: [202, 254], serverSalt: [186, 190])
        var dumped = ""
        dump(material, to: &dumped)
        for text in ["\(material)", String(reflecting: material), dumped] {
            #expect(!text.contains("222") && !text.contains("254"))
        }
    }
}

private func octets(_ hex: String) -> [UInt8] {
    [UInt8](hex: hex.filter { $0 != " " }) ?? []
}
