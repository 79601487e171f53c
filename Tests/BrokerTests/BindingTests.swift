import Broker
import Glibc
import Signalling
import Testing
import Wire

@Suite("STUN Binding")
struct BindingTests {
    private static let request: [UInt8] = [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42] + Array(1...12)
    private let source = Source(tag: 1)
    private let peer = TransportAddress(.v4(0xC000_0201), port: 32_853)

    @Test("a request is answered with the address it came from, over UDP")
    func overUDP() async throws {
        let broker = try await TestBroker()
        let port = try #require(broker.ports.relayPort)
        let descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var own = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(descriptor, $0, length) }
        }
        withUnsafeMutablePointer(to: &own) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
        }
        #expect(send(descriptor, Self.request, Self.request.count, 0) == 20)
        var answer = [UInt8](repeating: 0, count: 100)
        let count = recv(descriptor, &answer, answer.count, 0)
        #expect(count == 32)
        let ownPort = UInt16(bigEndian: own.sin_port) ^ 0x2112
        #expect(
            Array(answer.prefix(32)) == [1, 1, 0, 12] + Self.request[4...] + [0, 0x20, 0, 8, 0, 1]
                + ownPort.bigEndianBytes + [0x7F ^ 0x21, 0x12, 0xA4, 1 ^ 0x42])
        await broker.stop()
    }

    @Test("answers are at most 2.2 times the request, for either family")
    func amplification() {
        var responder = BindingResponder(now: .zero)
        let six = TransportAddress(.v6(high: 0x2001_0DB8_0000_0000, low: 1), port: 9)
        let short = responder.answer(to: Self.request, from: self.peer, source: self.source, now: .zero)
        let long = responder.answer(to: Self.request, from: six, source: self.source, now: .zero)
        #expect(short?.count == 32)
        #expect(long?.count == 44)
    }

    @Test("only well-formed requests are answered")
    func refusals() {
        let cases: [(String, [UInt8])] = [
            ("response", [1, 1] + Self.request.dropFirst(2)),
            ("indication", [0, 0x11] + Self.request.dropFirst(2)),
            ("error", [1, 0x11] + Self.request.dropFirst(2)),
            ("allocation", [0, 3] + Self.request.dropFirst(2)),
            ("no cookie", Self.request.prefix(4) + [0, 0, 0, 0] + Self.request.dropFirst(8)),
            ("length beyond the datagram", [0, 1, 0, 4] + Self.request.dropFirst(4)),
            ("octets left over", Self.request + [0, 0, 0, 0]),
            ("CHANGE-REQUEST", [0, 1, 0, 8] + Self.request.dropFirst(4) + [0, 3, 0, 4, 0, 0, 0, 6]),
            ("wrong FINGERPRINT", [0, 1, 0, 8] + Self.request.dropFirst(4) + [0x80, 0x28, 0, 4, 1, 2, 3, 4]),
            ("attribute beyond the message", [0, 1, 0, 4] + Self.request.dropFirst(4) + [0x80, 0x22, 0, 9]),
        ]
        for (name, bytes) in cases {
            var responder = BindingResponder(now: .zero)
            #expect(
                responder.answer(to: bytes, from: self.peer, source: self.source, now: .zero) == nil, "\(name)")
        }
        var responder = BindingResponder(now: .zero)
        let software = [0, 1, 0, 8] + Self.request.dropFirst(4) + [0x80, 0x22, 0, 3, 65, 66, 67, 0]
        #expect(responder.answer(to: software, from: self.peer, source: self.source, now: .zero) != nil)
    }

    @Test("a source gets twenty answers a second")
    func rate() {
        var responder = BindingResponder(now: .zero)
        var answered = 0
        for _ in 0..<100
        where responder.answer(to: Self.request, from: self.peer, source: self.source, now: .zero) != nil {
            answered += 1
        }
        #expect(answered == 20)
        #expect(
            responder.answer(to: Self.request, from: self.peer, source: Source(tag: 2), now: .zero) != nil)
        let later = Instant.zero + .seconds(1)
        #expect(responder.answer(to: Self.request, from: self.peer, source: self.source, now: later) != nil)
    }

    @Test("octets at random, cut or flipped never trap")
    func fuzz() {
        let seed = UInt64.random(in: .min ... .max)
        var random = RandomSource.seeded(seed)
        var now = Instant.zero
        var responder = BindingResponder(now: now)
        let base =
            [0, 1, 0, 16] + Self.request.dropFirst(4) + [0x80, 0x22, 0, 3, 65, 66, 67, 0, 0x00, 0x24, 0, 4, 1, 2, 3, 4]
        for _ in 0..<5000 {
            var bytes = base
            switch random.next() % 3 {
            case 0: bytes = random.bytes(count: Int(random.next() % 80))
            case 1: bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
            default: bytes.removeLast(Int(random.next() % UInt64(bytes.count)))
            }
            now += .milliseconds(100)
            if let answer = responder.answer(to: bytes, from: self.peer, source: self.source, now: now) {
                #expect(answer.count * 2 <= bytes.count * 5, "seed \(seed)")
            }
        }
    }
}
