internal import Wire

/// The pairs of one generation, best first, and which of them is checked next (RFC 8445 §§6.1.2, 6.1.4).
struct Checklist: Sendable {
    /// By falling priority; at most ``maximumPairs``.
    private(set) var pairs: [CandidatePair] = []
    /// Pairs to check before any other, in order of request.
    private var triggered: [PairID] = []
    private var nextID = 0

    subscript(id: PairID) -> CandidatePair? {
        self.pairs.first { $0.id == id }
    }

    subscript(path: Path) -> CandidatePair? {
        self.pairs.first { $0.path == path }
    }

    mutating func update(_ id: PairID, _ change: (inout CandidatePair) -> Void) {
        guard let index = self.pairs.firstIndex(where: { $0.id == id }) else { return }
        change(&self.pairs[index])
    }

    /// Adds a pair unless its path is there already; the worst pair that no check depends on makes room.
    /// - Returns: The pair on that path, or `nil` when the list is full of better ones.
    mutating func add(
        path: Path, local: Candidate, checkPriority: UInt32, remote: Candidate, role: ICERole
    ) -> PairID? {
        if let existing = self[path] { return existing.id }
        let id = PairID(rawValue: self.nextID)
        self.nextID += 1
        var pair = CandidatePair(
            id: id, path: path, local: local, checkPriority: checkPriority, remote: remote, state: .frozen)
        pair.priority = Self.priority(of: pair, role: role)
        // RFC 8838 §12: a new pair waits unless one of its foundation is being checked.
        let isShadowed = self.pairs.contains {
            $0.hasSameFoundation(as: pair) && ($0.state == .waiting || $0.state == .inProgress)
        }
        if !isShadowed { pair.state = .waiting }
        if self.pairs.count >= Self.maximumPairs {
            let candidates = self.pairs.indices.filter {
                self.pairs[$0].priority < pair.priority || self.pairs[$0].state == .failed
            }
            let expendable = candidates.filter { index in
                let state = self.pairs[index].state
                return state == .failed || state == .frozen || state == .waiting
            }
            guard let worst = expendable.last(where: { self.pairs[$0].state == .failed }) ?? expendable.last else {
                return nil
            }
            self.triggered.removeAll { $0 == self.pairs[worst].id }
            self.pairs.remove(at: worst)
        }
        self.pairs.append(pair)
        self.sort()
        return id
    }

    /// Puts the signalled candidate in the place of the peer-reflexive guess (RFC 8445 §7.3.1.3).
    mutating func replaceRemote(at address: TransportAddress, with candidate: Candidate, role: ICERole) {
        for index in self.pairs.indices where self.pairs[index].path.remote == address {
            self.pairs[index].remote = candidate
        }
        self.reprioritize(role: role)
    }

    mutating func reprioritize(role: ICERole) {
        for index in self.pairs.indices {
            self.pairs[index].priority = Self.priority(of: self.pairs[index], role: role)
        }
        self.sort()
    }

    mutating func remove(where matches: (CandidatePair) -> Bool) {
        self.pairs.removeAll(where: matches)
        self.triggered.removeAll { id in !self.pairs.contains { $0.id == id } }
    }

    mutating func enqueueTriggered(_ id: PairID) {
        guard !self.triggered.contains(id) else { return }
        self.triggered.append(id)
    }

    var hasTriggered: Bool { !self.triggered.isEmpty }

    mutating func nextTriggered() -> PairID? {
        self.triggered.isEmpty ? nil : self.triggered.removeFirst()
    }

    /// The pair whose ordinary check comes next, if any: the best waiting one, else the best frozen
    /// one of a foundation at rest (RFC 8445 §6.1.4.2).
    var nextOrdinary: PairID? {
        if let waiting = self.pairs.first(where: { $0.state == .waiting }) { return waiting.id }
        return self.pairs.first { pair in
            pair.state == .frozen
                && !self.pairs.contains { $0.state == .inProgress && $0.hasSameFoundation(as: pair) }
        }?.id
    }

    /// RFC 8445 §7.2.5.3.3.
    mutating func unfreeze(like pair: CandidatePair) {
        for index in self.pairs.indices
        where self.pairs[index].state == .frozen && self.pairs[index].hasSameFoundation(as: pair) {
            self.pairs[index].state = .waiting
        }
    }

    private static func priority(of pair: CandidatePair, role: ICERole) -> UInt64 {
        switch role {
        case .controlling:
            CandidatePair.priority(controlling: pair.local.priority, controlled: pair.remote.priority)
        case .controlled:
            CandidatePair.priority(controlling: pair.remote.priority, controlled: pair.local.priority)
        }
    }

    private mutating func sort() {
        self.pairs.sort { ($0.priority, $1.id.rawValue) > ($1.priority, $0.id.rawValue) }
    }

    /// RFC 8445 §6.1.2.5.
    static let maximumPairs = 100
}
