/// Cuts a byte stream into STUN messages and ChannelData (RFC 8656 §3.1, §12.5): over TCP and TLS both stand one
/// behind the other, ChannelData padded to a multiple of four.
package struct StreamFraming: Sendable {
    package enum Frame: Equatable, Sendable {
        /// One whole message, padding left out.
        case message(ArraySlice<UInt8>)
        case incomplete
        /// First octets that are neither, or a length beyond ``maximumSize``: the stream is useless from here on.
        case malformed
    }

    private var buffer: [UInt8] = []
    private var head = 0

    package init() {}

    package mutating func append(_ octets: some Collection<UInt8>) {
        if self.head > 0 {
            self.buffer.removeFirst(self.head)
            self.head = 0
        }
        self.buffer.append(contentsOf: octets)
    }

    package mutating func next() -> Frame {
        let waiting = self.buffer[self.head...]
        guard waiting.count >= 4 else { return .incomplete }
        let first = waiting[self.head]
        let length = Int(waiting[self.head + 2]) << 8 | Int(waiting[self.head + 3])
        let size: Int
        switch first >> 6 {
        case 0: size = 20 + length
        case 1: size = 4 + length
        default: return .malformed
        }
        guard size <= Self.maximumSize, first >> 6 == 1 || length % 4 == 0 else { return .malformed }
        let padded = (size + 3) & ~3
        guard waiting.count >= padded else { return .incomplete }
        let message = waiting[self.head..<self.head + size]
        self.head += padded
        return .message(message)
    }

    /// Octets that wait for the rest of their message; never more than one message's.
    package var pendingCount: Int { self.buffer.count - self.head }

    /// Longer than any message of a call; what is announced longer ends the stream.
    package static let maximumSize = 2048
}
