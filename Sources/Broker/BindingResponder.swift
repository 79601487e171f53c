import CZlib
package import Signalling
package import Wire

/// Tells whoever asks over UDP what its address looks like from here (RFC 8489 §7.3.1), and nothing else.
///
/// Only well-formed Binding requests are answered, never responses, indications or errors, so two servers cannot
/// be set on each other; the answer is at most 2.2 times the request; sources and the whole are rate-limited.
package struct BindingResponder: Sendable {
    private var bySource: [UInt64: TokenBucket] = [:]
    private var overall: TokenBucket
    private var nextPruning: Instant

    package init(now: Instant) {
        self.overall = TokenBucket(rate: Self.answersPerSecond, burst: Self.answersPerSecond, now: now)
        self.nextPruning = now + Self.pruningInterval
    }

    /// - Returns: the answer to send back to `address`, or `nil` for silence.
    package mutating func answer(to datagram: [UInt8], from address: TransportAddress, source: Source, now: Instant)
        -> [UInt8]?
    {
        guard let transaction = Self.transaction(ofRequest: datagram), self.mayAnswer(source, now: now) else {
            return nil
        }
        return Self.response(transaction: transaction, to: address)
    }

    private mutating func mayAnswer(_ source: Source, now: Instant) -> Bool {
        if self.nextPruning <= now {
            self.nextPruning = now + Self.pruningInterval
            self.bySource = self.bySource.filter { !$0.value.isFull(now: now) }
        }
        let rate = Self.answersPerSourceAndSecond * source.allowance
        var bucket = self.bySource[source.tag] ?? TokenBucket(rate: rate, burst: rate, now: now)
        guard bucket.take(now: now), self.overall.take(now: now) else { return false }
        if self.bySource[source.tag] != nil || self.bySource.count < Self.maximumSources {
            self.bySource[source.tag] = bucket
        }
        return true
    }

    /// - Returns: the 12 octets of a valid request's transaction.
    static func transaction(ofRequest datagram: [UInt8]) -> [UInt8]? {
        var reader = ByteReader(datagram)
        guard datagram.count <= Self.maximumRequestCount, (try? reader.readUInt16()) == Self.bindingRequest,
            let length = try? reader.readUInt16(), Int(length) == datagram.count - Self.headerCount, length % 4 == 0,
            (try? reader.readUInt32()) == Self.magicCookie, let transaction = try? reader.readBytes(12)
        else { return nil }
        var count = 0
        while !reader.isAtEnd {
            let offset = datagram.count - reader.remainingCount
            guard let type = try? reader.readUInt16(), let value = try? reader.readLengthPrefixed(),
                (try? reader.readSlice((4 - value.count % 4) % 4)) != nil
            else { return nil }
            count += 1
            // Comprehension-required attributes: none means anything to an unauthenticated Binding but CHANGE-…
            // of RFC 5780, which would let a stranger choose where the answer goes.
            guard count <= Self.maximumAttributes, type >= 0x8000 || Self.harmless.contains(type) else { return nil }
            if type == Self.fingerprint {
                guard reader.isAtEnd, value == Self.fingerprint(of: datagram.prefix(offset)) else { return nil }
            }
        }
        return transaction
    }

    static func response(transaction: [UInt8], to address: TransportAddress) -> [UInt8] {
        let ip = address.ip.unmapped
        let mask = Self.magicCookie.bigEndianBytes + transaction
        let octets = zip(ip.bytes, mask).map { $0 ^ $1 }
        var writer = ByteWriter(capacity: 44)
        writer.write(Self.bindingSuccess)
        writer.write(UInt16(8 + octets.count))
        writer.write(mask)
        writer.write(Self.xorMappedAddress)
        writer.write(UInt16(4 + octets.count))
        writer.write(UInt8(0))
        writer.write(UInt8(ip.isIPv6 ? 2 : 1))
        writer.write(address.port ^ UInt16(truncatingIfNeeded: Self.magicCookie >> 16))
        writer.write(octets)
        return writer.bytes
    }

    private static func fingerprint(of octets: some Collection<UInt8>) -> [UInt8] {
        let sum = [UInt8](octets).withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
        return (UInt32(truncatingIfNeeded: sum) ^ 0x5354_554E).bigEndianBytes
    }

    // RFC 8489 §§5, 14, 18.
    private static let bindingRequest: UInt16 = 0x0001
    private static let bindingSuccess: UInt16 = 0x0101
    private static let magicCookie: UInt32 = 0x2112_A442
    private static let headerCount = 20
    private static let xorMappedAddress: UInt16 = 0x0020
    private static let fingerprint: UInt16 = 0x8028
    /// USERNAME, MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256, REALM, NONCE, PRIORITY, USE-CANDIDATE: ignored.
    private static let harmless: Set<UInt16> = [0x0006, 0x0008, 0x001C, 0x0014, 0x0015, 0x0024, 0x0025]

    // Ours.
    private static let maximumRequestCount = 548
    private static let maximumAttributes = 32
    private static let answersPerSourceAndSecond = 20
    private static let answersPerSecond = 2000
    private static let maximumSources = 65_536
    private static let pruningInterval: Duration = .seconds(10)
}
