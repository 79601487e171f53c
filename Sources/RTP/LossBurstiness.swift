/// Whether losses come in runs, from the peer's maps of them.
struct LossBurstiness: Sendable {
    private(set) var isBursty = false
    private var losses = 0.0
    private var runs = 0.0
    private var nextSequence: UInt16?
    private var wasLost = false

    mutating func receive(_ map: LossMap) {
        self.losses *= Self.memory
        self.runs *= Self.memory
        // Maps overlap: what was told before is passed over.
        var known = self.nextSequence.map { Int($0 &- map.firstSequence) } ?? 0
        if known > map.received.count {
            self.wasLost = false
            known = 0
        }
        for hasCome in map.received.dropFirst(known) {
            if !hasCome {
                self.losses += 1
                if !self.wasLost { self.runs += 1 }
            }
            self.wasLost = !hasCome
        }
        self.nextSequence = map.firstSequence &+ UInt16(map.received.count)
        guard self.losses >= Self.enough else { return }
        let length = self.losses / max(self.runs, 1)
        self.isBursty = length >= (self.isBursty ? Self.shortRuns : Self.longRuns)
    }

    /// Per report: half is forgotten after 2.4, some 6 s.
    private static let memory = 0.75
    /// Losses of which something can be said.
    private static let enough = 8.0
    /// Packets: losses by chance make runs of 1.1 at a tenth and of 1.25 at a fifth.
    private static let longRuns = 1.8
    private static let shortRuns = 1.4
}
