import Broker
import Foundation
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Network
import Primitives
import Signalling
import Testing
import Wire

struct ProbeFailure: Error, CustomStringConvertible {
    let description: String
}

/// A TCP connection that sends exactly the octets it is given; reads give up after five seconds.
final class RawConnection {
    private let descriptor: CInt

    init(port: UInt16, receiveBuffer: CInt? = nil, sendBuffer: CInt? = nil) throws {
        self.descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if var receiveBuffer {
            setsockopt(self.descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<CInt>.size))
        }
        if var sendBuffer {
            setsockopt(self.descriptor, SOL_SOCKET, SO_SNDBUF, &sendBuffer, socklen_t(MemoryLayout<CInt>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw ProbeFailure(description: "connect: \(errno)") }
    }

    deinit { close(self.descriptor) }

    func send(_ text: String) { self.send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    self.descriptor, buffer.baseAddress.map { $0 + sent }, bytes.count - sent,
                    CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Sends what the kernel takes at once.
    /// - Returns: How many octets that were.
    func sendAtOnce(_ bytes: ArraySlice<UInt8>) -> Int {
        max(0, bytes.withUnsafeBytes { Glibc.send(self.descriptor, $0.baseAddress, $0.count, Self.atOnce) })
    }

    /// At most `count` octets of what is there.
    func readAtOnce(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = recv(self.descriptor, &bytes, count, Self.atOnce)
        return Array(bytes.prefix(max(0, got)))
    }

    private static let atOnce = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)

    /// At most `count` octets; fewer only at the end of the stream.
    func read(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < count {
            let got = recv(self.descriptor, &chunk, min(chunk.count, count - bytes.count), 0)
            if got == 0 || got < 0 && errno == ECONNRESET { break }
            guard got > 0 else { throw ProbeFailure(description: "nothing came for five seconds") }
            bytes += chunk.prefix(got)
        }
        return bytes
    }

    func readToEnd() throws -> [UInt8] { try self.read(.max) }

    /// Whether the peer has closed; looks without waiting and takes nothing.
    var isClosed: Bool {
        var octet: UInt8 = 0
        let got = recv(self.descriptor, &octet, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        return got == 0 || got < 0 && errno != EAGAIN
    }

    /// One HTTP response with its head in lower case.
    func response() throws -> (status: Int, head: String, body: [UInt8]) {
        let bytes = try self.readToEnd()
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: Array("\r\n\r\n".utf8)) }),
            let status = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw ProbeFailure(description: "no HTTP response") }
        return (status, String(decoding: bytes[..<end], as: UTF8.self).lowercased(), Array(bytes[(end + 4)...]))
    }

    /// Performs the WebSocket handshake.
    /// - Returns: The challenge that the broker begins with.
    @discardableResult
    func upgrade(port: UInt16) throws -> [UInt8] {
        self.send(upgradeRequest(port: port, origin: "http://localhost:\(port)"))
        var head: [UInt8] = []
        while !head.ends(with: Array("\r\n\r\n".utf8)) {
            let octet = try self.read(1)
            guard !octet.isEmpty else { throw ProbeFailure(description: "closed in the handshake") }
            head += octet
        }
        guard String(decoding: head, as: UTF8.self).hasPrefix("HTTP/1.1 101 ") else {
            throw ProbeFailure(description: String(decoding: head, as: UTF8.self))
        }
        let challenge = try self.frame()
        guard challenge.opcode == 2, challenge.payload.count == 33 else {
            throw ProbeFailure(description: "no challenge")
        }
        return Array(challenge.payload.dropFirst())
    }

    func frame() throws -> (opcode: UInt8, payload: [UInt8]) {
        let start = try self.read(2)
        guard start.count == 2 else { throw ProbeFailure(description: "closed where a frame was expected") }
        var count = Int(start[1] & 0x7F)
        if count == 126 { count = try self.read(2).reduce(0) { $0 << 8 | Int($1) } }
        if count == 127 { count = try self.read(8).reduce(0) { $0 << 8 | Int($1) } }
        return (start[0] & 0x0F, try self.read(count))
    }

    /// Skips to the close frame and gives its code.
    func closeCode() throws -> UInt16 {
        while true {
            let frame = try self.frame()
            if frame.opcode == 8, frame.payload.count == 2 {
                return UInt16(frame.payload[0]) << 8 | UInt16(frame.payload[1])
            }
        }
    }
}

/// The payloads of the whole frames at the start of `bytes`, all from a server, and how many octets they take.
func framePayloads(_ bytes: [UInt8]) -> (payloads: [[UInt8]], count: Int) {
    var payloads: [[UInt8]] = []
    var start = 0
    while start + 2 <= bytes.count {
        var (header, count) = (2, Int(bytes[start + 1]))
        if count == 126 { header = 4 }
        if count == 127 { header = 10 }
        guard start + header <= bytes.count else { break }
        if header > 2 { count = bytes[(start + 2)..<(start + header)].reduce(0) { $0 << 8 | Int($1) } }
        guard start + header + count <= bytes.count else { break }
        payloads.append(Array(bytes[(start + header)..<(start + header + count)]))
        start += header + count
    }
    return (payloads, start)
}

extension Array where Element == UInt8 {
    func ends(with suffix: [UInt8]) -> Bool { self.suffix(suffix.count).elementsEqual(suffix) }
}

func upgradeRequest(
    port: UInt16, origin: String?, version: String = "13", subprotocol: String? = "colloque.v1"
) -> String {
    "GET /ws HTTP/1.1\r\nHost: localhost:\(port)\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: \(version)\r\n"
        + (origin.map { "Origin: \($0)\r\n" } ?? "") + (subprotocol.map { "Sec-WebSocket-Protocol: \($0)\r\n" } ?? "")
        + "\r\n"
}

/// A masked client frame.
func frame(_ first: UInt8, _ payload: [UInt8], isMasked: Bool = true) -> [UInt8] {
    let mask: UInt8 = isMasked ? 0x80 : 0
    var bytes: [UInt8] = [first]
    switch payload.count {
    case ..<126: bytes.append(mask | UInt8(payload.count))
    case ..<65_536: bytes += [mask | 126] + UInt16(payload.count).bigEndianBytes
    default: bytes += [mask | 127] + UInt64(payload.count).bigEndianBytes
    }
    return bytes + (isMasked ? [0, 0, 0, 0] : []) + payload
}

/// A WebSocket client whose events are awaited one by one, each for at most five seconds.
final class SocketProbe: Sendable {
    private let connection: WebSocketConnection
    private let events: AsyncStream<WebSocketEvent>
    private let reader: EnvelopeReader

    init(_ url: String, as reader: EnvelopeReader, trust: ServerTrust = .system) throws {
        let (events, continuation) = AsyncStream<WebSocketEvent>.makeStream()
        guard let url = WebSocketURL(url) else { throw ProbeFailure(description: "bad URL") }
        self.events = events
        self.reader = reader
        self.connection = WebSocketClient.connect(
            to: url, subprotocol: Envelope.subprotocol, trust: trust,
            eventLoopGroup: .singletonMultiThreadedEventLoopGroup
        ) { event in
            continuation.yield(event)
            if case .closed = event { continuation.finish() }
        }
    }

    func next() async throws -> WebSocketEvent {
        try await withThrowingTaskGroup(of: WebSocketEvent?.self) { group in
            group.addTask {
                var iterator = self.events.makeAsyncIterator()
                return await iterator.next()
            }
            group.addTask {
                try await Task.sleep(for: .seconds(5))
                throw ProbeFailure(description: "nothing came for five seconds")
            }
            defer { group.cancelAll() }
            guard let event = try await group.next() ?? nil else {
                throw ProbeFailure(description: "the connection is over")
            }
            return event
        }
    }

    func envelope() async throws -> Envelope {
        switch try await self.next() {
        case .message(let bytes): return try Envelope(decoding: bytes, for: self.reader)
        case let event: throw ProbeFailure(description: "\(event) where an envelope was expected")
        }
    }

    func closure() async throws -> WebSocketClosure {
        while true {
            if case .closed(let closure) = try await self.next() { return closure }
        }
    }

    func send(_ envelope: Envelope) { self.connection.send(envelope.encoded) }

    func close() { self.connection.close() }
}

extension SocketProbe {
    /// Opened, challenged and authenticated.
    static func doctor(
        _ key: Ed25519.KeyPair, url: String, authority: String, trust: ServerTrust = .system
    ) async throws -> SocketProbe {
        let probe = try SocketProbe(url, as: .doctor, trust: trust)
        #expect(try await probe.next() == .opened)
        guard case .challenge(let challenge) = try await probe.envelope() else {
            throw ProbeFailure(description: "no challenge")
        }
        let message = Envelope.authenticationMessage(
            host: authority, identityKey: key.publicKey, challenge: challenge, time: 1_800_000_000)
        probe.send(
            .authenticate(identityKey: key.publicKey, time: 1_800_000_000, signature: key.sign(message)))
        #expect(try await probe.envelope() == .done(type: .authenticate, room: .none, code: .done))
        return probe
    }

    /// Opened, challenged and joined, with the broker's answer.
    static func patient(_ link: TestLink, url: String) async throws -> (SocketProbe, Envelope) {
        let probe = try SocketProbe(url, as: .patient)
        #expect(try await probe.next() == .opened)
        _ = try await probe.envelope()
        probe.send(.join(version: 1, room: link.room, token: link.token, mode: .fresh))
        return (probe, try await probe.envelope())
    }
}

struct TestLink {
    let room: RoomID
    let token: [UInt8]

    init() {
        var random = RandomSource.system
        self.room = RoomID(random.bytes(count: 16)) ?? .none
        self.token = random.bytes(count: 32)
    }

    func open(timeToLive: UInt32 = 600) -> Envelope {
        .roomOpen(
            room: self.room, joinHash: joinHash(ofToken: self.token), rejoinHash: [UInt8](repeating: 0, count: 32),
            timeToLive: timeToLive, flags: [])
    }
}

/// A broker on ephemeral loopback ports with its own directory, and what it logged.
final class TestBroker: Sendable {
    let server: BrokerServer
    let ports: BoundAddresses
    let directory: String
    let log: NIOLockedValueBox<[String]>

    init(
        limits: WebSocketLimits = .init(), stages: StageLimits = .init(), directory: String? = nil,
        _ configure: (inout BrokerConfiguration) -> Void = { _ in }
    ) async throws {
        let directory = directory ?? NSTemporaryDirectory() + "broker-" + RandomSource.systemHex()
        var configuration = BrokerConfiguration()
        configuration.listen = ListenAddress(host: "localhost", port: 0)
        configuration.state = directory
        configuration.connectionsPerIPv4 = 64
        configure(&configuration)
        let log = NIOLockedValueBox<[String]>([])
        self.log = log
        self.directory = directory
        self.server = try BrokerServer(
            configuration: configuration, limits: limits, stages: stages,
            logger: Logger(label: "broker") { _ in LineCollector(lines: log) })
        self.ports = try await self.server.start()
    }

    var url: String { "ws://localhost:\(self.ports.port)" }
    var authority: String { "localhost:\(self.ports.port)" }

    func enroll(_ key: Ed25519.KeyPair) throws {
        try SQLiteRoomStore(directory: self.directory).enroll(
            EnrolledDoctor(key: key.publicKey, note: "", added: 1))
    }

    func stop() async {
        await self.server.shutdown()
        try? FileManager.default.removeItem(atPath: self.directory)
    }
}

extension RandomSource {
    static func systemHex() -> String {
        var random = RandomSource.system
        return random.bytes(count: 8).hex
    }
}

struct LineCollector: LogHandler {
    let lines: NIOLockedValueBox<[String]>
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    init(lines: NIOLockedValueBox<[String]>) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        self.lines.withLockedValue { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
}
