internal import Wire

/// What one packet after the other meets on a path, from a seed.
///
/// A trace knows nothing of what the packets carry, so every receiver can be given the same one.
package struct Trace {
    let name: String
    /// For people.
    let description: String
    /// Milliseconds on the way for each packet, `nil` for a lost one.
    let transits: [Double?]

    package static let names: [(name: String, description: String)] = [
        ("clean", "20 ms, nothing lost"),
        ("random5", "5 % lost at random"),
        ("random10", "10 % lost at random"),
        ("random20", "20 % lost at random"),
        ("bursts10", "10 % lost in runs of three on average (Gilbert)"),
        ("jitter60", "0 to 60 ms more, each packet for itself"),
        ("jitterloss", "0 to 60 ms more, 10 % lost at random"),
        ("spikes", "now and then the path stands still for 60 to 200 ms"),
        ("reordering", "one packet of ten comes 50 ms after its turn"),
        ("bottleneck", "40 kbit/s from the fourth second to the tenth, a queue of 200 ms"),
    ]

    /// - Parameter packetOctets: The payload, for paths on which size matters.
    init(_ name: String, count: Int, packetOctets: Int, seed: UInt64) {
        var random = RandomSource.seeded(seed &* 0x9E37 &+ UInt64(name.utf8.reduce(7) { $0 &* 31 &+ Int($1) }))
        self.name = name
        self.description = Self.names.first { $0.name == name }?.description ?? ""
        switch name {
        case "random5": self.transits = Self.random(count, loss: 0.05, jitter: 0, &random)
        case "random10": self.transits = Self.random(count, loss: 0.10, jitter: 0, &random)
        case "random20": self.transits = Self.random(count, loss: 0.20, jitter: 0, &random)
        case "jitter60": self.transits = Self.random(count, loss: 0, jitter: 60, &random)
        case "jitterloss": self.transits = Self.random(count, loss: 0.10, jitter: 60, &random)
        case "bursts10": self.transits = Self.bursts(count, loss: 0.10, length: 3, &random)
        case "spikes": self.transits = Self.spikes(count, &random)
        case "reordering": self.transits = (0..<count).map { _ in random.unitInterval() < 0.1 ? 70 : 20 }
        case "bottleneck": self.transits = Self.bottleneck(count, packetOctets: packetOctets)
        default: self.transits = [Double?](repeating: Self.base, count: count)
        }
    }

    private static func random(
        _ count: Int, loss: Double, jitter: Double, _ random: inout RandomSource
    ) -> [Double?] {
        (0..<count).map { _ in
            let isLost = random.unitInterval() < loss
            let more = jitter * random.unitInterval()
            return isLost ? nil : Self.base + more
        }
    }

    /// Gilbert's model: a bad state that loses everything and lasts `length` packets on average.
    private static func bursts(
        _ count: Int, loss: Double, length: Double, _ random: inout RandomSource
    ) -> [Double?] {
        let entering = loss / (length * (1 - loss))
        var isBad = false
        return (0..<count).map { _ in
            isBad = isBad ? random.unitInterval() >= 1 / length : random.unitInterval() < entering
            return isBad ? nil : Self.base
        }
    }

    /// A wireless link that stops: what was sent meanwhile comes at once when it goes on.
    private static func spikes(_ count: Int, _ random: inout RandomSource) -> [Double?] {
        var free = 0.0
        return (0..<count).map { index in
            let sent = Double(index) * 20
            // One stop in three seconds on average.
            if random.unitInterval() < 1.0 / 150 { free = max(free, sent + 60 + 140 * random.unitInterval()) }
            return max(free - sent, 0) + Self.base + 2 * random.unitInterval()
        }
    }

    private static func bottleneck(_ count: Int, packetOctets: Int) -> [Double?] {
        var free = 0.0
        return (0..<count).map { index in
            let sent = Double(index) * 20
            guard (4_000..<10_000).contains(sent) || free > sent else { return Self.base }
            let kilobits: Double = (4_000..<10_000).contains(sent) ? 40 : 10_000
            let waits = max(free - sent, 0)
            guard waits <= 200 else { return nil }
            free = max(free, sent) + Double(packetOctets + Self.overhead) * 8 / kilobits
            return free - sent + Self.base
        }
    }

    /// The comma-separated table that other receivers read: one line per packet.
    var table: String {
        self.transits.map { $0.map { "\($0)\n" } ?? "lost\n" }.joined()
    }

    /// Milliseconds that every packet takes at least.
    private static let base = 20.0
    /// Octets of IPv4, UDP, RTP and the tag of SRTP.
    private static let overhead = 20 + 8 + 12 + 16
}
