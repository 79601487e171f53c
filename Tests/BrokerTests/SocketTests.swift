import Broker
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import Network
import Primitives
import Signalling
import TURN
import Testing
import Wire

@Suite("WebSocket")
struct SocketTests {
    private static let relay = "turn:relay.example:3478?transport=udp"

    @Test("a doctor and a patient exchange sealed octets of every size, and are granted the relay")
    func relay() async throws {
        let broker = try await TestBroker { $0.relay.urls = [Self.relay] }
        let key = Ed25519.KeyPair()
        let link = TestLink()
        try broker.enroll(key)
        let doctor = try await SocketProbe.doctor(key, url: broker.url, authority: broker.authority)
        doctor.send(link.open())
        #expect(try await doctor.envelope() == .done(type: .roomOpen, room: link.room, code: .done))
        let (patient, state) = try await SocketProbe.patient(link, url: broker.url)
        #expect(state == .state(doctorPresent: true))
        guard case .peerUp(let number, link.room, .fresh) = try await doctor.envelope() else {
            throw ProbeFailure(description: "no PEER_UP")
        }
        for count in [1, 112, 304, 125, 126, 65_535] {
            let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: count), count: count)
            patient.send(.relay(connection: 0, payload: payload))
            #expect(try await doctor.envelope() == .relay(connection: number, payload: payload))
            doctor.send(.relay(connection: number, payload: payload))
            #expect(try await patient.envelope() == .relay(connection: 0, payload: payload))
        }
        doctor.send(.turnGrant(connection: number))
        guard case .turn(number, let forDoctor) = try await doctor.envelope(),
            case .turn(nil, let forPatient) = try await patient.envelope()
        else { throw ProbeFailure(description: "no TURN") }
        for (credentials, role) in [(forDoctor, RelayRole.doctor), (forPatient, .patient)] {
            #expect(credentials.urls == [Self.relay] && credentials.timeToLive == 600)
            #expect(RelayUsername(credentials.user.utf8)?.role == role)
        }
        #expect(RelayUsername(forDoctor.user.utf8)?.group == RelayUsername(forPatient.user.utf8)?.group)
        patient.close()
        #expect(try await patient.closure() == .closedHere)
        #expect(try await doctor.envelope() == .peerDown(connection: number))
        doctor.send(.roomClose(room: link.room))
        #expect(try await doctor.envelope() == .done(type: .roomClose, room: link.room, code: .done))

        let secrets = [key.publicKey.hex, key.publicKey.base64URL, link.room.bytes.hex, link.room.bytes.base64URL]
        let lines = broker.log.withLockedValue { $0 }.joined(separator: "\n")
        for secret in secrets + ["127.0.0.1", "::1"] { #expect(!lines.contains(secret)) }
        let files = try FileManager.default.subpathsOfDirectory(atPath: broker.directory)
        for file in files {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: broker.directory + "/" + file)))
            #expect(!contains(bytes, link.room.bytes) && !contains(bytes, link.token), "\(file)")
        }
        await broker.stop()
    }

    @Test("a doctor enrolled while the broker runs is let in at once; a stranger is not")
    func enrolment() async throws {
        let broker = try await TestBroker()
        let key = Ed25519.KeyPair()
        let stranger = try SocketProbe(broker.url, as: .doctor)
        #expect(try await stranger.next() == .opened)
        guard case .challenge(let challenge) = try await stranger.envelope() else {
            throw ProbeFailure(description: "no challenge")
        }
        let message = Envelope.authenticationMessage(
            host: broker.authority, identityKey: key.publicKey, challenge: challenge, time: 1)
        stranger.send(.authenticate(identityKey: key.publicKey, time: 1, signature: key.sign(message)))
        #expect(try await stranger.envelope() == .done(type: .authenticate, room: .none, code: .notEnrolled))
        #expect(try await stranger.closure() == .closedByPeer(code: 1000))
        try broker.enroll(key)
        _ = try await SocketProbe.doctor(key, url: broker.url, authority: broker.authority)
        await broker.stop()
    }

    @Test("rooms and enrolments survive a restart, sockets are told to come back")
    func restart() async throws {
        let first = try await TestBroker()
        let key = Ed25519.KeyPair()
        let link = TestLink()
        try first.enroll(key)
        let doctor = try await SocketProbe.doctor(key, url: first.url, authority: first.authority)
        doctor.send(link.open())
        _ = try await doctor.envelope()
        await first.server.shutdown()
        #expect(try await doctor.closure() == .closedByPeer(code: 1001))
        let second = try await TestBroker(directory: first.directory)
        let (_, state) = try await SocketProbe.patient(link, url: second.url)
        #expect(state == .state(doctorPresent: false))
        let mode = try FileManager.default.attributesOfItem(atPath: first.directory)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        await second.stop()
    }

    @Test("frames no conforming page sends end the connection with 1002, oversized ones with 1009")
    func violations() async throws {
        let broker = try await TestBroker()
        let join = Envelope.join(
            version: 1, room: .none, token: [UInt8](repeating: 0, count: 32), mode: .fresh
        ).encoded
        let cases: [(String, [UInt8], UInt16)] = [
            ("text", frame(0x81, Array("hello".utf8)), 1002),
            ("unmasked", frame(0x82, join, isMasked: false), 1002),
            ("reserved bit", frame(0xC2, join), 1002),
            ("reserved opcode", frame(0x83, join), 1002),
            ("continuation of nothing", frame(0x80, join), 1002),
            ("fragmented ping", frame(0x09, []), 1002),
            ("long ping", frame(0x89, [UInt8](repeating: 0, count: 126)), 1002),
            ("length in 16 bits for 5", [0x82, 0x80 | 126, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5], 1002),
            ("length in 64 bits for 5", [0x82, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5], 1002),
            ("message inside a message", frame(0x02, [1]) + frame(0x82, [2]), 1002),
            ("65 601 octets", [0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 65, 0, 0, 0, 0], 1009),
            (
                "65 601 octets in two frames",
                frame(0x02, [UInt8](repeating: 1, count: 65_600)) + frame(0x80, [1]), 1009
            ),
        ]
        for (name, bytes, code) in cases {
            let connection = try RawConnection(port: broker.ports.port)
            try connection.upgrade(port: broker.ports.port)
            connection.send(bytes)
            #expect(try connection.closeCode() == code, "\(name)")
        }
        let malformed = try RawConnection(port: broker.ports.port)
        try malformed.upgrade(port: broker.ports.port)
        malformed.send(frame(0x82, [0x77]))
        let answer = try malformed.frame()
        #expect(answer.payload == Envelope.error(code: .malformed, room: nil).encoded)
        #expect(try malformed.closeCode() == 1008)
        let chopped = try RawConnection(port: broker.ports.port)
        try chopped.upgrade(port: broker.ports.port)
        chopped.send(frame(0x02, Array(join.prefix(20))) + frame(0x89, [7]) + frame(0x80, Array(join.dropFirst(20))))
        #expect(try chopped.frame().opcode == 10, "a ping between fragments is answered")
        #expect(try chopped.frame().payload == Envelope.error(code: .unknownOrExpired, room: nil).encoded)
        await broker.stop()
    }

    @Test("only our own page, or no page at all, may open the socket")
    func origins() async throws {
        let broker = try await TestBroker { $0.pageOrigins = ["https://cabinet.example"] }
        let port = broker.ports.port
        let cases: [(String, Int)] = [
            (upgradeRequest(port: port, origin: "http://localhost:\(port)"), 101),
            (upgradeRequest(port: port, origin: "http://127.0.0.1:\(port)"), 101),
            (upgradeRequest(port: port, origin: "https://cabinet.example"), 101),
            (upgradeRequest(port: port, origin: nil), 101),
            (upgradeRequest(port: port, origin: "http://localhost"), 403),
            (upgradeRequest(port: port, origin: "https://localhost:\(port)"), 403),
            (upgradeRequest(port: port, origin: "http://localhost:\(port).evil.example"), 403),
            (upgradeRequest(port: port, origin: "null"), 403),
            (upgradeRequest(port: port, origin: nil, version: "8"), 426),
            (upgradeRequest(port: port, origin: nil, subprotocol: nil), 400),
            (upgradeRequest(port: port, origin: nil, subprotocol: "colloque.v2"), 400),
            ("GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n", 426),
        ]
        for (request, status) in cases {
            let connection = try RawConnection(port: port)
            connection.send(request)
            let line = String(decoding: try connection.read(12), as: UTF8.self)
            #expect(line == "HTTP/1.1 \(status)", "\(request)")
        }
        let extended = try RawConnection(port: port)
        extended.send(
            upgradeRequest(port: port, origin: nil).replacing(
                "\r\n\r\n", with: "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"))
        #expect(!String(decoding: try extended.read(200), as: UTF8.self).lowercased().contains("extensions"))
        await broker.stop()
    }

    @Test("a socket that answers no ping is closed")
    func silence() async throws {
        var limits = WebSocketLimits()
        limits.pingInterval = .milliseconds(50)
        limits.silenceLimit = .seconds(1)
        let broker = try await TestBroker(limits: limits)
        let connection = try RawConnection(port: broker.ports.port)
        try connection.upgrade(port: broker.ports.port)
        #expect(try connection.frame().opcode == 9)
        let rest = try connection.readToEnd()
        #expect(rest.count < 60, "more pings at most, then the end")
        await broker.stop()
    }

    @Test("a patient that reads nothing is closed rather than kept in memory; the doctor goes on")
    func slowReader() async throws {
        let broker = try await TestBroker()
        let key = Ed25519.KeyPair()
        let link = TestLink()
        try broker.enroll(key)
        let doctor = try await SocketProbe.doctor(key, url: broker.url, authority: broker.authority)
        doctor.send(link.open())
        _ = try await doctor.envelope()
        let slow = try RawConnection(port: broker.ports.port, receiveBuffer: 4096)
        try slow.upgrade(port: broker.ports.port)
        slow.send(frame(0x82, Envelope.join(version: 1, room: link.room, token: link.token, mode: .fresh).encoded))
        guard case .peerUp(let number, _, _) = try await doctor.envelope() else {
            throw ProbeFailure(description: "no PEER_UP")
        }
        let payload = [UInt8](repeating: 1, count: 65_000)
        for _ in 0..<15 { doctor.send(.relay(connection: number, payload: payload)) }
        #expect(try await doctor.envelope() == .peerDown(connection: number))
        doctor.send(.roomClose(room: link.room))
        #expect(try await doctor.envelope() == .done(type: .roomClose, room: link.room, code: .done))
        await broker.stop()
    }

    @Test("nobody there is told from nobody trusted and from a refusal")
    func closures() async throws {
        let broker = try await TestBroker()
        let nowhere = try SocketProbe("ws://localhost:1", as: .doctor)
        #expect(try await nowhere.closure() == .unreachable)
        let elsewhere = try SocketProbe(broker.url + "/elsewhere", as: .doctor)
        #expect(try await elsewhere.closure() == .refused(status: 404))
        await broker.stop()
    }
}

private func contains(_ haystack: [UInt8], _ needle: [UInt8]) -> Bool {
    guard let first = needle.first else { return true }
    return haystack.indices.contains { haystack[$0] == first && haystack[$0...].starts(with: needle) }
}
