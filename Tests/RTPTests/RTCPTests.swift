import RTP
import Testing
import Wire

@Suite("RTCP packets (RFC 3550 §6)")
struct RTCPTests {
    private static let block = ReportBlock(
        source: 0xDEAD_BEEF, fractionLost: 64, cumulativeLost: -3, extendedHighestSequenceNumber: 0x0001_04D2,
        jitter: 480, lastSenderReport: 0x1234_5678, delaySinceLastSenderReport: 65_536)

    private static let report = SenderReport(
        sender: 0x0102_0304, ntpTimestamp: 0xAABB_CCDD_0000_0001, rtpTimestamp: 960, packetCount: 7, octetCount: 560,
        blocks: ReportBlocks(block))

    private static var compound: [UInt8] {
        RTCPCompound(
            report: .senderReport(report), source: 0x0102_0304, cname: Array("abc".utf8), isGoodbye: true
        ).bytes
    }

    @Test("are written octet for octet as the RFC draws them")
    func writing() {
        let expected = octets(
            """
            81c8000c 01020304 aabbccdd00000001 000003c0 00000007 00000230 \
            deadbeef 40fffffd 000104d2 000001e0 12345678 00010000 \
            81ca0003 01020304 01036162 63000000 \
            81cb0001 01020304
            """)
        #expect(Self.compound == expected)
    }

    @Test("come back as they were written")
    func roundTrip() throws {
        #expect(
            try RTCPPacket.parse(Self.compound) == [
                .senderReport(Self.report), .sourceDescription,
                .goodbye(sources: [0x0102_0304]),
            ])
    }

    @Test("of Chromium's kind (RR, extended report, feedback; reduced size) are read past what is unknown")
    func unknownPackets() throws {
        let extended = octets("80cf0004 01020304 04000002 0000000000000000")
        let feedback = octets("8fcd0003 01020304 deadbeef 00000000")
        let goodbyeWithReason = octets("81cb0003 01020304 03627965 00000000")
        #expect(
            try RTCPPacket.parse(extended + feedback + goodbyeWithReason) == [
                .unknown(type: 207), .unknown(type: 205), .goodbye(sources: [0x0102_0304]),
            ])
    }

    @Test("may be padded at the end and nowhere else")
    func padding() throws {
        let padded = octets("a0c90003 01020304 00000000 00000008")
        #expect(try RTCPPacket.parse(padded) == [.receiverReport(sender: 0x0102_0304, blocks: ReportBlocks(nil))])
        #expect(throws: RTPError.badPadding) { try RTCPPacket.parse(padded + padded) }
        #expect(throws: RTPError.badPadding) { try RTCPPacket.parse(octets("a0c90001 00000005")) }
    }

    @Test("names of every length end on a 32-bit border", arguments: 0...255)
    func names(length: Int) throws {
        let name = [UInt8](repeating: 0x61, count: length)
        let report = RTCPPacket.receiverReport(sender: 5, blocks: ReportBlocks(Self.block))
        let bytes = RTCPCompound(report: report, source: 5, cname: name).bytes
        #expect(bytes.count % 4 == 0)
        // Both end where they say, or the second would be unknown.
        #expect(try RTCPPacket.parse(bytes) == [report, .sourceDescription])
    }

    @Test("are refused when cut, at every length that is no border")
    func truncation() throws {
        let borders = [52, 68, 76]
        for length in 0..<Self.compound.count where !borders.contains(length) {
            #expect(throws: RTPError.self) { try RTCPPacket.parse(Array(Self.compound[..<length])) }
        }
    }

    @Test("of any octets are read or refused")
    func fuzz() {
        var random = RandomSource.seeded(8)
        for _ in 0..<20_000 {
            var bytes = Self.compound
            for _ in 0..<(1 + random.next() % 6) {
                bytes[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 << (random.next() % 8))
            }
            bytes.removeLast(Int(random.next() % 20))
            _ = try? RTCPPacket.parse(bytes)
            _ = try? RTCPPacket.parse(random.bytes(count: Int(random.next() % 80)))
        }
        let flood = Array(repeating: octets("80c90001 01020304"), count: 65).flatMap { $0 }
        #expect(throws: RTPError.badCompound) { try RTCPPacket.parse(flood) }
    }

    @Test("a canonical name is 96 random bits in 16 characters (RFC 7022 §4.2)")
    func canonicalName() {
        var random = RandomSource.seeded(9)
        let names = (0..<20).map { _ in RTCPCompound.canonicalName(from: &random) }
        #expect(names.allSatisfy { $0.count == 16 })
        #expect(Set(names).count == 20)
    }
}
