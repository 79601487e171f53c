internal import ICE
internal import TURN
internal import Wire

/// The place for one allocation of a ``RelaySet``: the attempt that is under way or stands, and when to try again.
struct RelaySlot: Sendable {
    /// In the order in which they are preferred.
    enum Kind: CaseIterable, Sendable {
        case udp, udpIPv6, tcp, tls

        var transport: TURNClient.Transport {
            switch self {
            case .udp, .udpIPv6: .udp
            case .tcp: .tcp
            case .tls: .tls
            }
        }
    }

    enum Way: Equatable, Sendable {
        case datagrams(Path)
        /// The stream bears the attempt's own name.
        case stream
    }

    struct Attempt: Sendable {
        let id: SocketID
        let way: Way
        var client: TURNClient
        var allocation: RelaySet.Allocation?
        /// This machine's end of a stream.
        var local: IPAddress?
        var isStreamOver = false
    }

    let kind: Kind
    var attempt: Attempt?
    /// Not before; `nil` for at once, which is how every slot begins.
    var retryAt: Instant?
    /// In a row; chooses the next address, too.
    private(set) var failureCount = 0
    private var stoodSince: Instant?

    init(_ kind: Kind) {
        self.kind = kind
    }

    var isBeginning: Bool { self.attempt != nil && self.attempt?.allocation == nil }

    func isDue(now: Instant) -> Bool {
        self.attempt == nil && self.retryAt ?? now <= now
    }

    var deadline: Instant {
        (self.attempt == nil ? self.retryAt : self.attempt?.client.nextTimeout) ?? .distantFuture
    }

    mutating func stood(_ allocation: RelaySet.Allocation, now: Instant) {
        self.attempt?.allocation = allocation
        self.stoodSince = now
    }

    /// After an allocation that stood for a while the next attempt follows at once; after a refusal of the
    /// credentials there is none before there are others.
    mutating func failed(_ failure: TURNClient.Failure, now: Instant, random: inout RandomSource) {
        let hasStood = self.stoodSince.map { now - $0 >= Self.settled } ?? false
        self.stoodSince = nil
        self.failureCount = hasStood ? 0 : self.failureCount + 1
        guard failure != .credentialsRefused else { return self.retryAt = .distantFuture }
        let doublings = min(self.failureCount - 1, Self.maximumDoublings)
        self.retryAt =
            hasStood ? now : now + Self.firstPause * (1 << max(0, doublings)) * (0.75 + 0.5 * random.unitInterval())
    }

    /// Brings the next attempt forward; one that waits for other credentials or addresses waits on.
    mutating func hasten(now: Instant) {
        guard self.attempt == nil, let retryAt, retryAt != .distantFuture else { return }
        self.retryAt = min(retryAt, now)
        self.failureCount = min(self.failureCount, Self.hastenedFailureCount)
    }

    /// An allocation of this age forgives the failures before it.
    private static let settled: Duration = .seconds(5)
    private static let firstPause: Duration = .milliseconds(500)
    private static let maximumDoublings = 6
    /// Where media has stopped the pauses are short again.
    private static let hastenedFailureCount = 2
}
