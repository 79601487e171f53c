import Foundation
import TURN
import Wire

/// One measurement of one peer, whatever became of it.
struct Round: Encodable {
    let what: String
    let peer: String
    let number: Int
    /// Why it does not count; decided by ``Rejection`` alone, never by its result.
    var void: String?
    var figures: [String: Double] = [:]
    var threads: [String] = []
}

/// When a round does not count. Fixed before the run and printed with it.
struct Rejection {
    /// Microseconds that 99 of 100 packets left late at most.
    let lag: Double
    /// Percent of one processor that others took at most, and the hypervisor.
    let others: Double
    let stolen: Double

    var text: String {
        "A round is void when the generator sent 1 % of its packets more than \(Int(self.lag)) µs late, or other "
            + "processes took more than \(Int(self.others)) % of one processor, or the hypervisor kept more than "
            + "\(Int(self.stolen)) %. Every round is listed."
    }

    func verdict(_ figures: [String: Double]) -> String? {
        if let lag = figures["lagP99"], lag > self.lag { return "lag \(Int(lag)) µs" }
        if let others = figures["others"], others > self.others { return "others \(Int(others)) %" }
        if let stolen = figures["stolen"], stolen > self.stolen { return "stolen \(Int(stolen)) %" }
        return nil
    }
}

/// Takes peers through measurements, each in a process of its own.
struct Measurement {
    let rejection: Rejection
    let seconds: Int
    let tick: Int64
    let perSecond: Int
    /// Seconds to wait at most for quiet.
    let patience: Int
    let secret: RelaySecret
    let secretText: String
    let certificate: Certificate

    /// Percent of one processor that neither the server nor this process used, and what was stolen.
    private func company(
        _ before: Machine, _ after: Machine, nanoseconds: Int64, known: Int64
    ) -> [String: Double] {
        let all = nanoseconds * Int64(Machine.processors)
        let stolen = after.stolen - before.stolen
        let others = all - (after.idle - before.idle) - stolen - known
        return [
            "others": max(0, Double(others) / Double(nanoseconds) * 100),
            "stolen": Double(stolen) / Double(nanoseconds) * 100,
        ]
    }

    /// Waits until others left the machine alone for a second; looks at nothing that is measured.
    private func awaitQuiet() {
        for _ in 0..<self.patience {
            let before = Machine()
            let began = Clock.monotonic()
            Clock.sleep(milliseconds: 1000)
            let company = self.company(before, Machine(), nanoseconds: Clock.monotonic() - began, known: 0)
            if self.rejection.verdict(company) == nil { return }
        }
    }

    /// `pairs` pairs talk through `peer`.
    func pairs(_ pairs: Int, through peer: Peer, round: Int) throws -> Round {
        self.awaitQuiet()
        let socket = try LoadSocket()
        let server = try Server(peer, secret: self.secretText, certificate: self.certificate, socket: socket)
        defer { server.stop() }
        var flows: [Flow] = []
        if let credentials = peer.credentials {
            let clients = Clients(
                count: pairs * 2, socket: socket, serverPort: server.port, credentials: credentials)
            for step in [Clients.Step.allocate, .permit, .bind] {
                try clients.run(step, 0..<pairs * 2, perSecond: self.perSecond)
            }
            flows = (0..<pairs * 2).map {
                Flow(
                    near: clients.address(of: $0), far: Clock.loopback, farPort: server.port,
                    arrival: clients.address(of: $0 ^ 1))
            }
        } else {
            flows = (0..<pairs * 2).map {
                let near = 0x7F01_0001 + UInt32($0)
                return Flow(near: near, far: Clock.loopback, farPort: server.port, arrival: near)
            }
        }
        var usages: [Usage] = []
        var machine: [Machine] = []
        let result = Traffic(flows: flows, tick: self.tick, warmUp: 1_000_000_000, seconds: self.seconds)
            .run(on: socket, seed: UInt64(round)) {
                usages.append(server.usage)
                machine.append(Machine())
            }
        var record = self.record(result, what: "\(pairs) pairs", peer: peer.name, round: round)
        let used = usages[1].nanoseconds - usages[0].nanoseconds
        record.figures["processor"] = Double(used) / Double(result.nanoseconds) * 100
        record.figures["packetsPerProcessorSecond"] = Double(result.received) / Double(max(used, 1)) * 1e9
        record.threads = usages[1].shares(since: usages[0], nanoseconds: result.nanoseconds).map {
            "\($0.name) \(Int(($0.share * 100).rounded())) %"
        }
        record.figures.merge(
            self.company(
                machine[0], machine[1], nanoseconds: result.nanoseconds, known: used + result.generator)
        ) { $1 }
        record.void = self.rejection.verdict(record.figures)
        return record
    }

    /// The same packets from the one to the other of a pair, without anybody between.
    func direct(_ pairs: Int, round: Int) throws -> Round {
        self.awaitQuiet()
        let socket = try LoadSocket()
        let flows = (0..<pairs * 2).map {
            let base: UInt32 = 0x7F01_0001
            return Flow(
                near: base + UInt32($0), far: base + UInt32($0 ^ 1), farPort: socket.port,
                arrival: base + UInt32($0 ^ 1))
        }
        var machine: [Machine] = []
        let result = Traffic(flows: flows, tick: self.tick, warmUp: 1_000_000_000, seconds: self.seconds)
            .run(on: socket, seed: UInt64(round)) { machine.append(Machine()) }
        var record = self.record(result, what: "\(pairs) pairs", peer: "direct", round: round)
        record.figures.merge(
            self.company(machine[0], machine[1], nanoseconds: result.nanoseconds, known: result.generator)
        ) { $1 }
        record.void = self.rejection.verdict(record.figures)
        return record
    }

    private func record(_ result: Traffic.Result, what: String, peer: String, round: Int) -> Round {
        var record = Round(what: what, peer: peer, number: round)
        func microseconds(_ value: Int64) -> Double { Double(value) / 1000 }
        record.figures = [
            "offeredPerSecond": Double(result.sent) / Double(result.nanoseconds) * 1e9,
            "relayed": Double(result.received), "lossPercent": result.lossShare * 100,
            "misdelivered": Double(result.misdelivered),
            "latencyP50": microseconds(result.latency.percentile(0.5)),
            "latencyP95": microseconds(result.latency.percentile(0.95)),
            "latencyP99": microseconds(result.latency.percentile(0.99)),
            "latencyMost": microseconds(result.latency.largest),
            "lagP99": microseconds(result.lag.percentile(0.99)), "lagMost": microseconds(result.lag.largest),
            "generator": Double(result.generator) / Double(result.nanoseconds) * 100,
        ]
        return record
    }

    /// What `count` allocations cost: processor time to make and to release them, and memory while they stand.
    func allocations(_ count: Int, at peer: Peer, round: Int) throws -> Round {
        self.awaitQuiet()
        let socket = try LoadSocket()
        let server = try Server(peer, secret: self.secretText, certificate: self.certificate, socket: socket)
        defer { server.stop() }
        guard let credentials = peer.credentials else { throw BenchmarkError("\(peer.name) allocates nothing") }
        let warm = 200
        let clients = Clients(
            count: warm + count, socket: socket, serverPort: server.port, credentials: credentials)
        try clients.run(.allocate, 0..<warm, perSecond: self.perSecond)
        Clock.sleep(milliseconds: 300)

        let machine = Machine()
        let generator = Clock.processor()
        let began = Clock.monotonic()
        let memory = server.residentBytes
        let before = server.usage.nanoseconds
        try clients.run(.allocate, warm..<warm + count, perSecond: self.perSecond)
        let ended = Clock.monotonic()
        Clock.sleep(milliseconds: 300)
        let allocated = server.usage.nanoseconds
        let grown = server.residentBytes
        let allocatedBytes = Double(grown - memory) / Double(count)
        try clients.run(.release, warm..<warm + count, perSecond: self.perSecond)
        Clock.sleep(milliseconds: 300)
        let released = server.usage.nanoseconds
        let nanoseconds = Clock.monotonic() - began

        var record = Round(what: "\(count) allocations", peer: peer.name, number: round)
        record.figures = [
            "allocationsPerProcessorSecond": Double(count) / Double(max(allocated - before, 1)) * 1e9,
            "releasesPerProcessorSecond": Double(count) / Double(max(released - allocated, 1)) * 1e9,
            "bytesPerAllocation": allocatedBytes, "allocatedPerSecond": Double(count) / Double(ended - began) * 1e9,
            "residentMegabytes": Double(grown) / 1e6, "resent": Double(clients.resent),
        ]
        record.figures.merge(
            self.company(
                machine, Machine(), nanoseconds: nanoseconds,
                known: released - before + Clock.processor() - generator)
        ) { $1 }
        record.void = self.rejection.verdict(record.figures)
        return record
    }

    /// coturn's own clients through `peer`. They are many processes on the same processors: what they cost is listed
    /// and belongs to neither the server nor to strangers.
    func uclient(_ load: Uclient, through peer: Peer, round: Int) throws -> Round {
        self.awaitQuiet()
        let socket = try LoadSocket()
        let server = try Server(peer, secret: self.secretText, certificate: self.certificate, socket: socket)
        defer { server.stop() }
        guard let credentials = peer.credentials else { throw BenchmarkError("\(peer.name) knows no uclient") }
        var random = RandomSource.seeded(UInt64(round))
        let logins = (0..<load.processes).map { credentials.probe($0, random: &random) }
        let machine = Machine()
        let generator = Clock.processor()
        let before = server.usage
        let result = try load.run(
            port: load.transport == .tls ? server.securePort : server.port, logins: logins)
        let after = server.usage
        let used = after.nanoseconds - before.nanoseconds
        let known = used + result.processor + Clock.processor() - generator

        var record = Round(what: load.title, peer: peer.name, number: round)
        record.figures = [
            "relayed": Double(result.received),
            "packetsPerProcessorSecond": Double(result.received) / Double(max(used, 1)) * 1e9,
            "lossPercent": result.sent == 0 ? 0 : (1 - Double(result.received) / Double(result.sent)) * 100,
            "processor": Double(used) / Double(result.nanoseconds) * 100, "failed": Double(result.failed),
            "generator": Double(result.processor) / Double(result.nanoseconds) * 100,
        ]
        record.threads = after.shares(since: before, nanoseconds: result.nanoseconds).map {
            "\($0.name) \(Int(($0.share * 100).rounded())) %"
        }
        record.figures.merge(
            self.company(machine, Machine(), nanoseconds: result.nanoseconds, known: known)
        ) { $1 }
        record.void =
            result.failed > 0 ? "\(result.failed) uclients failed" : self.rejection.verdict(record.figures)
        return record
    }
}
