import RTP
import Testing
import Wire

@Suite("RTP packets (RFC 3550 §5.1)")
struct RTPHeaderTests {
    struct Vector: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var hex: String
        var payload: Range<Int>
        var csrcCount = 0
        var extensionBody: Range<Int>?
        var marker = false
    }

    static let vectors: [Vector] = [
        Vector(testDescription: "plain", hex: "806f04d2 000003c0 deadbeef 010203", payload: 12..<15),
        Vector(
            testDescription: "marker, no payload", hex: "80ef04d2 000003c0 deadbeef", payload: 12..<12, marker: true),
        Vector(
            testDescription: "two contributing sources", hex: "826f04d2 000003c0 deadbeef 00000001 00000002 aa",
            payload: 20..<21, csrcCount: 2),
        Vector(
            testDescription: "a one-octet header extension", hex: "906f04d2 000003c0 deadbeef bede0001 40300000 aabb",
            payload: 20..<22, extensionBody: 16..<20),
        Vector(
            testDescription: "padding", hex: "a06f04d2 000003c0 deadbeef 0102 00000004", payload: 12..<14),
        Vector(
            testDescription: "only padding", hex: "a06f04d2 000003c0 deadbeef 00000004", payload: 12..<12),
    ]

    @Test("show header and places", arguments: vectors)
    func reads(_ vector: Vector) throws {
        let bytes = octets(vector.hex)
        let view = try RTPPacketView(bytes)
        #expect(view.header.payloadType == 111)
        #expect(view.header.sequenceNumber == 1234)
        #expect(view.header.timestamp == 960)
        #expect(view.header.ssrc == 0xDEAD_BEEF)
        #expect(view.header.marker == vector.marker)
        #expect(view.payload == vector.payload)
        #expect(view.csrcCount == vector.csrcCount)
        #expect(view.headerExtension?.body == vector.extensionBody)
    }

    @Test("are refused when cut before their header's end", arguments: vectors)
    func truncation(_ vector: Vector) throws {
        let bytes = octets(vector.hex)
        for length in 0..<min(bytes.count, vector.payload.lowerBound) {
            #expect(throws: RTPError.self) { try RTPPacketView(Array(bytes[..<length])) }
        }
    }

    @Test(
        "are refused with a wrong version or padding that cannot be",
        arguments: [
            ("406f04d2000003c0deadbeef", RTPError.unsupportedVersion(1)),
            ("a06f04d2000003c0deadbeef00", .badPadding),
            ("a06f04d2000003c0deadbeef0102ff", .badPadding),
            ("906f04d2000003c0deadbeefbede000200000000", .truncated(have: 20, need: 24)),
        ])
    func refuses(hex: String, error: RTPError) {
        #expect(throws: error) { try RTPPacketView(octets(hex)) }
    }

    @Test("come back as they were written")
    func roundTrip() throws {
        var random = RandomSource.seeded(5)
        for _ in 0..<500 {
            let header = RTPHeader(
                marker: random.next() & 1 == 1, payloadType: UInt8(random.next() & 127),
                sequenceNumber: UInt16(truncatingIfNeeded: random.next()),
                timestamp: UInt32(truncatingIfNeeded: random.next()), ssrc: UInt32(truncatingIfNeeded: random.next()))
            let payload = random.bytes(count: Int(random.next() % 40))
            let view = try RTPPacketView(header.bytes + payload)
            #expect(view.header == header)
            #expect(view.payload == 12..<12 + payload.count)
        }
    }

    @Test("of any octets are read or refused, never beyond their end")
    func fuzz() {
        var random = RandomSource.seeded(6)
        for round in 0..<20_000 {
            var bytes = random.bytes(count: Int(random.next() % 60))
            if round % 2 == 0, !bytes.isEmpty { bytes[0] = 0x80 | bytes[0] & 0x3F }
            guard let view = try? RTPPacketView(bytes) else { continue }
            #expect(view.payload.upperBound <= bytes.count)
            #expect((view.headerExtension?.body.upperBound ?? 0) <= bytes.count)
        }
    }

    @Test(
        "are told from all else on their port (RFC 7983 §7, RFC 5761 §4)",
        arguments: [
            ([0x00, 0x01], PacketKind.stun), ([0x01, 0x01], .stun), ([0x03], .stun), ([0x04], .unknown),
            ([0x13], .unknown), ([0x14], .dtls), ([0x16, 0xFE], .dtls), ([0x3F], .dtls), ([0x40, 0x00], .turnChannel),
            ([0x4F], .turnChannel), ([0x50], .unknown), ([0x80, 0x6F], .rtp), ([0x80, 0xEF], .rtp),
            ([0x80, 191], .rtp), ([0x80, 192], .rtcp), ([0x81, 200], .rtcp), ([0xBF, 223], .rtcp), ([0x80, 224], .rtp),
            ([0x80], .unknown), ([0xC0, 0], .unknown), ([], .unknown),
        ] as [([UInt8], PacketKind)])
    func demultiplexing(datagram: [UInt8], kind: PacketKind) {
        #expect(PacketKind(datagram) == kind)
    }
}

func octets(_ hex: String) -> [UInt8] {
    [UInt8](hex: hex.filter { $0 != " " }) ?? []
}
