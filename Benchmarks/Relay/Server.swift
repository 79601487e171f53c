import CLoad
import Foundation
import TURN
import Wire

/// A relay that can be measured: how it is started and by what it knows its clients.
struct Peer {
    let name: String
    /// Command and arguments. `{port}`, `{tls}`, `{secret}`, `{directory}`, `{certificate}` and `{key}` stand for what
    /// this run chose.
    let command: [String]
    let credentials: Credentials?

    /// Ours. The limits on strangers would hold back a benchmark, which stands at few addresses and asks a lot.
    static func colloque(_ executable: String, _ secret: RelaySecret) -> Peer {
        Peer(
            name: "colloque",
            command: [
                executable, "relay", "--listen=127.0.0.1:{port}", "--public-address=127.0.0.1",
                "--secret-file={secret}", "--tls-listen=127.0.0.1:{tls}", "--tls-certificate={certificate}",
                "--tls-key={key}", "--allocations=100000", "--allocations-per-source=100000",
                "--replies=1000000", "--replies-per-source=1000000", "--json",
            ], credentials: .closed(secret))
    }

    /// Whether it speaks TLS.
    var isSecure: Bool { self.command.contains { $0.contains("{tls}") } }

    /// Debian's coturn, set to do nothing that ours does not: no log, no DTLS, no administration, one user in memory.
    static func coturn(threads: Int?) -> Peer {
        var command = [
            "turnserver", "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--listening-port={port}",
            "--tls-listening-port={tls}", "--cert={certificate}", "--pkey={key}", "--no-dtls", "--no-cli",
            "--allow-loopback-peers", "--lt-cred-mech",
            "--user=bench:correct-horse", "--realm=bench", "--userdb={directory}/turndb",
            "--pidfile={directory}/turnserver.pid", "--no-stdout-log", "--log-file=/dev/null",
            "--no-software-attribute",
        ]
        if let threads { command.append("--relay-threads=\(threads)") }
        return Peer(
            name: threads.map { "coturn -m \($0)" } ?? "coturn", command: command,
            credentials: .user(name: "bench", password: "correct-horse"))
    }
}

/// What the kernel says a process has used so far.
struct Usage {
    /// Nanoseconds of processor time of the whole process, threads that have ended included.
    let nanoseconds: Int64
    /// The same of every thread that lives, by its identifier.
    private var threads: [Int: (name: String, nanoseconds: Int64)] = [:]

    init(process: Int32) {
        self.nanoseconds = Clock.processor(of: process)
        let tasks = "/proc/\(process)/task"
        for task in (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? [] {
            guard let id = Int(task), let times = readWhole("\(tasks)/\(task)/schedstat"),
                let nanoseconds = Int64(times.split(separator: " ").first ?? "")
            else { continue }
            let name = readWhole("\(tasks)/\(task)/comm") ?? ""
            self.threads[id] = (name.trimmingCharacters(in: .whitespacesAndNewlines), nanoseconds)
        }
    }

    /// Shares of one processor that each thread took since `earlier`, the busiest first; idle ones are left out.
    func shares(since earlier: Usage, nanoseconds: Int64) -> [(name: String, share: Double)] {
        self.threads.map { id, thread in
            let used = thread.nanoseconds - (earlier.threads[id]?.nanoseconds ?? 0)
            return (thread.name, Double(used) / Double(max(nanoseconds, 1)))
        }.filter { $0.share >= 0.005 }.sorted { $0.share > $1.share }
    }
}

/// A relay that runs for one measurement.
final class Server {
    let port: UInt16
    let securePort: UInt16
    private let process = Process()
    private let directory: URL

    /// Starts `peer` and waits until it answers a Binding request.
    init(_ peer: Peer, secret: String, certificate: Certificate, socket: LoadSocket) throws {
        self.directory = FileManager.default.temporaryDirectory.appendingPathComponent("relay-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.directory, withIntermediateDirectories: true)
        let file = self.directory.appendingPathComponent("secret")
        try Data((secret + "\n").utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        // Taken and let go again: free a moment ago.
        self.port = try LoadSocket(port: UInt16.random(in: 23_000..<31_000)).port
        self.securePort = try LoadSocket(port: self.port + 10).port
        let places = [
            "{port}": String(self.port), "{tls}": String(self.securePort), "{secret}": file.path,
            "{directory}": self.directory.path, "{certificate}": certificate.file, "{key}": certificate.key,
        ]
        let command = peer.command.map { argument in
            places.reduce(argument) { $0.replacingOccurrences(of: $1.key, with: $1.value) }
        }
        self.process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        self.process.arguments = command
        self.process.standardInput = FileHandle.nullDevice
        self.process.standardOutput = FileHandle.nullDevice
        let log = self.directory.appendingPathComponent("log")
        try Data().write(to: log)
        self.process.standardError = try FileHandle(forWritingTo: log)
        try self.process.run()
        guard self.answers(socket) else {
            let said = (readWhole(log.path) ?? "").split(separator: "\n").suffix(3).joined(separator: "; ")
            self.stop()
            throw BenchmarkError("\(peer.name) does not answer: \(said)")
        }
    }

    var usage: Usage { Usage(process: self.process.processIdentifier) }

    /// Octets of its memory that are resident.
    var residentBytes: Int {
        let status = readWhole("/proc/\(self.process.processIdentifier)/status") ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line?.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? 0) * 1024
    }

    func stop() {
        if self.process.isRunning {
            self.process.terminate()
            for _ in 0..<300 where self.process.isRunning { Clock.sleep(milliseconds: 10) }
            if self.process.isRunning { kill(self.process.processIdentifier, SIGKILL) }
            self.process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: self.directory)
    }

    private func answers(_ socket: LoadSocket) -> Bool {
        let binding: [UInt8] = [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42] + Array(repeating: 7, count: 12)
        for _ in 0..<100 where self.process.isRunning {
            socket.send(binding, from: 0x7F00_0001, to: Clock.loopback, port: self.port)
            socket.wait(milliseconds: 100)
            var answered = false
            socket.drain { answered = answered || $0.far_port == self.port }
            if answered { return true }
            Clock.sleep(milliseconds: 50)
        }
        return false
    }
}

/// A certificate for this run, P-256, signed by itself.
final class Certificate {
    let file: String
    let key: String

    init() throws {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("relay-\(UUID().uuidString)").path
        self.file = base + ".pem"
        self.key = base + ".key"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=localhost", "-keyout", self.key, "-out", self.file,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchmarkError("openssl made no certificate") }
    }

    deinit {
        for path in [self.file, self.key] { try? FileManager.default.removeItem(atPath: path) }
    }
}

/// What all processors together did, from /proc/stat.
struct Machine {
    /// Nanoseconds without work, and those the hypervisor gave to others.
    var idle: Int64 = 0
    var stolen: Int64 = 0

    static let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))

    init() {
        let fields = (readWhole("/proc/stat") ?? "").split(separator: "\n").first?.split(separator: " ") ?? []
        let ticks = fields.dropFirst().map { Int64($0) ?? 0 }
        guard ticks.count >= 8 else { return }
        let tick = 1_000_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK)))
        self.idle = (ticks[3] + ticks[4]) * tick
        self.stolen = ticks[7] * tick
    }
}

func readWhole(_ path: String) -> String? {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? file.close() }
    return (try? file.readToEnd()).map { String(decoding: $0, as: UTF8.self) }
}
