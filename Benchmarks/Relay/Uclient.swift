import Foundation

/// coturn's own load, `turnutils_uclient`: every process a handful of clients that send to one another.
struct Uclient {
    enum Transport: String, CaseIterable {
        case udp, tcp, tls

        fileprivate var flags: [String] {
            switch self {
            case .udp: []
            case .tcp: ["-t"]
            case .tls: ["-t", "-S"]
            }
        }
    }

    let transport: Transport
    /// Send and Data indications, as Firefox has them, in place of channels.
    let usesIndications: Bool
    let processes: Int
    /// Of one username; with the allocations that it makes besides, no more than the twelve of one side of a room.
    static let clients = 8
    /// `udp`, `tcp`, `tls`, and the same with `-send` behind it.
    init?(_ name: some StringProtocol, processes: Int, packets: Int, interval: Int) {
        let parts = name.split(separator: "-", maxSplits: 1)
        guard let transport = parts.first.flatMap({ Transport(rawValue: String($0)) }),
            parts.count == 1 || parts[1] == "send"
        else { return nil }
        self.transport = transport
        self.usesIndications = parts.count == 2
        self.processes = processes
        self.packets = packets
        self.interval = interval
    }

    var title: String {
        "uclient over \(self.transport.rawValue), \(self.usesIndications ? "indications" : "channels")"
    }

    /// Packets of each client, and milliseconds between them.
    let packets: Int
    let interval: Int

    struct Result {
        var sent = 0
        var received = 0
        /// Processes whose last word was not a count.
        var failed = 0
        var nanoseconds: Int64 = 0
        /// Of all processes together.
        var processor: Int64 = 0
    }

    /// Runs all processes to their end. `logins` has a name and a password for each.
    func run(port: UInt16, logins: [(name: String, password: String)]) throws -> Result {
        let began = Clock.monotonic()
        let childrenBefore = Self.children()
        let running = try logins.map { login in
            let process = Process()
            let output = FileManager.default.temporaryDirectory.appendingPathComponent("uclient-\(UUID().uuidString)")
            try Data().write(to: output)
            process.executableURL = URL(fileURLWithPath: "/usr/bin/turnutils_uclient")
            process.arguments =
                self.transport.flags + (self.usesIndications ? ["-s"] : []) + [
                    "-y", "-c", "-m", String(Self.clients), "-n", String(self.packets), "-z", String(self.interval),
                    "-l", String(Traffic.payload), "-u", login.name, "-w", login.password, "-p", String(port),
                    "127.0.0.1",
                ]
            process.standardOutput = try FileHandle(forWritingTo: output)
            process.standardError = FileHandle.nullDevice
            try process.run()
            return (process: process, output: output)
        }
        let deadline = began + Int64(self.packets * self.interval) * 1_000_000 + 60_000_000_000
        while running.contains(where: { $0.process.isRunning }), Clock.monotonic() < deadline {
            Clock.sleep(milliseconds: 50)
        }
        var result = Result()
        result.nanoseconds = Clock.monotonic() - began
        for (process, output) in running {
            if process.isRunning { process.terminate() }
            process.waitUntilExit()
            if let counts = Self.counts(in: readWhole(output.path) ?? "") {
                result.sent += counts.sent
                result.received += counts.received
            } else {
                result.failed += 1
            }
            try? FileManager.default.removeItem(at: output)
        }
        result.processor = Self.children() - childrenBefore
        return result
    }

    /// The totals of its last lines: `… tot_send_msgs=1200, tot_recv_msgs=1200`, said once all is over.
    static func counts(in output: String) -> (sent: Int, received: Int)? {
        guard output.contains("Total lost packets") else { return nil }
        let line = output.split(separator: "\n").last { $0.contains("start_mclient: tot_send_msgs=") }
        func number(after key: String) -> Int? {
            guard let line, let place = line.range(of: key) else { return nil }
            return Int(line[place.upperBound...].prefix { $0.isNumber })
        }
        guard let sent = number(after: "tot_send_msgs="), let received = number(after: "tot_recv_msgs=") else {
            return nil
        }
        return (sent, received)
    }

    private static func children() -> Int64 {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
        func nanoseconds(_ time: timeval) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_usec) * 1000 }
        return nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime)
    }
}
