internal import STUN
internal import Wire

/// Whom an allocation may reach: live allocations of the other side of its own room, whatever it asks for.
extension TURNServer {
    /// The allocation that a client means by a peer address.
    ///
    /// Every address but the relay's own with the port of such an allocation leads nowhere, so no list of forbidden
    /// networks is needed: loopback, private and mapped addresses, other rooms, one's own port and ports of before
    /// are all simply not in the room.
    func peer(at address: TransportAddress, of slot: Int, now: Instant) -> Int? {
        let own = self.table[slot]
        guard address.ip == own.relayed.ip else { return nil }
        for member in self.rooms[own.username.group] {
            let other = self.table[Int(member)]
            if other.relayed == address, other.expiry > now, Self.mayTalk(own.username.role, other.username.role),
                Int(member) != slot
            {
                return Int(member)
            }
        }
        return nil
    }

    private static func mayTalk(_ one: RelayRole, _ other: RelayRole) -> Bool {
        switch (one, other) {
        case (.patient, .doctor), (.doctor, .patient), (.probe, .probe): true
        default: false
        }
    }

    /// RFC 8656 §§9.2: all of the addresses, or none.
    mutating func createPermission(_ request: AuthenticatedRequest, now: Instant) -> Reply {
        guard let slot = request.allocation else { return .error(.allocationMismatch) }
        let peers = request.message.xorAddresses(.xorPeerAddress)
        guard !peers.isEmpty else { return .error(.badRequest) }
        // A permission is for an IP, and a client may leave the port out: then it is the relay's own that counts, and
        // each datagram is judged by its port.
        let relay = TransportAddress(self.table[slot].relayed.ip, port: 0)
        for peer in peers where peer != relay {
            if let refusal = self.refusal(of: peer, for: slot, now: now) { return .error(refusal) }
        }
        self.table[slot].permissionExpiry = now + self.policy.permissionLifetime
        return .success
    }

    /// RFC 8656 §12.2.
    mutating func bindChannel(_ request: AuthenticatedRequest, now: Instant) -> Reply {
        guard let slot = request.allocation else { return .error(.allocationMismatch) }
        guard let value = request.message.uint32(.channelNumber),
            let number = UInt16(exactly: value >> 16), Self.channelNumbers.contains(number),
            let address = request.message.xorAddress(.xorPeerAddress)
        else { return .error(.badRequest) }
        if let refusal = self.refusal(of: address, for: slot, now: now) { return .error(refusal) }
        guard let peer = self.peer(at: address, of: slot, now: now) else { return .error(.forbidden) }
        let name = self.table.name(of: peer)
        self.table[slot].channels.removeAll { $0.expiry <= now }
        for channel in self.table[slot].channels {
            // One number for one peer, and one peer by one number.
            guard (channel.number == number) == (channel.peerAddress == address) else { return .error(.badRequest) }
        }
        self.table[slot].channels.removeAll { $0.number == number }
        guard self.table[slot].channels.count < Self.maximumChannels else { return .error(.insufficientCapacity) }
        self.table[slot].channels.append(
            ChannelBinding(
                number: number, peer: name, peerAddress: address, expiry: now + self.policy.channelLifetime))
        self.table[slot].permissionExpiry = now + self.policy.permissionLifetime
        return .success
    }

    private func refusal(of address: TransportAddress?, for slot: Int, now: Instant) -> STUNErrorCode? {
        guard let address else { return .badRequest }
        guard address.ip.isIPv6 == self.table[slot].relayed.ip.isIPv6 else { return .peerAddressFamilyMismatch }
        return self.peer(at: address, of: slot, now: now) == nil ? .forbidden : nil
    }

    /// RFC 8656 §12 kept the first quarter; clients of RFC 5766 still draw from all of it.
    private static let channelNumbers: ClosedRange<UInt16> = 0x4000...0x7FFE
    /// Of one allocation: the other side has at most twelve, with some to spare for those of before a restart.
    private static let maximumChannels = 32
}
