import Network
import Wire

/// How a broker starts its relay.
struct RelayCommandLine {
    let controlPath: String
    /// Behind the program's name.
    let arguments: [String]
    /// What makes two relays the same: all that they were told.
    let purpose: String

    /// - Returns: `nil` where no relay is to be started.
    init?(_ configuration: BrokerConfiguration) {
        let relay = configuration.relay
        guard let listen = relay.listen else { return nil }
        self.controlPath = "\(configuration.state)/relay.sock"
        var settings = ["--listen", listen.description, "--threads", "\(relay.threads)"]
        settings += relay.publicAddresses.flatMap { ["--public-address", $0.description] }
        settings += configuration.hospitals.flatMap { ["--hospital", $0.description] }
        settings += ["--secret-file", configuration.relaySecretFile]
        self.purpose = settings.joined(separator: " ")
        self.arguments =
            ["relay"] + settings + ["--control", self.controlPath, "--supervised", "--purpose=\(self.purpose)"]
    }
}

/// What both ends of a consultation are told of the relay, best first, as few as serve: a browser makes an allocation
/// for each.
enum RelayURLs {
    /// - Parameters:
    ///   - port: The broker's own.
    ///   - relayPort: Of the relay here, `nil` while there is none.
    static func list(_ configuration: BrokerConfiguration, port: UInt16, relayPort: UInt16?) -> [String] {
        guard let relayPort else { return configuration.relay.urls }
        let name = configuration.relay.host ?? configuration.hosts.first ?? self.address(configuration)
        let host = name.contains(":") && !name.hasPrefix("[") ? "[\(name)]" : name
        var urls = ["stun:", "turn:", "turn:"].map { "\($0)\(host):\(relayPort)" }
        urls[1] += "?transport=udp"
        urls[2] += "?transport=tcp"
        // One port for everything: where only 443 is open, this is the one that gets through.
        if configuration.isTLS { urls.append("turns:\(host):\(port)?transport=tcp") }
        return urls + configuration.relay.urls
    }

    private static func address(_ configuration: BrokerConfiguration) -> String {
        let host = configuration.relay.listen?.host ?? "localhost"
        return host == "localhost" ? "127.0.0.1" : host
    }
}
