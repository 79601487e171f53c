internal import CDatagrams
package import Wire

/// Many datagrams of a socket with one system call. Used by one thread.
package final class DatagramBatch {
    private let batch: OpaquePointer
    private let received: UnsafeMutablePointer<colloque_datagram>

    package init() {
        guard let batch = colloque_batch_new(Self.capacity, Self.slotSize, 0, 0) else {
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
        Int(colloque_batch_receive(self.batch, socket.descriptor, self.received))
    }

    /// - Parameter datagram: Becomes the one at `index`, in the memory that it has.
    /// - Returns: Whom it is from; `nil` for one that was longer than any of ours.
    package func take(_ index: Int, into datagram: inout [UInt8]) -> TransportAddress? {
        let entry = self.received[index]
        guard entry.length > 0, let slot = colloque_batch_slot(self.batch, entry.slot) else { return nil }
        datagram.removeAll(keepingCapacity: true)
        datagram.append(
            contentsOf: UnsafeRawBufferPointer(start: slot + Int(entry.offset), count: Int(entry.length)))
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
    private static let slotSize: UInt32 = 2048
}
