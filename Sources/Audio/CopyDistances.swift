/// How many packets later copies of a packet come (RFC 2198), as the last packets had it.
struct CopyDistances: Equatable, Sendable {
    /// Bit n - 1 for a copy n packets later: seen in this period, and in the one before.
    private var seen: UInt32 = 0
    private var seenBefore: UInt32 = 0
    private var observations = 0

    /// A packet brought a copy of the one `distance` before it.
    mutating func observe(_ distance: Int) {
        guard (1...Self.farthest).contains(distance) else { return }
        self.observations += 1
        if self.observations > Self.period {
            self.observations = 0
            self.seenBefore = self.seen
            self.seen = 0
        }
        self.seen |= 1 << UInt32(distance - 1)
    }

    /// A copy comes with the next packet, and no other.
    static var next: Self {
        var distances = Self()
        distances.observe(1)
        return distances
    }

    private var all: UInt32 { self.seen | self.seenBefore }

    /// How many copies there are.
    var count: Int { self.all.nonzeroBitCount }

    /// The farthest of them, 0 if there is none.
    var longest: Int { UInt32.bitWidth - self.all.leadingZeroBitCount }

    /// Goes through the distances, the shortest first.
    func forEach(_ body: (Int) -> Void) {
        var rest = self.all
        while rest != 0 {
            body(rest.trailingZeroBitCount + 1)
            rest &= rest - 1
        }
    }

    /// What the field for it holds in packets of 10 ms, nearly: 341 ms (RFC 2198 §3).
    private static let farthest = 32
    /// Copies: a second or two, whatever comes with a packet.
    private static let period = 150
}
