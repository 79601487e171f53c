import NIOConcurrencyHelpers
import NIOCore
import TURN

/// The streams that stand, by number: what the UDP thread has for one is handed to its event loop.
final class RelayStreams: Sendable {
    private struct State {
        var channels: [UInt32: any Channel] = [:]
        var last: UInt32 = 0
    }

    private let state = NIOLockedValueBox(State())

    var count: Int { self.state.withLockedValue { $0.channels.count } }

    func register(_ channel: any Channel) -> UInt32 {
        self.state.withLockedValue { state in
            repeat { state.last &+= 1 } while state.last == 0 || state.channels[state.last] != nil
            state.channels[state.last] = channel
            return state.last
        }
    }

    func unregister(_ number: UInt32) {
        self.state.withLockedValue { $0.channels[number] = nil }
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
