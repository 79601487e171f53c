import Broker
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Network
import Primitives
import Signalling
import Testing
import Wire

@Suite("TLS and the first seconds of a connection")
struct TLSTests {
    @Test("over TLS the certificate is checked, a reload brings a new one, plain HTTP gets no answer")
    func tls() async throws {
        let certificates = NSTemporaryDirectory() + "broker-tls-" + RandomSource.systemHex()
        try FileManager.default.createDirectory(atPath: certificates, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: certificates) }
        try makeCertificate(in: certificates)
        var used = BrokerConfiguration()
        let broker = try await TestBroker {
            $0.hosts = ["localhost"]
            $0.tlsCertificate = certificates + "/certificate.pem"
            $0.tlsKey = certificates + "/key.pem"
            used = $0
        }
        let url = "wss://localhost:\(broker.ports.port)"
        let key = Ed25519.KeyPair()
        try broker.enroll(key)
        let trust = ServerTrust.systemAnd(file: certificates + "/certificate.pem")
        let doctor = try await SocketProbe.doctor(key, url: url, authority: broker.authority, trust: trust)
        let wary = try SocketProbe(url, as: .doctor)
        #expect(try await wary.closure() == .untrusted)
        try makeCertificate(in: certificates)
        try await broker.server.reload(used)
        let later = try await SocketProbe.doctor(key, url: url, authority: broker.authority, trust: trust)
        #expect(try await doctor.envelope() == .error(code: .closed, room: RoomID.none), "the newer socket wins")
        later.close()
        let plain = try RawConnection(port: broker.ports.port)
        plain.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(!String(decoding: try plain.readToEnd(), as: UTF8.self).contains("HTTP/1.1"))
        await broker.stop()
    }

    @Test(
        "TLS 1.2 and 1.3 are served, and the browser is told to come by TLS only",
        arguments: [TLSVersion.tlsv12, .tlsv13])
    func versions(version: TLSVersion) async throws {
        let broker = try await TestBroker.withTLS()
        let answer = try await exchangeOverTLS(port: broker.ports.port, versions: (version, version))
        #expect(answer.version == version)
        #expect(answer.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(
            answer.text.lowercased().contains(
                "\r\nstrict-transport-security: max-age=63072000; includesubdomains; preload\r\n"))
        await broker.stop()
    }

    @Test(
        "without TLS the way to the page is shown, by the broker's own name, and nothing else",
        arguments: [
            ("GET / HTTP/1.1", "308 Permanent Redirect"), ("HEAD /?utm=1 HTTP/1.1", "308 Permanent Redirect"),
            ("GET /ws HTTP/1.1", "404 Not Found"), ("GET //elsewhere.example/ HTTP/1.1", "404 Not Found"),
            ("POST / HTTP/1.1", "405 Method Not Allowed"),
        ])
    func redirect(request: String, status: String) async throws {
        let broker = try await TestBroker.withTLS { $0.redirectListen = ListenAddress("localhost:0") }
        let plain = try RawConnection(port: try #require(broker.ports.redirectPort))
        plain.send("\(request)\r\nHost: elsewhere.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        let answer = String(decoding: try plain.readToEnd(), as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 \(status)\r\n"), "\(answer)")
        let location = "\r\nLocation: https://localhost:\(broker.ports.port)/\r\n"
        #expect(answer.contains(location) == status.hasPrefix("308"), "\(answer)")
        #expect(!answer.contains("elsewhere"))
        await broker.stop()
    }

    @Test("without TLS, who says nothing sensible or nothing at all is let go of")
    func hostileRedirect() async throws {
        var stages = StageLimits()
        stages.request = .milliseconds(200)
        let broker = try await TestBroker.withTLS(stages: stages) { $0.redirectListen = ListenAddress("localhost:0") }
        let port = try #require(broker.ports.redirectPort)
        for octets in [
            "", "GET", "\u{16}\u{3}\u{1}\u{2}\u{0}", "GET / HTTP/1.1\r\n\(String(repeating: "A: b\r\n", count: 9000))",
        ] {
            let plain = try RawConnection(port: port)
            plain.send(octets)
            #expect(!String(decoding: try plain.readToEnd(), as: UTF8.self).contains("Location"))
        }
        await broker.stop()
    }

    @Test("TLS 1.1 is refused, and so are suites without forward secrecy or authenticated encryption")
    func weak() async throws {
        let broker = try await TestBroker.withTLS()
        let old = try await exchangeOverTLS(port: broker.ports.port, versions: (.tlsv1, .tlsv11))
        #expect(old.version == nil && old.text.isEmpty)
        #expect(old.failure.contains("PROTOCOL_VERSION"), "\(old.failure)")
        for suites in [
            [.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, .TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA],
            [.TLS_RSA_WITH_AES_128_GCM_SHA256, .TLS_RSA_WITH_AES_256_GCM_SHA384],
        ] as [[NIOTLSCipher]] {
            let weak = try await exchangeOverTLS(
                port: broker.ports.port, versions: (.tlsv12, .tlsv12), suites: suites)
            #expect(weak.version == nil && weak.text.isEmpty)
            #expect(weak.failure.contains("HANDSHAKE_FAILURE"), "\(weak.failure)")
        }
        await broker.stop()
    }

    /// Half of a ClientHello that never comes to its end.
    private static let drip: [UInt8] = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3] + [UInt8](repeating: 7, count: 200)

    @Test("a TLS handshake that is not completed in time is closed, whether nothing comes or a little")
    func unfinishedHandshake() async throws {
        var stages = StageLimits()
        stages.handshake = .milliseconds(400)
        let broker = try await TestBroker.withTLS(stages: stages)
        // The limit that is not set here is 5 s.
        for drip in [[], Self.drip] {
            let lasted = try await lifetime(of: RawConnection(port: broker.ports.port), dripping: drip)
            #expect(lasted > .milliseconds(300) && lasted < .milliseconds(4000), "\(lasted)")
        }
        await broker.stop()
    }

    @Test("a request's head has its time from the first octet to the last, however it drips in")
    func drippedHead() async throws {
        var stages = StageLimits()
        stages.request = .milliseconds(400)
        let broker = try await TestBroker(stages: stages)
        let endless = Array("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: \(String(repeating: "a", count: 300))".utf8)
        for drip in [[], endless] {
            let lasted = try await lifetime(of: RawConnection(port: broker.ports.port), dripping: drip)
            #expect(lasted > .milliseconds(300) && lasted < .milliseconds(4000), "\(lasted)")
        }
        await broker.stop()
    }

    @Test("after the TLS handshake the head of a request has a time of its own")
    func silenceOverTLS() async throws {
        var stages = StageLimits()
        stages.request = .milliseconds(400)
        let broker = try await TestBroker.withTLS(stages: stages)
        let began = ContinuousClock.now
        let answer = try await exchangeOverTLS(
            port: broker.ports.port, versions: (.tlsv13, .tlsv13), request: "GET / HTTP/1.1\r\n")
        #expect(answer.version == .tlsv13 && answer.text.isEmpty)
        let lasted = ContinuousClock.now - began
        #expect(lasted > .milliseconds(300) && lasted < .milliseconds(4000), "\(lasted)")
        await broker.stop()
    }
}

/// Sends one octet after another, 20 ms apart, until the peer closes.
private func lifetime(of connection: RawConnection, dripping octets: [UInt8]) async throws -> Duration {
    let began = ContinuousClock.now
    var rest = octets[...]
    while !connection.isClosed {
        guard ContinuousClock.now - began < .seconds(5) else { throw ProbeFailure(description: "never closed") }
        if let octet = rest.popFirst() { connection.send([octet]) }
        try await Task.sleep(for: .milliseconds(20))
    }
    return ContinuousClock.now - began
}

/// What came of one connection over TLS.
private struct Answer: Sendable {
    /// What was agreed; `nil` if nothing was.
    var version: TLSVersion?
    var text = ""
    var failure = ""
}

/// Agrees on one of `versions`, sends a request and reads until the peer closes. Trusts anybody.
private func exchangeOverTLS(
    port: UInt16, versions: (TLSVersion, TLSVersion), suites: [NIOTLSCipher]? = nil,
    request: String = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
) async throws -> Answer {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    configuration.minimumTLSVersion = versions.0
    configuration.maximumTLSVersion = versions.1
    if let suites { configuration.cipherSuiteValues = suites }
    let context = try NIOSSLContext(configuration: configuration)
    let answer = NIOLockedValueBox(Answer())
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: "localhost"))
                try pipeline.addHandler(AnswerReader(request: request, answer: answer))
            }
        }
        .connect(host: "127.0.0.1", port: Int(port)).get()
    try await channel.closeFuture.get()
    return answer.withLockedValue { $0 }
}

private final class AnswerReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: String
    private let answer: NIOLockedValueBox<Answer>

    init(request: String, answer: NIOLockedValueBox<Answer>) {
        self.request = request
        self.answer = answer
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted? = event as? TLSUserEvent else { return }
        let version = try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self).tlsVersion
        self.answer.withLockedValue { $0.version = version }
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: self.request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let octets = Self.unwrapInboundIn(data)
        self.answer.withLockedValue { $0.text += String(decoding: octets.readableBytesView, as: UTF8.self) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.answer.withLockedValue { $0.failure += "\(error)" }
        context.close(promise: nil)
    }
}

extension TestBroker {
    /// With a fresh certificate for `localhost`.
    fileprivate static func withTLS(
        stages: StageLimits = .init(), _ change: (inout BrokerConfiguration) -> Void = { _ in }
    ) async throws -> TestBroker {
        let certificates = NSTemporaryDirectory() + "broker-tls-" + RandomSource.systemHex()
        try FileManager.default.createDirectory(atPath: certificates, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: certificates) }
        try makeCertificate(in: certificates)
        return try await TestBroker(stages: stages) {
            $0.hosts = ["localhost"]
            $0.tlsCertificate = certificates + "/certificate.pem"
            $0.tlsKey = certificates + "/key.pem"
            change(&$0)
        }
    }
}

private func makeCertificate(in directory: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", directory + "/key.pem", "-out",
        directory + "/certificate.pem",
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw ProbeFailure(description: "openssl req failed") }
}
