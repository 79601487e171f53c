import ArgumentParser
import Foundation
import TURN

/// The closed relay beside coturn: the same traffic in the same run, peers in alternating order.
@main
struct RelayBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "RelayBenchmark", abstract: "Measures a relay beside coturn.",
        subcommands: [Compare.self, Core.self, Echo.self], defaultSubcommand: Compare.self)
}

/// A forwarder without a protocol, in a process of its own: the floor.
struct Echo: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Send all back to where it came from.")
    @Argument var port: UInt16

    func run() throws {
        try LoadSocket(port: self.port).echo()
    }
}

struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run every measurement and print all rounds.")

    @Option(help: "Our executable. Empty: leave it out.")
    var colloque = ".build/release/colloque"
    @Option(
        name: .customLong("peer"),
        help: "NAME=COMMAND: one more relay that takes the same credentials; {port} and {secret} are filled in.")
    var extra: [String] = []
    @Option(help: "Names of those to measure, separated by commas; all when empty.")
    var only = ""
    @Option(help: "pairs, allocations, uclient: which of them, separated by commas.")
    var measure = "pairs,allocations,uclient"
    @Option(help: "Numbers of pairs, separated by commas.")
    var pairs = "200,400"
    @Option(help: "Allocations that stand at a time.")
    var allocations = 5000
    @Option(help: "Processes of turnutils_uclient, 8 clients each.")
    var uclients = 12
    @Option(help: "How uclient reaches the server: udp, tcp, tls, separated by commas; udp-send: by indications.")
    var transports = "udp,udp-send,tcp,tls"
    @Option(help: "Rounds of each measurement.")
    var rounds = 5
    @Option(help: "Seconds of measured traffic in a round.")
    var seconds = 10
    @Option(help: "Microseconds of the generator's tick.")
    var tick = 100
    @Option(help: "Clients that start a request in a second at most; 0: no limit.")
    var perSecond = 0
    @Option(help: "Void above so many microseconds of lag.")
    var lag = 500.0
    @Option(help: "Void above so many percent of one processor taken by others.")
    var others = 10.0
    @Option(help: "Void above so many percent of one processor stolen.")
    var stolen = 2.0
    @Option(help: "Seconds to wait at most, before a round, for a second in which others rest.")
    var patience = 60
    @Flag(help: "One JSON document in place of tables.")
    var json = false

    func run() throws {
        let secret = RelaySecret.random()
        let measurement = Measurement(
            rejection: Rejection(lag: self.lag, others: self.others, stolen: self.stolen), seconds: self.seconds,
            tick: Int64(self.tick) * 1000, perSecond: self.perSecond, patience: self.patience, secret: secret,
            secretText: secret.hex, certificate: try Certificate())
        let peers = try self.peers(secret)
        var rounds: [Round] = []
        for what in self.measure.split(separator: ",") {
            for number in 1...max(self.rounds, 1) {
                // The order turns round each time, so that what drifts favours nobody.
                let order = number % 2 == 1 ? peers : peers.reversed()
                switch what {
                case "pairs":
                    for count in self.pairs.split(separator: ",").compactMap({ Int($0) }) {
                        rounds.append(self.told(try measurement.direct(count, round: number)))
                        for peer in order {
                            rounds.append(self.told(try measurement.pairs(count, through: peer, round: number)))
                        }
                    }
                case "allocations":
                    for peer in order where peer.credentials != nil {
                        rounds.append(
                            self.told(try measurement.allocations(self.allocations, at: peer, round: number)))
                    }
                case "uclient":
                    for name in self.transports.split(separator: ",") {
                        guard
                            let load = Uclient(
                                name, processes: self.uclients, packets: self.seconds * 100, interval: 10)
                        else { throw ValidationError("uclient has no transport \(name)") }
                        for peer in order where peer.credentials != nil && (load.transport != .tls || peer.isSecure) {
                            rounds.append(self.told(try measurement.uclient(load, through: peer, round: number)))
                        }
                    }
                default:
                    throw ValidationError("nothing to measure is called \(what)")
                }
            }
        }
        let report = Report(rounds: rounds, rejection: measurement.rejection, tick: self.tick)
        print(self.json ? try report.json() : report.markdown())
    }

    private func peers(_ secret: RelaySecret) throws -> [Peer] {
        func words(_ command: some StringProtocol) -> [String] { command.split(separator: " ").map { String($0) } }
        var peers: [Peer] = []
        if !self.colloque.isEmpty { peers.append(.colloque(self.colloque, secret)) }
        for one in self.extra {
            guard let border = one.firstIndex(of: "=") else { throw ValidationError("--peer takes NAME=COMMAND") }
            peers.append(
                Peer(
                    name: String(one[..<border]), command: words(one[one.index(after: border)...]),
                    credentials: .closed(secret)))
        }
        peers += [.coturn(threads: 1), .coturn(threads: nil)]
        peers.append(Peer(name: "echo", command: [CommandLine.arguments[0], "echo", "{port}"], credentials: nil))
        let wanted = self.only.split(separator: ",").map { String($0) }
        return wanted.isEmpty ? peers : peers.filter { wanted.contains($0.name) }
    }

    /// Progress, for whoever waits.
    private func told(_ round: Round) -> Round {
        FileHandle.standardError.write(Data((Report.line(round) + "\n").utf8))
        return round
    }
}
