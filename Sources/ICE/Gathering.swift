internal import STUN
internal import Wire

/// Asks STUN servers for server-reflexive candidates, one request per socket and server
/// (RFC 8445 §5.1.1.2).
struct Gathering: Sendable {
    private struct Request: Sendable {
        let id: TransactionID
        let path: Path
        let bytes: [UInt8]
        var retransmission: RequestRetransmission
    }

    enum State: Sendable {
        case idle, running, finished
    }

    private var queued: [Path] = []
    private var running: [Request] = []
    private(set) var state: State = .idle

    var hasQueued: Bool { !self.queued.isEmpty }

    var nextRetransmission: Instant? {
        self.running.lazy.map(\.retransmission.deadline).min()
    }

    mutating func start() {
        self.state = .running
    }

    /// Nothing happens before ``start()``, nor for what is asked already.
    mutating func enqueue(_ path: Path) {
        guard self.state == .running, !self.queued.contains(path), !self.running.contains(where: { $0.path == path })
        else { return }
        self.queued.append(path)
    }

    mutating func forget(_ socket: SocketID) {
        self.queued.removeAll { $0.socket == socket }
        self.running = self.running.filter { $0.path.socket != socket }
    }

    /// Starts the next queued request.
    mutating func startNext(
        now: Instant, configuration: ICEConfiguration, random: inout RandomSource
    ) -> ICEAgent.Transmit? {
        guard !self.queued.isEmpty else { return nil }
        let path = self.queued.removeFirst()
        let id = TransactionID(random: &random)
        let bytes = STUNMessageBuilder(.request, .binding, transactionID: id).bytes
        let retransmission = RequestRetransmission(startedAt: now, schedule: configuration.gatheringSchedule)
        self.running.append(Request(id: id, path: path, bytes: bytes, retransmission: retransmission))
        return ICEAgent.Transmit(path: path, bytes: bytes)
    }

    mutating func timeoutFired(now: Instant) -> [ICEAgent.Transmit] {
        var transmits: [ICEAgent.Transmit] = []
        self.running = self.running.compactMap { request in
            var request = request
            switch request.retransmission.timeoutFired(now: now) {
            case .retransmit: transmits.append(ICEAgent.Transmit(path: request.path, bytes: request.bytes))
            case .fail: return nil
            case .none: break
            }
            return request
        }
        return transmits
    }

    /// - Returns: `true` once, when nothing is queued or running any more.
    mutating func finishIfIdle() -> Bool {
        guard self.state == .running, self.queued.isEmpty, self.running.isEmpty else { return false }
        self.state = .finished
        return true
    }

    enum Answer: Sendable {
        case mapped(TransportAddress, Path)
        /// Ours, and of no use.
        case refused
        case notOurs
    }

    /// Answers carry no integrity: they count only with our identifier, from the server asked, on
    /// the socket that asked.
    mutating func handle(_ response: STUNMessage, path: Path) -> Answer {
        guard let index = self.running.firstIndex(where: { $0.id == response.transactionID }) else { return .notOurs }
        guard self.running[index].path == path else { return .refused }
        self.running.remove(at: index)
        guard response.messageClass == .success, let mapped = response.xorAddress(.xorMappedAddress),
            mapped.ip.isIPv6 == path.remote.ip.isIPv6, mapped.port != 0, !mapped.ip.isUnspecified
        else { return .refused }
        return .mapped(mapped, path)
    }
}
