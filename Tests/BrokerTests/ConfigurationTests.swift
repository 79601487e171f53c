import Broker
import Foundation
import NIOCore
import Network
import Testing
import Wire

@Suite("Configuration")
struct ConfigurationTests {
    @Test("the sample in Config/ is a valid configuration")
    func sample() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("Config/broker.conf"), encoding: .utf8)
        let configuration = try BrokerConfiguration(parsing: text)
        try configuration.validate()
        #expect(configuration.hosts == ["broker.example"])
        #expect(configuration.isTLS)
    }

    @Test("what nobody configures is what the documents say")
    func defaults() {
        let configuration = BrokerConfiguration()
        #expect(configuration.connections == 5000)
        #expect(configuration.connectionsPerIPv4 == 16 && configuration.connectionsPerIPv6Network == 32)
        let sockets = WebSocketLimits()
        #expect(sockets.maximumMessageCount == 65_600)
        #expect(sockets.pingInterval == .seconds(20) && sockets.silenceLimit == .seconds(45))
        let stages = StageLimits()
        #expect(stages.handshake == .seconds(5) && stages.request == .seconds(5) && stages.response == .seconds(60))
    }

    @Test("without a certificate only loopback is listened on")
    func loopbackOnly() throws {
        for address in ["0.0.0.0:80", "[::]:80", "192.0.2.1:8080"] {
            var configuration = BrokerConfiguration()
            configuration.listen = try #require(ListenAddress(address))
            #expect(throws: ConfigurationError.self) { try configuration.validate() }
        }
        for address in ["localhost:80", "127.0.0.1:80", "[::1]:80"] {
            var configuration = BrokerConfiguration()
            configuration.listen = try #require(ListenAddress(address))
            try configuration.validate()
        }
    }

    @Test(
        "mistakes are named by line",
        arguments: [
            ("listen", "line 1: expected `key = value`"),
            ("# fine\nport = 3", "`port` is no setting"),
            ("listen = somewhere", "line 1: `somewhere` is no value for `listen`"),
            ("\n\nconnections = many", "line 3: `many` is no value for `connections`"),
            ("hospital = 192.0.2.0/33 8", "line 1: `192.0.2.0/33 8` is no value for `hospital`"),
            ("state =", "line 1: `` is no value for `state`"),
        ])
    func mistakes(text: String, words: String) {
        let error = #expect(throws: ConfigurationError.self) { try BrokerConfiguration(parsing: text) }
        #expect(error?.description == words)
    }

    @Test("a hospital's network holds its addresses and no others")
    func hospital() throws {
        let four = try #require(HospitalNetwork("192.0.2.64/26 8"))
        #expect(four.contains(try #require(IPAddress("192.0.2.127"))))
        #expect(!four.contains(try #require(IPAddress("192.0.2.128"))))
        let six = try #require(HospitalNetwork("2001:db8:8000::/33 4"))
        #expect(six.contains(try #require(IPAddress("2001:db8:ffff::1"))))
        #expect(!six.contains(try #require(IPAddress("2001:db8:7fff::1"))))
        #expect(!six.contains(try #require(IPAddress("192.0.2.1"))))
    }

    @Test(
        "broker addresses are read as people write them",
        arguments: [
            ("https://broker.example", "broker.example", "/ws"),
            ("wss://Broker.example:8443/", "broker.example:8443", "/ws"),
            ("http://localhost:8080", "localhost:8080", "/ws"),
            ("ws://[::1]:80/other", "[::1]", "/other"),
        ])
    func urls(text: String, authority: String, path: String) throws {
        let url = try #require(WebSocketURL(text))
        #expect(url.authority == authority)
        #expect(url.path == path)
    }

    @Test(
        "addresses that are none are refused",
        arguments: [
            "", "broker.example", "ftp://a", "https://", "https://a:0", "https://a:70000", "https://a b", "https://u@a",
            "https://a/#f", "https://a/?q", "https://[::1", "https://a:+5", "https://[abc]",
        ])
    func badURLs(text: String) {
        #expect(WebSocketURL(text) == nil)
    }

    @Test("frames at random, cut or flipped never trap, and a cut frame is waited for")
    func frameFuzz() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = RandomSource.seeded(seed)
        let decoder = WebSocketFrameDecoder(role: .server, maximumCount: 65_600)
        for _ in 0..<5000 {
            var bytes = frame(0x82, random.bytes(count: Int(random.next() % 300)))
            switch random.next() % 3 {
            case 0: bytes = random.bytes(count: Int(random.next() % 40))
            case 1: bytes[Int(random.next() % 6)] ^= 1 << UInt8(random.next() % 8)
            default:
                bytes.removeLast(1 + Int(random.next() % UInt64(bytes.count)))
                var buffer = ByteBuffer(bytes: bytes)
                #expect(try decoder.nextFrame(in: &buffer) == nil, "seed \(seed)")
                #expect(buffer.readableBytes == bytes.count, "seed \(seed)")
            }
            var buffer = ByteBuffer(bytes: bytes)
            while let frame = try? decoder.nextFrame(in: &buffer) {
                #expect(frame.payload.readableBytes <= bytes.count, "seed \(seed)")
            }
        }
    }
}
