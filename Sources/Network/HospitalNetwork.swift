package import Wire

/// A network whose many people share one address, and how much more it gets than others.
package struct HospitalNetwork: Equatable, Sendable {
    package let prefix: IPAddress
    /// Bits of `prefix` that count.
    package let length: Int
    /// How many times the usual limits.
    package let allowance: Int

    /// Reads `192.0.2.0/24 8`.
    package init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, let allowance = Int(parts[1]), (1...1000).contains(allowance) else { return nil }
        let network = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard network.count == 2, let prefix = IPAddress(network[0]), let length = Int(network[1]),
            (0...prefix.bytes.count * 8).contains(length)
        else { return nil }
        self.prefix = prefix
        self.length = length
        self.allowance = allowance
    }

    package func contains(_ address: IPAddress) -> Bool {
        guard address.isIPv6 == self.prefix.isIPv6 else { return false }
        var bits = self.length
        for (left, right) in zip(address.bytes, self.prefix.bytes) where bits > 0 {
            let shift = UInt8(max(0, 8 - bits))
            guard left >> shift == right >> shift else { return false }
            bits -= 8
        }
        return true
    }
}

extension HospitalNetwork: CustomStringConvertible {
    package var description: String { "\(self.prefix)/\(self.length) \(self.allowance)" }
}
