import ArgumentParser
import Broker
import Foundation
import Logging
import Network
import Wire

/// `colloque broker`: the server itself; its subcommands look after who may use it.
struct BrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Serve the page and pass sealed messages on.",
        discussion: """
            Serves the patient's page and the signalling over HTTPS and WebSocket on one port. With --relay-listen \
            it starts a relay beside itself, a process of its own, for calls that find no direct path: STUN and TURN \
            over UDP and TCP there, and TURN over TLS on the broker's own port. It passes on what it cannot read and \
            keeps enrolled keys, hashes and expiries, nothing else.

            Without a certificate it listens on loopback only. SIGTERM tells every connection to come back later \
            and ends; SIGHUP reads the configuration and the certificate again. Logs go to stderr and hold no \
            address, no room, no key and no name.

            EXAMPLES
              colloque broker --listen localhost:8080 --state ./state
              colloque broker --listen 0.0.0.0:443 --relay-listen 0.0.0.0:3478 --tls-certificate chain.pem \
            --tls-key key.pem --host broker.example
              colloque broker --config /etc/colloque/broker.conf
              colloque broker enroll "$(colloque identity show)" --note "Dr Martin, second floor"

            EXIT STATUS
              0 ended on SIGTERM or SIGINT · 69 address in use or not ours · 73 state directory cannot be used ·
              78 configuration or certificate is wrong
            """,
        subcommands: [BrokerEnroll.self, BrokerRevoke.self, BrokerDoctors.self, BrokerKnows.self])

    @OptionGroup var place: BrokerPlace

    @Option(help: ArgumentHelp("Where to serve, such as 0.0.0.0:443 or localhost:8080.", valueName: "host:port"))
    var listen: String?

    @Option(
        help: ArgumentHelp(
            "Also listen there without TLS, such as 0.0.0.0:80, and send people to the page over TLS.",
            valueName: "host:port"))
    var redirectListen: String?

    @Option(help: ArgumentHelp("PEM file with the certificate and its chain.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("PEM file with the certificate's key.", valueName: "file"))
    var tlsKey: String?

    @Option(help: ArgumentHelp("A name this broker answers for; may be repeated.", valueName: "name"))
    var host: [String] = []

    @Option(
        help: ArgumentHelp(
            "Start a relay that serves STUN and TURN over UDP and TCP there, such as 0.0.0.0:3478.",
            valueName: "host:port"))
    var relayListen: String?

    @Option(help: ArgumentHelp("Behind which address clients see the relay; may be repeated.", valueName: "address"))
    var relayPublicAddress: [String] = []

    @Option(
        help: ArgumentHelp(
            "Use the relay behind this socket, which something else starts, in place of one of the broker's own.",
            valueName: "path"))
    var relayControl: String?

    @Option(
        help: ArgumentHelp(
            "A relay elsewhere, such as turn:relay.example:3478?transport=udp; may be repeated.", valueName: "url"))
    var relay: [String] = []

    @Option(
        help: ArgumentHelp(
            "What is shared with relays: 64 hexadecimal digits (default: relay.secret in the state directory).",
            valueName: "file"))
    var relaySecretFile: String?

    func run() async throws {
        let logger = Logger(label: "broker") { StreamLogHandler.standardError(label: $0) }
        // Before anything answers: who is asked to end while it starts still ends in order.
        let signals = Signals.stream([SIGTERM, SIGINT, SIGHUP])
        let server: BrokerServer
        let ports: BoundAddresses
        do {
            server = try BrokerServer(
                configuration: try self.brokerConfiguration(), inheritedSockets: ServiceManager.inheritedSockets(),
                logger: logger)
            ports = try await server.start()
        } catch let error as BrokerError {
            throw BrokerFailure(error).exit()
        }
        try self.announce(ports)
        ServiceManager.tell("READY=1")
        let watchdog = Task { await ServiceManager.feedWatchdog() }
        for await signal in signals {
            guard signal == SIGHUP else { break }
            do {
                try await server.reload(try self.brokerConfiguration())
            } catch {
                logger.error("not reloaded, the old configuration stays", metadata: ["error": "\(error)"])
            }
        }
        ServiceManager.tell("STOPPING=1")
        watchdog.cancel()
        await server.shutdown()
    }

    /// The file first, then what the command line says.
    private func brokerConfiguration() throws -> BrokerConfiguration {
        var configuration = try self.place.fileConfiguration()
        if let listen = self.listen { configuration.listen = try self.address(listen, option: "--listen") }
        if let redirect = self.redirectListen {
            configuration.redirectListen = try self.address(redirect, option: "--redirect-listen")
        }
        if let relay = self.relayListen {
            configuration.relay.listen = try self.address(relay, option: "--relay-listen")
        }
        configuration.relay.publicAddresses += try self.relayPublicAddress.map { text in
            guard let address = IPAddress(text) else {
                throw ValidationError("--relay-public-address takes an IP address, not `\(text)`")
            }
            return address
        }
        configuration.relay.urls += self.relay
        if let control = self.relayControl {
            configuration.relay.control = control
            configuration.relay.listen = nil
        }
        if let file = self.relaySecretFile { configuration.relay.secretFile = file }
        if let certificate = self.tlsCertificate { configuration.tlsCertificate = certificate }
        if let key = self.tlsKey { configuration.tlsKey = key }
        if !self.host.isEmpty { configuration.hosts = self.host.map { $0.lowercased() } }
        return configuration
    }

    private func address(_ text: String, option: String) throws -> ListenAddress {
        guard let address = ListenAddress(text) else {
            throw ValidationError("\(option) takes an IP address or localhost with a port, not `\(text)`")
        }
        return address
    }

    private func announce(_ ports: BoundAddresses) throws {
        if self.place.json {
            try printJSON(Ports(port: ports.port, relayPort: ports.relayPort, redirectPort: ports.redirectPort))
        } else {
            let relay = ports.relayPort.map { "relay: \($0)\n" } ?? ""
            let redirect = ports.redirectPort.map { "redirect: \($0)\n" } ?? ""
            // Not print: whoever waits for the port behind a pipe would wait for a full buffer.
            FileHandle.standardOutput.write(Data("port: \(ports.port)\n\(relay)\(redirect)".utf8))
        }
    }

    private struct Ports: Encodable {
        let port: UInt16
        let relayPort: UInt16?
        let redirectPort: UInt16?
    }
}

/// Where the broker's configuration and state are, for every command about it.
struct BrokerPlace: ParsableArguments {
    @Option(help: ArgumentHelp("Lines of `key = value`; see the sample broker.conf.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Directory of the database (default: /var/lib/colloque).", valueName: "directory"))
    var state: String?

    @Flag(help: "Print one JSON document on stdout and nothing else.")
    var json = false

    /// The file's configuration, or the defaults, with the state directory of the command line.
    func fileConfiguration() throws -> BrokerConfiguration {
        var configuration = BrokerConfiguration()
        if let config = self.config {
            guard let text = try? String(contentsOfFile: config, encoding: .utf8) else {
                throw BrokerFailure("\(config): cannot be read", code: 78).exit()
            }
            do {
                configuration = try BrokerConfiguration(parsing: text)
            } catch {
                throw BrokerFailure("\(config): \(error.description)", code: 78).exit()
            }
        }
        if let state = self.state { configuration.state = state }
        return configuration
    }

    func store() throws -> any RoomStore {
        let directory = try self.fileConfiguration().state
        do {
            return try SQLiteRoomStore(directory: directory)
        } catch {
            throw BrokerFailure(.store(error)).exit()
        }
    }
}

/// One line for the person, one code of sysexits.h for the script.
struct BrokerFailure {
    let message: String
    let code: Int32

    init(_ message: String, code: Int32) {
        self.message = message
        self.code = code
    }

    init(_ error: BrokerError) {
        switch error {
        case .configuration(let error): self.init("configuration: \(error.description)", code: 78)
        case .certificate(let file): self.init("\(file): the certificate or its key cannot be used", code: 78)
        case .cannotListen(let address): self.init("\(address): cannot listen there", code: 69)
        case .relay(let words): self.init("the relay: \(words)", code: 69)
        case .stateInUse(let directory):
            self.init("\(directory): another broker uses it; stop that one, or give another --state", code: 73)
        case .store(.directory(let directory)): self.init("\(directory): cannot be made or entered", code: 73)
        case .store(.database(let words)): self.init("the database cannot be used: \(words)", code: 73)
        }
    }

    /// Says it on stderr.
    func exit() -> ExitCode {
        FileHandle.standardError.write(Data("colloque broker: \(self.message)\n".utf8))
        return ExitCode(self.code)
    }
}

/// One JSON document with stable order.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    FileHandle.standardOutput.write(try encoder.encode(value) + Data("\n".utf8))
}
