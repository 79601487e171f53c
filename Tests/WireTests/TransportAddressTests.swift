import Testing

@testable import Wire

@Suite("Addresses as text")
struct TransportAddressTests {
    @Test(
        "reads and prints canonical text",
        arguments: [
            ("0.0.0.0", "0.0.0.0"), ("192.0.2.255", "192.0.2.255"), ("::", "::"), ("::1", "::1"),
            ("2001:DB8::1", "2001:db8::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("::ffff:192.0.2.1", "::ffff:c000:201"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"), ("fe80::", "fe80::"),
        ])
    func roundTrip(text: String, canonical: String) throws {
        #expect(try #require(IPAddress(text)).description == canonical)
    }

    @Test(
        "refuses what is not an address",
        arguments: [
            "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.-4", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9", "12345::", "g::", "::1%eth0", "1:2:3:4:5:6:7::8:9", "1:2:3:4:5:6:7:1.2.3.4", "+1::",
        ])
    func refuses(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("joins address and port, with brackets for IPv6")
    func transport() throws {
        #expect(TransportAddress("192.0.2.1:3478")?.description == "192.0.2.1:3478")
        #expect(TransportAddress("[2001:db8::1]:443")?.description == "[2001:db8::1]:443")
        #expect(TransportAddress("2001:db8::1:443") == nil)
        #expect(TransportAddress("192.0.2.1:65536") == nil)
    }

    @Test("finds the IPv4 address inside a mapped one")
    func unmapped() {
        #expect(IPAddress("::ffff:127.0.0.1")?.unmapped == IPAddress("127.0.0.1"))
        #expect(IPAddress("::127.0.0.1")?.unmapped == IPAddress("::127.0.0.1"))
    }
}
