import ArgumentParser
import Foundation
import Logging
import Network
import Relay
import TURN
import Wire

/// `colloque relay`: the relay as a process of its own.
struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay",
        abstract: "Move sealed voice between the two sides of a room that find no direct path.",
        discussion: """
            STUN and TURN (RFC 8656) over UDP and TCP on one port, and over TLS on another. The relay is closed: it \
            lets the two sides of one room reach each other and nobody else, so it needs no list of forbidden \
            networks and no range of open ports. It shares one secret with the broker that grants its use, and \
            nothing else; it may run here or on another host.

            A broker starts its own with `colloque broker --relay-listen`. Start one yourself to have it elsewhere, \
            or on more than one host; name it in the broker's configuration (`relay = turn:HOST:3478?transport=udp`).

            SIGTERM ends it, SIGHUP reads the certificate again. Logs go to stderr and hold no address and no name.

            EXAMPLES
              colloque relay --listen 0.0.0.0:3478 --secret-file /etc/colloque/relay.secret
              colloque relay --listen 0.0.0.0:3478 --tls-listen 0.0.0.0:443 --tls-certificate chain.pem \
            --tls-key key.pem --secret-file relay.secret --public-address 192.0.2.1

            EXIT STATUS
              0 ended on SIGTERM or SIGINT · 69 address in use or not ours · 78 secret or certificate is wrong
            """)

    @Option(help: ArgumentHelp("Where STUN and TURN are served, over UDP and TCP.", valueName: "host:port"))
    var listen = "0.0.0.0:3478"

    @Option(help: ArgumentHelp("Where TURN is served over TLS.", valueName: "host:port"))
    var tlsListen: String?

    @Option(help: ArgumentHelp("PEM file with the certificate and its chain.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("PEM file with the certificate's key.", valueName: "file"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "What is shared with the broker: 64 hexadecimal digits, made if it is not there.", valueName: "file"))
    var secretFile: String

    @Option(
        help: ArgumentHelp(
            "Behind which address clients see this machine; may be given for IPv4 and IPv6 (default: its own).",
            valueName: "address"))
    var publicAddress: [String] = []

    @Option(
        help: ArgumentHelp("Threads that serve UDP, each with a socket of its own on the port.", valueName: "count"))
    var threads = 1

    @Option(
        help: ArgumentHelp(
            "A network whose people share one address, and how many times the limits it gets: '192.0.2.0/24 8'.",
            valueName: "network"))
    var hospital: [String] = []

    @Option(help: ArgumentHelp("Allocations at once from one IPv4 address or IPv6 /64.", valueName: "count"))
    var allocationsPerSource = RelayPolicy().allocationsPerSource

    @Option(help: ArgumentHelp("Allocations at once in all.", valueName: "count"))
    var allocations = RelayPolicy().allocations

    @Option(help: ArgumentHelp("What one allocation may move, each way.", valueName: "kbit/s"))
    var bitRate = RelayPolicy().kilobitsPerSecond

    @Option(help: ArgumentHelp("What all of them together may move (default: no limit).", valueName: "kbit/s"))
    var totalBitRate: Int?

    @Option(
        help: ArgumentHelp("Answers a second to one source that proved nothing, over UDP.", valueName: "count"))
    var repliesPerSource = RelayPolicy().repliesPerSource

    @Option(help: ArgumentHelp("The same to all of them together.", valueName: "count"))
    var replies = RelayPolicy().replies

    @Flag(help: "Print one JSON document on stdout and nothing else.")
    var json = false

    @Option(help: ArgumentHelp("Where the broker hands over streams.", visibility: .hidden))
    var control: String?

    @Option(help: ArgumentHelp("What a broker recognises this relay by.", visibility: .hidden))
    var purpose = ""

    @Flag(help: ArgumentHelp("End when no broker and no allocation is left.", visibility: .hidden))
    var supervised = false

    func validate() throws {
        for (name, value, range) in [
            ("--threads", self.threads, 1...64), ("--allocations-per-source", self.allocationsPerSource, 1...1_000_000),
            ("--allocations", self.allocations, 1...10_000_000), ("--bit-rate", self.bitRate, 1...10_000_000),
            ("--total-bit-rate", self.totalBitRate ?? 1, 1...1_000_000_000),
            ("--replies-per-source", self.repliesPerSource, 1...1_000_000), ("--replies", self.replies, 1...10_000_000),
        ] where !range.contains(value) {
            throw ValidationError("\(name) is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        guard self.tlsListen == nil || self.tlsCertificate != nil && self.tlsKey != nil else {
            throw ValidationError("--tls-listen needs --tls-certificate and --tls-key")
        }
    }

    func run() async throws {
        let logger = Logger(label: "relay") { StreamLogHandler.standardError(label: $0) }
        let server: RelayServer
        let ports: RelayPorts
        do {
            server = try RelayServer(
                configuration: try self.relayConfiguration(), version: colloqueVersion, purpose: self.purpose,
                logger: logger)
            ports = try await server.start()
        } catch let error as RelayError {
            throw CommandFailure(error)
        }
        try self.announce(ports)
        ServiceManager.tell("READY=1")
        let watchdog = Task { await ServiceManager.feedWatchdog() }
        let (stops, stop) = AsyncStream.makeStream(of: Int32.self)
        server.onStop { stop.yield(SIGTERM) }
        let signals = Task {
            for await signal in Signals.stream([SIGTERM, SIGINT, SIGHUP]) { stop.yield(signal) }
        }
        for await signal in stops {
            guard signal == SIGHUP else { break }
            do {
                try server.reload()
            } catch {
                logger.error("certificate not read, the old one stays")
            }
        }
        ServiceManager.tell("STOPPING=1")
        signals.cancel()
        watchdog.cancel()
        await server.shutdown()
    }

    private func relayConfiguration() throws -> RelayConfiguration {
        let secret: RelaySecret
        do {
            secret = try RelaySecretFile.readOrMake(self.secretFile)
        } catch {
            throw CommandFailure(code: 78, error.words)
        }
        var configuration = RelayConfiguration(secret: secret)
        configuration.listen = try Self.address(self.listen, option: "--listen")
        configuration.tlsListen = try self.tlsListen.map { try Self.address($0, option: "--tls-listen") }
        configuration.tlsCertificate = self.tlsCertificate
        configuration.tlsKey = self.tlsKey
        configuration.publicAddresses = try self.publicAddress.map { text in
            guard let address = IPAddress(text) else {
                throw ValidationError("--public-address takes an IP address, not `\(text)`")
            }
            return address
        }
        configuration.shards = self.threads
        configuration.controlPath = self.control
        configuration.isSupervised = self.supervised
        configuration.policy.allocationsPerSource = self.allocationsPerSource
        configuration.policy.allocations = self.allocations
        configuration.policy.kilobitsPerSecond = self.bitRate
        configuration.policy.totalKilobitsPerSecond = self.totalBitRate
        configuration.policy.repliesPerSource = self.repliesPerSource
        configuration.policy.replies = self.replies
        let networks = try self.hospital.map { text in
            guard let network = HospitalNetwork(text) else {
                throw ValidationError("--hospital takes a network and a number, such as '192.0.2.0/24 8'")
            }
            return network
        }
        configuration.policy.allowance = { address in
            networks.filter { $0.contains(address) }.map(\.allowance).max() ?? 1
        }
        return configuration
    }

    private static func address(_ text: String, option: String) throws -> ListenAddress {
        guard let address = ListenAddress(text) else {
            throw ValidationError("\(option) takes an IP address or localhost with a port, not `\(text)`")
        }
        return address
    }

    private func announce(_ ports: RelayPorts) throws {
        if self.json {
            try printJSON(Ports(port: ports.port, tlsPort: ports.tlsPort))
        } else {
            let tls = ports.tlsPort.map { "tls-port: \($0)\n" } ?? ""
            FileHandle.standardOutput.write(Data("port: \(ports.port)\n\(tls)".utf8))
        }
    }

    private struct Ports: Encodable {
        let port: UInt16
        let tlsPort: UInt16?
    }
}

extension CommandFailure {
    init(_ error: RelayError) {
        switch error {
        case .certificate(let file): self.init(code: 78, "\(file): the certificate or its key cannot be used")
        case .cannotListen(let address): self.init(code: 69, "\(address): cannot listen there")
        case .noPublicAddress: self.init(code: 78, "this machine has no address to be seen by; give --public-address")
        case .controlPathTooLong(let path): self.init(code: 78, "\(path): longer than a socket's name may be")
        }
    }
}
