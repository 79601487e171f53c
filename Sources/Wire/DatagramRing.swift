/// Arrays that come round again: whoever sends a datagram drops it soon, and then its memory serves the next one.
package struct DatagramRing: Sendable {
    private var arrays: [[UInt8]]
    private var next = 0

    /// - Parameter octets: That each has room for from the start; else they grow with what they are used for.
    package init(reserving octets: Int = 0) {
        self.arrays = (0..<Self.count).map { _ in
            var array: [UInt8] = []
            array.reserveCapacity(octets)
            return array
        }
    }

    /// An empty array with room; a new one only while its last datagram is still held.
    package mutating func take() -> [UInt8] {
        self.next = (self.next + 1) % Self.count
        var datagram: [UInt8] = []
        swap(&datagram, &self.arrays[self.next])
        datagram.removeAll(keepingCapacity: true)
        return datagram
    }

    /// Remembers the memory that ``take()`` gave.
    package mutating func keep(_ datagram: [UInt8]) { self.arrays[self.next] = datagram }

    private static let count = 8
}
