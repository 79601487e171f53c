import CDatagrams
import Foundation
import NIOConcurrencyHelpers
import Network
import TURN
import Wire

/// The one core of a relay, shared by the threads that move its octets.
///
/// A thread holds the lock while it has a whole batch judged, a fraction of a microsecond per packet, and makes its
/// system calls outside: those cost ten times as much, so the lock is no bottleneck for any number of cores that one
/// network card feeds.
final class RelayEngine: Sendable {
    private let server: NIOLockedValueBox<TURNServer>
    /// Where streams take what other threads have for them.
    let streams = RelayStreams()
    /// UDP sockets by listener number, for streams whose peer is reached by UDP. Open as long as any stream.
    private let sockets: [Int32]

    private let policy: RelayPolicy

    init(policy: RelayPolicy, secret: RelaySecret, sockets: [Int32]) {
        self.server = NIOLockedValueBox(TURNServer(policy: policy, secret: secret, random: .system, now: Self.now()))
        self.sockets = sockets
        self.policy = policy
    }

    func withServer<Result>(_ body: (inout TURNServer) -> Result) -> Result {
        self.server.withLockedValue { body(&$0) }
    }

    /// As many as may allocate, and as many again that are on their way in or out.
    func streamsPerSource(_ address: IPAddress) -> Int {
        self.policy.allocationsPerSource * self.policy.allowance(address) * 2
    }

    func handleTimeout() {
        self.withServer { $0.handleTimeout(now: Self.now()) }
    }

    /// One message for a client that the calling thread does not serve.
    func send(_ octets: UnsafeRawBufferPointer, to flow: RelayFlow) {
        switch flow.transport {
        case .stream: self.streams.send(octets, to: flow.stream)
        case .udp:
            let address = flow.address.ip.bytes
            colloque_send(
                self.sockets[Int(flow.listener)], octets.baseAddress, UInt32(octets.count), address,
                flow.address.ip.isIPv6 ? 1 : 0, flow.address.port)
        }
    }

    static func now() -> Instant { monotonicNow() }

    /// Seconds, which credentials expire by.
    static func unixTime() -> UInt64 {
        UInt64(max(0, time(nil)))
    }
}
