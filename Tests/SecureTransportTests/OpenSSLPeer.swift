import Foundation
import SecureTransport
import Wire

/// `openssl s_client` or `s_server` in a process of its own, and our end on a real socket before it.
///
/// Not a simulation: wall clock, loopback, somebody else's handshake code.
final class OpenSSLPeer {
    struct Outcome {
        var events: [DTLSConnection.Event] = []
        /// What openssl printed.
        var transcript = ""

        var result: DTLSResult? {
            for case .connected(let result) in self.events { return result }
            return nil
        }

        /// What openssl exported under `EXTRACTOR-dtls_srtp`, in hexadecimal.
        var exported: String? {
            let label = "Keying material: "
            guard let start = self.transcript.firstRange(of: label)?.upperBound else { return nil }
            return self.transcript[start...].prefix { $0.isHexDigit }.lowercased()
        }
    }

    struct Options {
        var profiles: String? = "SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM"
        var showsCertificate = true
        var ciphers: String?
        var extendedMasterSecret = true
    }

    enum Failure: Error { case noSocket, noCertificate }

    private let folder: URL
    private var socket: Int32 = -1

    init() throws {
        self.folder = FileManager.default.temporaryDirectory.appending(path: "dtls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        let status = try Self.run(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=peer",
                "-days", "2", "-keyout", self.path("key.pem"), "-out", self.path("cert.pem"),
            ])
        guard status == 0 else { throw Failure.noCertificate }
    }

    deinit {
        if self.socket >= 0 { close(self.socket) }
        try? FileManager.default.removeItem(at: self.folder)
    }

    /// Runs one handshake.
    /// - Parameter role: Ours; openssl plays the other one.
    func handshake(as role: DTLSRole, _ options: Options = Options()) throws -> Outcome {
        let connection = try DTLSConnection(role: role, identity: DTLSIdentity())
        let port = try self.openSocket(for: role)
        let output = self.folder.appending(path: "output")
        try "".write(to: output, atomically: false, encoding: .utf8)

        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = self.arguments(role, port: port, options)
        process.environment = ["OPENSSL_CONF": try self.configuration(options)]
        let input = Pipe()
        process.standardInput = input
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = process.standardOutput
        try process.run()

        var outcome = Outcome()
        self.drive(connection, into: &outcome, isFinished: { !$0.events.isEmpty })
        // The keys are printed a moment after the last flight.
        if outcome.result != nil {
            self.drive(connection, into: &outcome) { _ in
                (try? String(contentsOf: output, encoding: .utf8))?.contains("Keying material: ") == true
            }
        }
        // SIGTERM may be blocked in a child of a test's thread.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        outcome.transcript = (try? String(contentsOf: output, encoding: .utf8)) ?? ""
        return outcome
    }

    private func arguments(_ role: DTLSRole, port: UInt16, _ options: Options) -> [String] {
        var arguments =
            role == .server
            ? ["s_client", "-connect", "127.0.0.1:\(port)"]
            : ["s_server", "-accept", "127.0.0.1:\(port)", "-Verify", "1"]
        arguments += ["-dtls1_2", "-timeout", "-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", "88"]
        if options.showsCertificate { arguments += ["-cert", self.path("cert.pem"), "-key", self.path("key.pem")] }
        if let profiles = options.profiles { arguments += ["-use_srtp", profiles] }
        if let ciphers = options.ciphers { arguments += ["-cipher", ciphers] }
        return arguments
    }

    private func configuration(_ options: Options) throws -> String {
        let file = self.path("openssl.cnf")
        let text = """
            openssl_conf = library
            [library]
            ssl_conf = modules
            [modules]
            system_default = defaults
            [defaults]
            Options = \(options.extendedMasterSecret ? "" : "-")ExtendedMasterSecret

            """
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    /// A server listens on its socket; a client gets one connected to a port that nobody has.
    private func openSocket(for role: DTLSRole) throws -> UInt16 {
        guard role == .client else {
            let (own, port) = try Self.boundSocket()
            self.socket = own
            return port
        }
        let port = try Self.freePort()
        let (own, _) = try Self.boundSocket()
        self.socket = own
        guard Self.connectLoopback(own, port: port) else { throw Failure.noSocket }
        return port
    }

    /// Feeds our end from the socket until `isFinished`, or ten seconds passed.
    private func drive(
        _ connection: DTLSConnection, into outcome: inout Outcome, isFinished: (Outcome) -> Bool
    ) {
        let begin = ContinuousClock.now
        func now() -> Instant { .zero + (ContinuousClock.now - begin) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        connection.start(now: now())
        while now() < .zero + .seconds(10) {
            var deadline = Instant.distantFuture
            drain: while true {
                switch connection.pollOutput() {
                case .transmit(let datagram): send(self.socket, datagram, datagram.count, 0)
                // Not the end of it: whatever is refused is refused after this.
                case .event(.peerVerified): break
                case .event(let event): outcome.events.append(event)
                case .wait(let instant):
                    deadline = instant
                    break drain
                }
            }
            if isFinished(outcome) { return }
            let patience = min(deadline - now(), .milliseconds(20))
            var descriptor = pollfd(fd: self.socket, events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, Int32(max(1, patience.milliseconds))) > 0 {
                var address = sockaddr()
                var length = socklen_t(MemoryLayout<sockaddr>.size)
                let count = recvfrom(self.socket, &buffer, buffer.count, 0, &address, &length)
                // A refused datagram (openssl is not there yet) is an error without sender.
                if count > 0 {
                    _ = withUnsafePointer(to: &address) { connect(self.socket, $0, length) }
                    connection.handle(Array(buffer[..<count]), now: now())
                }
            }
            connection.handleTimeout(now: now())
        }
    }

    private func path(_ name: String) -> String { self.folder.appending(path: name).path }

    private static func run(_ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Below those that the system gives to whoever asks for any: other tests do, before the server has taken it.
    private static func freePort() throws -> UInt16 {
        for _ in 0..<100 {
            guard let (probe, port) = try? Self.boundSocket(at: .random(in: 20_000..<32_000)) else { continue }
            close(probe)
            return port
        }
        throw Failure.noSocket
    }

    /// - Parameter port: 0 for any.
    private static func boundSocket(at port: UInt16 = 0) throws -> (socket: Int32, port: UInt16) {
        let descriptor = Foundation.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = loopback(port: port)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard descriptor >= 0, status else {
            close(descriptor)
            throw Failure.noSocket
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    private static func connectLoopback(_ descriptor: Int32, port: UInt16) -> Bool {
        var address = loopback(port: port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
