internal import Wire

extension TURNClient {
    /// The addresses that may be sent to through the allocation, by IP alone (RFC 8656 §9).
    ///
    /// The first datagrams for an address wait until the server has agreed. A refusal concerns that address and no
    /// other; it is asked for again a few times at most.
    struct Permissions: Sendable {
        enum Verdict: Equatable, Sendable {
            case granted
            /// The datagram is kept; ask the server.
            case ask
            /// The datagram is kept until the server answers.
            case held
            /// The server refused, or there are too many: the datagram is lost like any other.
            case refused
        }

        private enum State: Sendable {
            case asking
            case granted
            case refused(retryAt: Instant)
        }

        private struct Entry: Sendable {
            let ip: IPAddress
            var state: State
            /// When to ask again for what is granted; `nil` while that is on its way.
            var refreshAt: Instant?
            var refusals = 0
            var lastUsed: Instant
            var held: [(payload: [UInt8], peer: TransportAddress)] = []
        }

        private var entries: [Entry] = []

        /// A datagram to `peer` is about to be sent.
        mutating func use(_ peer: TransportAddress, payload: [UInt8], now: Instant) -> Verdict {
            guard let index = self.index(of: peer.ip, now: now) else {
                self.makeRoom()
                var entry = Entry(ip: peer.ip, state: .asking, lastUsed: now)
                entry.held = [(payload, peer)]
                self.entries.append(entry)
                return .ask
            }
            switch self.entries[index].state {
            case .granted: return .granted
            case .asking:
                self.hold(payload, peer, at: index)
                return .held
            case .refused(let retryAt):
                guard self.entries[index].refusals < Self.maximumRefusals, now >= retryAt else { return .refused }
                self.entries[index].state = .asking
                self.hold(payload, peer, at: index)
                return .ask
            }
        }

        /// Whether data from here is awaited; the server itself lets nothing else through.
        func contains(_ ip: IPAddress) -> Bool {
            self.entries.contains { $0.ip == ip }
        }

        /// - Returns: What waited for this.
        mutating func granted(_ ip: IPAddress, now: Instant) -> [(payload: [UInt8], peer: TransportAddress)] {
            guard let index = self.index(of: ip) else { return [] }
            self.entries[index].state = .granted
            self.entries[index].refreshAt = now + Self.refreshInterval
            self.entries[index].refusals = 0
            defer { self.entries[index].held = [] }
            return self.entries[index].held
        }

        mutating func refused(_ ip: IPAddress, now: Instant) {
            guard let index = self.index(of: ip) else { return }
            self.entries[index].refusals += 1
            self.entries[index].state = .refused(retryAt: now + Self.retryInterval)
            self.entries[index].refreshAt = nil
            self.entries[index].held = []
        }

        /// The server did not answer: the next datagram asks again.
        mutating func unanswered(_ ip: IPAddress) {
            self.entries.removeAll { $0.ip == ip }
        }

        var nextRefresh: Instant? { self.entries.lazy.compactMap(\.refreshAt).min() }

        /// The addresses whose permission has to be renewed now.
        mutating func takeDue(now: Instant) -> [IPAddress] {
            var due: [IPAddress] = []
            for index in self.entries.indices where self.entries[index].refreshAt.map({ $0 <= now }) == true {
                self.entries[index].refreshAt = nil
                due.append(self.entries[index].ip)
            }
            return due
        }

        private func index(of ip: IPAddress) -> Int? {
            self.entries.firstIndex { $0.ip == ip }
        }

        private mutating func index(of ip: IPAddress, now: Instant) -> Int? {
            guard let index = self.index(of: ip) else { return nil }
            self.entries[index].lastUsed = now
            return index
        }

        private mutating func hold(_ payload: [UInt8], _ peer: TransportAddress, at index: Int) {
            if self.entries[index].held.count >= Self.maximumHeld { self.entries[index].held.removeFirst() }
            self.entries[index].held.append((payload, peer))
        }

        /// The address that was used longest ago makes room.
        private mutating func makeRoom() {
            guard self.entries.count >= Self.maximumCount,
                let oldest = self.entries.indices.min(by: {
                    self.entries[$0].lastUsed < self.entries[$1].lastUsed
                })
            else { return }
            self.entries.remove(at: oldest)
        }

        /// A permission lasts 300 s (RFC 8656 §9).
        private static let refreshInterval: Duration = .seconds(240)
        private static let retryInterval: Duration = .seconds(2)
        private static let maximumRefusals = 3
        private static let maximumHeld = 4
        private static let maximumCount = 32
    }
}
