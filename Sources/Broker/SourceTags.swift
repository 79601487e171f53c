package import Network
import Primitives
package import Signalling
package import Wire

/// Turns addresses into what limits count by: a keyed hash of the IPv4 address or the IPv6 /64.
///
/// The key lives in memory and is replaced every day, so yesterday's tags say nothing about today's visitors.
package struct SourceTags: Sendable {
    private let hospitals: [HospitalNetwork]
    private var key: [UInt8]
    private var keyExpires: Instant
    private var random = RandomSource.system

    package init(hospitals: [HospitalNetwork], now: Instant) {
        self.hospitals = hospitals
        self.key = self.random.bytes(count: 32)
        self.keyExpires = now + Self.keyLifetime
    }

    package mutating func source(of address: IPAddress, now: Instant) -> Source {
        if self.keyExpires <= now {
            self.key = self.random.bytes(count: 32)
            self.keyExpires = now + Self.keyLifetime
        }
        let address = address.unmapped
        let network = address.isIPv6 ? Array(address.bytes.prefix(8)) : address.bytes
        let hash = HMACSHA256.authenticate(network, key: self.key)
        let allowance = self.hospitals.filter { $0.contains(address) }.map(\.allowance).max() ?? 1
        return Source(tag: hash.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }, allowance: allowance)
    }

    private static let keyLifetime: Duration = .seconds(24 * 3600)
}
