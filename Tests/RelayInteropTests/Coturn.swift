import Foundation
import Glibc
import Network
import Wire

/// A real `turnserver` on this machine's loopback, over UDP and TCP on one port and TLS on another.
final class Coturn {
    enum Failure: Error { case noCertificate, noPort, silent }

    static let executable = "/usr/bin/turnserver"
    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: Self.executable) }
    static let user = "user"
    static let password = "secret"

    let port: UInt16
    let tlsPort: UInt16
    private let folder: URL
    private var process: Process?

    init() throws {
        self.folder = FileManager.default.temporaryDirectory.appending(path: "coturn-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        let ports = try Self.freePorts(2)
        (self.port, self.tlsPort) = (ports[0], ports[1])
        let openssl = try Self.launch(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", self.path("key.pem"),
                "-out", self.authority,
            ])
        openssl.waitUntilExit()
        guard openssl.terminationStatus == 0 else { throw Failure.noCertificate }
        try self.start()
    }

    deinit {
        self.kill()
        try? FileManager.default.removeItem(at: self.folder)
    }

    /// The authority that signed the server's certificate: itself.
    var authority: String { self.path("cert.pem") }

    /// - Parameter transport: as a broker would write it.
    func url(_ transport: String) -> String {
        transport == "tls" ? "turns:localhost:\(self.tlsPort)" : "turn:127.0.0.1:\(self.port)?transport=\(transport)"
    }

    func start() throws {
        self.process = try Self.launch(
            Self.executable,
            [
                "-n", "--listening-ip=127.0.0.1", "--listening-port=\(self.port)",
                "--tls-listening-port=\(self.tlsPort)", "--relay-ip=127.0.0.1", "--lt-cred-mech",
                "--user=\(Self.user):\(Self.password)", "--realm=relay.example", "--allow-loopback-peers",
                "--denied-peer-ip=10.0.0.0-10.255.255.255", "--stale-nonce=1", "--no-cli", "--no-dtls",
                "--cert=\(self.authority)", "--pkey=\(self.path("key.pem"))", "--pidfile=\(self.path("pid"))",
                "--log-file=\(self.path("log"))", "--simple-log", "--no-stdout-log",
            ])
        let deadline = monotonicNow() + .seconds(10)
        while !Self.accepts(self.port) || !Self.accepts(self.tlsPort) {
            guard monotonicNow() < deadline else { throw Failure.silent }
            usleep(20_000)  // Another program comes up: its port is all there is to look at.
        }
    }

    /// SIGKILL: a child of a test's thread may have the milder signals blocked.
    func kill() {
        guard let process = self.process else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    private func path(_ name: String) -> String { self.folder.appending(path: name).path }

    private static func launch(_ executable: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private static func accepts(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return Self.loopback(port) { connect(descriptor, $0, $1) } == 0
    }

    /// Below those that the system gives to whoever asks for any: other tests do, also while a killed server is away.
    private static func freePorts(_ count: Int) throws -> [UInt16] {
        var found: Set<UInt16> = []
        for _ in 0..<100 where found.count < count {
            let port = UInt16.random(in: 20_000..<32_000)
            if Self.isFree(port, .stream), Self.isFree(port, .datagrams) { found.insert(port) }
        }
        guard found.count == count else { throw Failure.noPort }
        return Array(found)
    }

    private enum SocketKind { case stream, datagrams }

    private static func isFree(_ port: UInt16, _ kind: SocketKind) -> Bool {
        let type = kind == .stream ? SOCK_STREAM : SOCK_DGRAM
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        defer { close(descriptor) }
        return Self.loopback(port) { bind(descriptor, $0, $1) } == 0
    }

    private static func loopback(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
