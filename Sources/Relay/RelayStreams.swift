import NIOConcurrencyHelpers
import NIOCore
import TURN
import Wire

/// The streams that stand, by number: what the UDP thread has for one is handed to its event loop.
final class RelayStreams: Sendable {
    private struct State {
        var channels: [UInt32: any Channel] = [:]
        var countBySource: [IPAddress: Int] = [:]
        var last: UInt32 = 0
    }

    private let state = NIOLockedValueBox(State())

    var count: Int { self.state.withLockedValue { $0.channels.count } }

    /// - Parameter limit: Streams of one source, an IPv4 address or an IPv6 /64, at once.
    /// - Returns: `nil` beyond it.
    func register(_ channel: any Channel, from address: TransportAddress, limit: Int) -> UInt32? {
        let source = address.ip.source
        return self.state.withLockedValue { state in
            guard state.countBySource[source, default: 0] < limit else { return nil }
            state.countBySource[source, default: 0] += 1
            repeat { state.last &+= 1 } while state.last == 0 || state.channels[state.last] != nil
            state.channels[state.last] = channel
            return state.last
        }
    }

    func unregister(_ number: UInt32, from address: TransportAddress) {
        let source = address.ip.source
        self.state.withLockedValue { state in
            guard state.channels.removeValue(forKey: number) != nil else { return }
            let count = state.countBySource[source, default: 1]
            state.countBySource[source] = count > 1 ? count - 1 : nil
        }
    }

    /// Writes one message; voice for a stream that takes too slowly is dropped, as a full path would.
    /// - Parameter octets: STUN or ChannelData without padding.
    func send(_ octets: UnsafeRawBufferPointer, to number: UInt32) {
        guard let channel = self.state.withLockedValue({ $0.channels[number] }), channel.isWritable else { return }
        var buffer = channel.allocator.buffer(capacity: octets.count + 3)
        buffer.writeBytes(octets)
        buffer.writeRepeatingByte(0, count: -octets.count & 3)
        channel.writeAndFlush(buffer, promise: nil)
    }

    func closeAll() {
        for channel in self.state.withLockedValue({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }
}
