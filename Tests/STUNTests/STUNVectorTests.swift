import Primitives
import STUN
import Testing
import Wire

/// The four sample messages of RFC 5769, errata applied.
enum RFC5769 {
    static let request = bytes(
        """
        00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 5354554e207465737420636c69656e74 00240004 6e0001ff
        80290008 932ff9b151263b36 00060009 6576746a3a68367659202020
        00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf
        """)
    static let responseIPv4 = bytes(
        """
        0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220 00200008 0001a147e112a643
        00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96
        """)
    static let responseIPv6 = bytes(
        """
        01010048 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220
        00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
        00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c
        """)
    static let longTermRequest = bytes(
        """
        00010060 2112a442 78ad3433c6ad72c029da412e 00060012 e3839ee38388e383aae38383e382afe382b90000
        0015001c 662f2f3439396b3935346436 4f4c33346f4c39465354767936347341
        0014000b 6578616d706c652e6f726700 00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666
        """)
    static let all = [request, responseIPv4, responseIPv6, longTermRequest]
    static let password = Array("VOkJxbRl1RmTxUk/WvJxBt".utf8)
    static let transactionID = TransactionID(high: 0xB7E7_A701, low: 0xBC34_D686_FA87_DFAE)

    private static func bytes(_ text: String) -> [UInt8] {
        [UInt8](hex: text.filter { !$0.isWhitespace }) ?? []
    }
}

@Suite("STUN test vectors (RFC 5769)")
struct STUNVectorTests {
    @Test("the sample request reads field by field")
    func request() throws {
        let message = try STUNMessage(decoding: RFC5769.request)
        #expect(message.messageClass == .request)
        #expect(message.method == .binding)
        #expect(message.transactionID == RFC5769.transactionID)
        #expect(message.text(.software) == "STUN test client")
        #expect(message.text(.username) == "evtj:h6vY")
        #expect(message.uint32(.priority) == 0x6E00_01FF)
        #expect(message.uint64(.iceControlled) == 0x932F_F9B1_5126_3B36)
        #expect(message[.fingerprint] != nil)
        #expect(message.integrity(key: RFC5769.password) == .valid)
        #expect(message.integrity(key: RFC5769.password + [1]) == .invalid)
    }

    @Test(
        "the sample responses carry the mapped address",
        arguments: [
            (RFC5769.responseIPv4, "192.0.2.1:32853"),
            (RFC5769.responseIPv6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
        ])
    func response(bytes: [UInt8], address: String) throws {
        let message = try STUNMessage(decoding: bytes)
        #expect(message.messageClass == .success)
        #expect(message.text(.software) == "test vector")
        #expect(message.xorAddress(.xorMappedAddress) == TransportAddress(address))
        #expect(message.integrity(key: RFC5769.password) == .valid)
    }

    @Test("the sample request with long-term credentials authenticates by MD5 of user, realm and password")
    func longTerm() throws {
        let message = try STUNMessage(decoding: RFC5769.longTermRequest)
        let user = "\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}"
        #expect(message.text(.username) == user)
        #expect(message.text(.nonce) == "f//499k954d6OL34oL9FSTvy64sA")
        #expect(message.text(.realm) == "example.org")
        #expect(message.integrity(key: MD5.hash(Array("\(user):example.org:TheMatrIX".utf8))) == .valid)
    }

    @Test("a message built from the same parts has the same integrity, whatever pads the text")
    func builds() throws {
        var builder = STUNMessageBuilder(.success, .binding, transactionID: RFC5769.transactionID)
        builder.add(.software, text: "test vector")
        builder.add(.xorMappedAddress, xor: try #require(TransportAddress("192.0.2.1:32853")))
        builder.addIntegrity(key: RFC5769.password)
        builder.addFingerprint()
        #expect(builder.bytes.count == RFC5769.responseIPv4.count)
        let message = try STUNMessage(decoding: builder.bytes)
        #expect(message.integrity(key: RFC5769.password) == .valid)
        #expect(message[.xorMappedAddress] == (try STUNMessage(decoding: RFC5769.responseIPv4))[.xorMappedAddress])
    }
}
