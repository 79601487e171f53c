internal import Wire

extension TURNClient {
    /// Which peers have a channel, the short form of a datagram (RFC 8656 §12).
    struct Channels: Sendable {
        private enum State: Sendable {
            case binding, bound
        }

        private struct Channel: Sendable {
            let number: UInt16
            let peer: TransportAddress
            var state: State
            /// When to bind again; `nil` while that is on its way.
            var refreshAt: Instant?
            var lastUsed: Instant
        }

        private var channels: [Channel] = []
        private var nextNumber = Self.numbers.lowerBound
        /// After a refusal nothing is bound before this.
        private var restsUntil: Instant?

        /// The bound channel to `peer`.
        mutating func number(for peer: TransportAddress, now: Instant) -> UInt16? {
            for index in self.channels.indices where self.channels[index].peer == peer {
                guard case .bound = self.channels[index].state else { return nil }
                self.channels[index].lastUsed = now
                return self.channels[index].number
            }
            return nil
        }

        /// The peer behind a channel of the server's; also while the server's answer is on its way.
        func peer(of number: UInt16) -> TransportAddress? {
            self.channels.first { $0.number == number }?.peer
        }

        /// - Returns: The number to bind, or `nil` if that is done or under way, or was refused a moment ago.
        mutating func bind(_ peer: TransportAddress, now: Instant) -> UInt16? {
            guard !self.channels.contains(where: { $0.peer == peer }), self.channels.count < Self.maximumCount,
                now >= self.restsUntil ?? now
            else { return nil }
            let number = self.nextNumber
            // Numbers are not used again for long (RFC 8656 §12): they are taken in turn.
            self.nextNumber = number == Self.numbers.upperBound ? Self.numbers.lowerBound : number + 1
            self.channels.append(Channel(number: number, peer: peer, state: .binding, lastUsed: now))
            return number
        }

        mutating func bound(_ number: UInt16, now: Instant) {
            guard let index = self.channels.firstIndex(where: { $0.number == number }) else { return }
            self.channels[index].state = .bound
            self.channels[index].refreshAt = now + Self.refreshInterval
        }

        /// Refused or unanswered: datagrams go as indications again.
        mutating func failed(_ number: UInt16, now: Instant) {
            self.channels.removeAll { $0.number == number }
            self.restsUntil = now + Self.restAfterRefusal
        }

        var nextRefresh: Instant? { self.channels.lazy.compactMap(\.refreshAt).min() }

        /// The channels that have to be bound again now; one that nobody uses any more runs out.
        mutating func takeDue(now: Instant) -> [(number: UInt16, peer: TransportAddress)] {
            self.channels.removeAll { channel in
                channel.refreshAt.map { $0 <= now } == true && now - channel.lastUsed > Self.refreshInterval
            }
            var due: [(number: UInt16, peer: TransportAddress)] = []
            for index in self.channels.indices where self.channels[index].refreshAt.map({ $0 <= now }) == true {
                self.channels[index].refreshAt = nil
                due.append((self.channels[index].number, self.channels[index].peer))
            }
            return due
        }

        /// RFC 8656 §12.
        private static let numbers: ClosedRange<UInt16> = 0x4000...0x4FFF
        /// A channel lasts 600 s, its permission 300 s (RFC 8656 §12): one request renews both.
        private static let refreshInterval: Duration = .seconds(240)
        private static let restAfterRefusal: Duration = .seconds(10)
        private static let maximumCount = 16
    }
}

/// ChannelData (RFC 8656 §12.4).
enum ChannelFrame {
    /// - Parameter isPadded: To a multiple of four, as on streams (§12.5).
    static func encode(_ payload: [UInt8], channel: UInt16, isPadded: Bool) -> [UInt8] {
        let padding = isPadded ? -payload.count & 3 : 0
        var frame: [UInt8] = []
        frame.reserveCapacity(4 + payload.count + padding)
        frame.append(UInt8(truncatingIfNeeded: channel >> 8))
        frame.append(UInt8(truncatingIfNeeded: channel))
        frame.append(UInt8(truncatingIfNeeded: payload.count >> 8))
        frame.append(UInt8(truncatingIfNeeded: payload.count))
        frame.append(contentsOf: payload)
        frame.append(contentsOf: repeatElement(0, count: padding))
        return frame
    }

    /// - Returns: `nil` for a length beyond what is there. On UDP there may be padding behind it.
    static func decode(_ frame: ArraySlice<UInt8>) -> (channel: UInt16, payload: ArraySlice<UInt8>)? {
        guard frame.count >= 4 else { return nil }
        let start = frame.startIndex
        let length = Int(frame[start + 2]) << 8 | Int(frame[start + 3])
        guard frame.count >= 4 + length else { return nil }
        return (UInt16(frame[start]) << 8 | UInt16(frame[start + 1]), frame[(start + 4)..<(start + 4 + length)])
    }
}
