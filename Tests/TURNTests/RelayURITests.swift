import TURN
import Testing

@Suite("Addresses of relays (RFC 7064, RFC 7065)")
struct RelayURITests {
    private static let readable: [(String, RelayURI.Service, String, UInt16)] = [
        ("stun:stun.example", .stun, "stun.example", 3478),
        ("STUN:Example.ORG:19302", .stun, "example.org", 19302),
        ("stun:[2001:db8::1]:443", .stun, "2001:db8::1", 443),
        ("turn:192.0.2.1", .relay(.udp), "192.0.2.1", 3478),
        ("turn:relay.example:443?transport=udp", .relay(.udp), "relay.example", 443),
        ("turn:relay.example:443?transport=TCP", .relay(.tcp), "relay.example", 443),
        ("turns:relay.example", .relay(.tls), "relay.example", 5349),
        ("turns:relay.example:443?transport=tcp", .relay(.tls), "relay.example", 443),
        ("turn:[::1]?transport=tcp", .relay(.tcp), "::1", 3478),
    ]

    @Test("reads what a broker names", arguments: readable)
    func reads(_ vector: (text: String, service: RelayURI.Service, host: String, port: UInt16)) throws {
        let uri = try #require(RelayURI(vector.text))
        #expect(uri.service == vector.service && uri.host == vector.host && uri.port == vector.port)
    }

    @Test(
        "refuses what it would have to guess at",
        arguments: [
            "", "turn", "turn:", "turn::3478", "turn:a:0", "turn:a:65536", "turn:a:+1", "turn:a:", "turn:a:1:2",
            "turn://a",
            "turn:user@a", "turn:a?transport=sctp", "turn:a?transport=udp&x", "turn:a?", "turns:a?transport=udp",
            "stuns:a", "stun:a?transport=udp", "http:a", "turn:[::1", "turn:[::1]x", "turn:[a]", "turn:::1", "turn:a b",
            "turn:é", "turn:[192.0.2.1]", "turn:" + String(repeating: "a", count: 251),
        ])
    func refuses(_ text: String) {
        #expect(RelayURI(text) == nil)
    }
}
