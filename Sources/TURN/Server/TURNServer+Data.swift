internal import Wire

/// The way of voice through the relay: from one allocation of a room to one of the other side, in memory.
extension TURNServer {
    /// ChannelData (RFC 8656 §12.6): number u16, length u16, octets.
    @inline(__always)
    mutating func relayChannelData(
        _ slot: inout MutableRawSpan, _ message: Range<Int>, from flow: RelayFlow, now: Instant
    ) -> Verdict {
        let number = slot.bytes.bigEndian16(at: message.lowerBound)
        let length = Int(slot.bytes.bigEndian16(at: message.lowerBound + 2))
        guard length <= message.count - 4, let sender = self.table.find(flow), self.table[sender].expiry > now,
            let peer = self.peer(bound: number, to: sender, now: now)
        else { return self.drop() }
        let start = message.lowerBound + 4
        return self.relay(&slot, start..<start + length, from: sender, to: peer, now: now)
    }

    /// A Send indication (RFC 8656 §11.1): XOR-PEER-ADDRESS and DATA, each once. Anything else in it that would have
    /// to be understood has it dropped, without an answer.
    mutating func relaySendIndication(
        _ slot: inout MutableRawSpan, _ message: Range<Int>, from flow: RelayFlow, now: Instant
    ) -> Verdict {
        guard let indication = SendIndication(slot.bytes, message), let sender = self.table.find(flow),
            self.table[sender].expiry > now, self.table[sender].permissionExpiry > now,
            let peer = self.peer(at: indication.peer, of: sender, now: now)
        else { return self.drop() }
        return self.relay(&slot, indication.data, from: sender, to: peer, now: now)
    }

    @inline(__always)
    private func peer(bound number: UInt16, to sender: Int, now: Instant) -> Int? {
        for channel in self.table[sender].channels where channel.number == number {
            guard channel.expiry > now, let peer = self.table.find(channel.peer) else { return nil }
            return peer
        }
        return nil
    }

    /// Moves `data` on as the receiver knows it: on the channel it bound to the sender, or as a Data indication.
    @inline(__always)
    private mutating func relay(
        _ slot: inout MutableRawSpan, _ data: Range<Int>, from sender: Int, to peer: Int, now: Instant
    ) -> Verdict {
        guard self.table[peer].expiry > now, self.table[peer].permissionExpiry > now else { return self.drop() }
        self.table[sender].lastHeard = now
        let charge = data.count + Self.packetCharge
        guard self.table[sender].inbound.take(charge, rate: self.rate, now: now),
            self.table[peer].outbound.take(charge, rate: self.rate, now: now), self.takeTotal(charge, now: now)
        else { return self.throttle() }
        self.counts.packetsRelayed += 1
        self.counts.octetsRelayed += data.count
        if let number = self.channel(of: peer, boundTo: sender, now: now) {
            slot.store(number, at: data.lowerBound - 4)
            slot.store(UInt16(data.count), at: data.lowerBound - 2)
            return .send(to: self.table[peer].flow, data.lowerBound - 4..<data.upperBound)
        }
        let octets = self.writeDataIndication(&slot, data, from: self.table[sender].relayed)
        return .send(to: self.table[peer].flow, octets)
    }

    @inline(__always)
    private func channel(of peer: Int, boundTo sender: Int, now: Instant) -> UInt16? {
        for channel in self.table[peer].channels
        where channel.peer.slot == UInt32(sender) && channel.expiry > now
            && channel.peer.generation == self.table[sender].generation
        {
            return channel.number
        }
        return nil
    }

    /// RFC 8656 §11.3, written around the data where they stand.
    private mutating func writeDataIndication(
        _ slot: inout MutableRawSpan, _ data: Range<Int>, from address: TransportAddress
    ) -> Range<Int> {
        let padding = -data.count & 3
        let addressSize = address.ip.isIPv6 ? 20 : 8
        let start = data.lowerBound - 20 - 4 - addressSize - 4
        let identifier = self.nextIndication()
        slot.store(0x0017 as UInt16, at: start)
        slot.store(UInt16(4 + addressSize + 4 + data.count + padding), at: start + 2)
        slot.store(Self.magicCookie, at: start + 4)
        slot.store(0 as UInt32, at: start + 8)
        slot.store(identifier, at: start + 12)
        let attribute = start + 20
        slot.store(0x0012 as UInt16, at: attribute)
        slot.store(UInt16(addressSize), at: attribute + 2)
        slot.store(0 as UInt8, at: attribute + 4)
        slot.store(address.ip.isIPv6 ? 2 : 1 as UInt8, at: attribute + 5)
        slot.store(address.port ^ UInt16(Self.magicCookie >> 16), at: attribute + 6)
        switch address.ip {
        case .v4(let word): slot.store(word ^ Self.magicCookie, at: attribute + 8)
        case .v6(let high, let low):
            // The mask is the cookie and the identifier, whose first 32 bits are zero here.
            slot.store(high ^ UInt64(Self.magicCookie) << 32, at: attribute + 8)
            slot.store(low ^ identifier, at: attribute + 16)
        }
        slot.store(0x0013 as UInt16, at: data.lowerBound - 4)
        slot.store(UInt16(data.count), at: data.lowerBound - 2)
        for position in data.upperBound..<data.upperBound + padding { slot.store(0 as UInt8, at: position) }
        return start..<data.upperBound + padding
    }

    /// What headers of IP, UDP and TURN add to a datagram; empty ones cost too.
    private static let packetCharge = 40
    static let magicCookie: UInt32 = 0x2112_A442
}

/// A Send indication, read in place.
private struct SendIndication {
    let peer: TransportAddress
    let data: Range<Int>

    /// - Returns: `nil` for anything malformed, incomplete, or with an attribute that one may not pass over.
    init?(_ slot: RawSpan, _ message: Range<Int>) {
        let start = message.lowerBound
        guard message.count >= 20, slot.bigEndian32(at: start + 4) == TURNServer.magicCookie,
            Int(slot.bigEndian16(at: start + 2)) == message.count - 20, message.count % 4 == 0
        else { return nil }
        var peer: TransportAddress?
        var data: Range<Int>?
        var position = start + 20
        while position < message.upperBound {
            let type = slot.bigEndian16(at: position)
            let length = Int(slot.bigEndian16(at: position + 2))
            let value = position + 4
            guard value + (length + 3) & ~3 <= message.upperBound else { return nil }
            switch type {
            case 0x0012:
                guard peer == nil, let address = Self.address(slot, at: value, length: length, message: start) else {
                    return nil
                }
                peer = address
            case 0x0013:
                guard data == nil else { return nil }
                data = value..<value + length
            case 0x8000...: break
            default: return nil
            }
            position = value + (length + 3) & ~3
        }
        guard let peer, let data else { return nil }
        self.peer = peer
        self.data = data
    }

    private static func address(
        _ slot: RawSpan, at position: Int, length: Int, message: Int
    ) -> TransportAddress? {
        guard length >= 8 else { return nil }
        let port = slot.bigEndian16(at: position + 2) ^ UInt16(TURNServer.magicCookie >> 16)
        switch (slot.octet(at: position + 1), length) {
        case (1, 8):
            return TransportAddress(.v4(slot.bigEndian32(at: position + 4) ^ TURNServer.magicCookie), port: port)
        case (2, 20):
            let mask = UInt64(TURNServer.magicCookie) << 32 | UInt64(slot.bigEndian32(at: message + 8))
            return TransportAddress(
                .v6(
                    high: slot.bigEndian64(at: position + 4) ^ mask,
                    low: slot.bigEndian64(at: position + 12) ^ slot.bigEndian64(at: message + 12)), port: port)
        default: return nil
        }
    }
}
