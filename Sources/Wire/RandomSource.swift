/// Where a core takes its random numbers: the system's generator, or a seeded one in simulations.
///
/// `.system` is a CSPRNG (getrandom(2) on Linux) and the only source for keys. `.seeded` makes a
/// run repeatable and predictable, hence fit for simulations only.
package struct RandomSource: RandomNumberGenerator, Sendable {
    private enum Kind: Sendable {
        case system
        case seeded(state: UInt64)
    }

    private var kind: Kind

    private init(kind: Kind) {
        self.kind = kind
    }

    package static let system = RandomSource(kind: .system)

    package static func seeded(_ seed: UInt64) -> RandomSource {
        RandomSource(kind: .seeded(state: seed))
    }

    package mutating func next() -> UInt64 {
        switch self.kind {
        case .system:
            var generator = SystemRandomNumberGenerator()
            return generator.next()
        case .seeded(let state):
            // SplitMix64: passes BigCrush and splits well into child seeds.
            let advanced = state &+ 0x9E37_79B9_7F4A_7C15
            self.kind = .seeded(state: advanced)
            var mixed = advanced
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// `count` fresh random octets.
    package mutating func bytes(count: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        while result.count < count {
            var word = self.next()
            for _ in 0..<min(8, count - result.count) {
                result.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return result
    }

    /// A source of the same kind for a part of its own: the system's again, or a seed drawn from this one.
    package mutating func child() -> RandomSource {
        switch self.kind {
        case .system: .system
        case .seeded: .seeded(self.next())
        }
    }

    /// A value in 0 ..< 1, for jitter and loss.
    package mutating func unitInterval() -> Double {
        Double(self.next() >> 11) * 0x1p-53
    }
}
