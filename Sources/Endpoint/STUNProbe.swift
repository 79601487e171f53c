internal import Network
internal import STUN
package import TURN
package import Wire

/// Asks a STUN server which address this machine is seen at (RFC 8489 §6.2.1), three times half a second apart.
package enum STUNProbe {
    /// Blocks for up to two seconds.
    /// - Returns: the mapped address; `nil` when nobody answers.
    package static func run(_ uri: RelayURI) -> TransportAddress? {
        var random = RandomSource.system
        for ip in NetworkInterfaces.resolve(uri.host) {
            guard let local = NetworkInterfaces.address(toward: ip), let socket = try? DatagramSocket(bindingTo: local)
            else { continue }
            let id = TransactionID(random: &random)
            let request = STUNMessageBuilder(.request, .binding, transactionID: id).bytes
            for _ in 0..<Self.attempts {
                socket.send(request, to: TransportAddress(ip, port: uri.port))
                let deadline = monotonicNow() + Self.pause
                while monotonicNow() < deadline {
                    waitForInput(on: [socket.descriptor], for: deadline - monotonicNow())
                    while let (octets, _) = socket.receive() {
                        if let answer = try? STUNMessage(decoding: octets), answer.transactionID == id,
                            let mapped = answer.xorAddress(.xorMappedAddress)
                        {
                            return mapped
                        }
                    }
                }
            }
        }
        return nil
    }

    private static let attempts = 3
    private static let pause: Duration = .milliseconds(500)
}
