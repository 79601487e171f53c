internal import CDatagrams
internal import Glibc
package import Wire

/// Many datagrams of a socket with one system call. Used by one thread.
package final class DatagramBatch {
    private let batch: OpaquePointer
    private let received: UnsafeMutablePointer<colloque_datagram>
    /// When the last were taken, by our clock and by the one of the stamps.
    private var takenAt: Instant = .zero
    private var stampAtTaking: Int64 = 0

    package init() {
        guard let batch = colloque_batch_new(Self.capacity, Self.slotSize, 0, 0), colloque_batch_read_stamps(batch) == 0
        else {
            preconditionFailure("out of memory")
        }
        self.batch = batch
        self.received = .allocate(capacity: Int(Self.capacity))
    }

    deinit {
        colloque_batch_free(self.batch)
        self.received.deallocate()
    }

    /// Takes what waits at a socket, up to ``capacity``, in place of what was taken before.
    /// - Returns: how many.
    package func receive(from socket: DatagramSocket) -> Int {
        let count = Int(colloque_batch_receive(self.batch, socket.descriptor, self.received))
        guard count > 0 else { return 0 }
        (self.takenAt, self.stampAtTaking) = Self.bothClocks()
        return count
    }

    /// Our clock and the one of the stamps at one moment: read again where the thread lost the processor in between.
    private static func bothClocks() -> (ours: Instant, stamp: Int64) {
        var time = timespec()
        var ours = monotonicNow()
        for _ in 0..<Self.mostReadings {
            clock_gettime(CLOCK_REALTIME, &time)
            let after = monotonicNow()
            let isOneMoment = after - ours < Self.oneMoment
            ours = after
            if isOneMoment { break }
        }
        return (ours, Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// - Parameter datagram: Becomes the one at `index`, in the memory that it has.
    /// - Returns: Whom it is from and when it came, by ``monotonicNow()``; `nil` for one that was longer than any of ours.
    package func take(_ index: Int, into datagram: inout [UInt8]) -> (source: TransportAddress, arrival: Instant)? {
        let entry = self.received[index]
        guard entry.length > 0, let slot = colloque_batch_slot(self.batch, entry.slot) else { return nil }
        datagram.removeAll(keepingCapacity: true)
        datagram.append(
            contentsOf: UnsafeRawBufferPointer(start: slot + Int(entry.offset), count: Int(entry.length)))
        return (
            Self.source(of: entry), Self.arrival(stamp: entry.stamp, stampNow: self.stampAtTaking, now: self.takenAt)
        )
    }

    /// - Returns: `now`, less the age of a datagram; `now` itself where the age is none that one waits here for: then
    ///   there is no stamp, or that clock was set in between.
    static func arrival(stamp: Int64, stampNow: Int64, now: Instant) -> Instant {
        let age = stampNow - stamp
        return stamp > 0 && age > 0 && age < Self.longestWait ? Instant(nanoseconds: now.nanoseconds - age) : now
    }

    private static func source(of entry: colloque_datagram) -> TransportAddress {
        let ip = withUnsafeBytes(of: entry.address) { octets in
            entry.is_ipv6 == 0
                ? IPAddress.v4(UInt32(bigEndian: octets.loadUnaligned(as: UInt32.self)))
                : .v6(
                    high: UInt64(bigEndian: octets.loadUnaligned(as: UInt64.self)),
                    low: UInt64(bigEndian: octets.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
        return TransportAddress(ip, port: entry.port)
    }

    package static let capacity: UInt32 = 16
    /// Nanoseconds.
    private static let longestWait: Int64 = 1_000_000_000
    /// Ours: a reading takes some 50 ns.
    private static let oneMoment: Duration = .microseconds(20)
    private static let mostReadings = 4
    private static let slotSize: UInt32 = 2048
}
