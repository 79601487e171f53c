internal import STUN
internal import Wire

/// What an allocation is given and for how long (RFC 8656 §§7, 8).
extension TURNServer {
    mutating func allocate(_ request: AuthenticatedRequest, now: Instant) -> Reply {
        // 1. One allocation per 5-tuple; the retransmission of its own request is answered again.
        if let slot = request.allocation {
            guard self.table[slot].transaction == request.message.transactionID else {
                return .error(.allocationMismatch)
            }
            return self.describe(slot, now: now)
        }
        // 2. UDP towards the peer, nothing else.
        guard let transport = request.message.uint32(.requestedTransport) else { return .error(.badRequest) }
        guard transport >> 24 == Self.udp else { return .error(.unsupportedTransport) }
        // 3. No reserved ports: RTP and RTCP share one.
        guard request.message[.reservationToken] == nil, request.message[.evenPort]?.first ?? 0 < 0x80 else {
            return .error(.insufficientCapacity)
        }
        // 4. An address of the family asked for.
        let family = request.message[.requestedAddressFamily]?.first
        guard family == nil || family == 1 || family == 2,
            let ip = self.policy.publicAddress(isIPv6: family == 2)
        else { return .error(.addressFamilyNotSupported) }
        // 5. Room for it, in a room that is open.
        guard self.closed[request.username.group].map({ $0 <= now }) ?? true else { return .error(.forbidden) }
        if let slot = self.table.find(request.flow) { self.remove(slot) }  // It has expired.
        if let refusal = self.makeRoom(for: request, now: now) { return .error(refusal) }
        guard let relayed = self.drawAddress(ip, in: request.username.group, isEven: request.message[.evenPort] != nil)
        else { return .error(.insufficientCapacity) }

        self.generations &+= 1
        let key = request.key
        let slot = self.table.insert(
            Allocation(
                flow: request.flow, generation: self.generations, username: request.username,
                key: (
                    key.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                    key.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
                ),
                relayed: relayed, transaction: request.message.transactionID,
                endOfLife: now + self.policy.maximumLifetime,
                expiry: now + min(self.policy.allocationLifetime, self.policy.maximumLifetime), lastHeard: now,
                inbound: OctetBucket(), outbound: OctetBucket()))
        self.rooms.insert(UInt32(slot), into: request.username.group)
        self.countBySource[request.flow.source, default: 0] += 1
        self.counts.allocated += 1
        self.counts.allocations = self.table.count
        return self.describe(slot, now: now)
    }

    /// A lifetime of 0 ends the allocation; any other is ours to choose (RFC 8656 §8.2).
    mutating func refresh(_ request: AuthenticatedRequest, now: Instant) -> Reply {
        guard let slot = request.allocation else { return .error(.allocationMismatch) }
        let family = request.message[.requestedAddressFamily]?.first
        guard family == nil || (family == 2) == self.table[slot].relayed.ip.isIPv6 else {
            return .error(.peerAddressFamilyMismatch)
        }
        if request.message.uint32(.lifetime) == 0 {
            self.remove(slot)
            return .success { $0.add(.lifetime, uint32: 0) }
        }
        let end = self.table[slot].endOfLife
        guard end > now else { return .error(.forbidden) }
        self.table[slot].expiry = min(end, now + self.policy.allocationLifetime)
        let lifetime = self.lifetime(of: slot, now: now)
        return .success { $0.add(.lifetime, uint32: lifetime) }
    }

    private func describe(_ slot: Int, now: Instant) -> Reply {
        let allocation = self.table[slot]
        let lifetime = self.lifetime(of: slot, now: now)
        return .success { builder in
            builder.add(.xorRelayedAddress, xor: allocation.relayed)
            builder.add(.lifetime, uint32: lifetime)
            builder.add(.xorMappedAddress, xor: allocation.flow.address)
        }
    }

    /// Whole seconds that are left.
    private func lifetime(of slot: Int, now: Instant) -> UInt32 {
        UInt32(clamping: (self.table[slot].expiry - now).components.seconds)
    }

    /// Counts what there is against the limits. Where the limit is of one side or one room, an allocation of the very
    /// side that asks makes place if it has gone silent: after some changes of network the ones of before would
    /// otherwise keep out the one that is needed.
    private mutating func makeRoom(for request: AuthenticatedRequest, now: Instant) -> STUNErrorCode? {
        let source = request.flow.source
        let ofSource = self.policy.allocationsPerSource * self.policy.allowance(request.flow.address.ip)
        while true {
            let members = self.rooms[request.username.group]
            let own = members.filter { self.table[Int($0)].username.role == request.username.role }
            if self.table.count >= self.policy.allocations { return .insufficientCapacity }
            let isSourceFull = self.countBySource[source, default: 0] >= ofSource
            guard
                isSourceFull || members.count >= self.policy.allocationsPerRoom
                    || own.count >= self.policy.allocationsPerSide
            else { return nil }
            // Of a source that is full only its own allocations make place.
            let candidates = isSourceFull ? own.filter { self.table[Int($0)].flow.source == source } : own
            guard let idlest = candidates.min(by: { self.table[Int($0)].lastHeard < self.table[Int($1)].lastHeard }),
                self.table[Int(idlest)].lastHeard + self.policy.idleBeforeEviction <= now
            else { return .allocationQuotaReached }
            self.remove(Int(idlest))
        }
    }

    /// A port of the dynamic range that nobody else in the room has; other rooms cannot be reached, so theirs may be
    /// the same.
    private mutating func drawAddress(_ ip: IPAddress, in group: RelayGroup, isEven: Bool) -> TransportAddress? {
        for _ in 0..<64 {
            var port = UInt16(truncatingIfNeeded: self.random.next()) | 0xC000
            if isEven { port &= ~1 }
            let address = TransportAddress(ip, port: port)
            if !self.rooms[group].contains(where: { self.table[Int($0)].relayed == address }) { return address }
        }
        return nil
    }

    /// REQUESTED-TRANSPORT (RFC 8656 §18.8): the protocol number of UDP.
    private static let udp: UInt32 = 17
}
