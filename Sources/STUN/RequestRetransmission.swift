package import Wire

/// When one STUN request goes out again over UDP, and when it is given up (RFC 8489 §6.2.1).
///
/// The first request is taken to leave at `init`. The owner keeps the octets and the identifier.
package struct RequestRetransmission: Sendable {
    package enum TimeoutAction: Equatable, Sendable {
        /// Send the same octets again.
        case retransmit
        /// `Rc` requests went out and `Rm × RTO` passed with no answer.
        case fail
        /// Nothing is due before ``deadline``.
        case none
    }

    /// When ``timeoutFired(now:)`` has something to do.
    package private(set) var deadline: Instant
    /// Requests on the wire so far; an answer measures the round trip only while this is 1 (Karn).
    package private(set) var requestsSent = 1

    private var interval: Duration
    private let initialInterval: Duration
    private let maximumRequests: Int

    /// - Parameters:
    ///   - timeout: RTO, the wait before the second request; doubles from there.
    ///   - maximumRequests: Rc, at least 1.
    package init(
        startedAt now: Instant, timeout: Duration = Self.initialTimeout, maximumRequests: Int = Self.maximumRequests
    ) {
        precondition(maximumRequests >= 1, "a request is sent at least once")
        self.interval = timeout
        self.initialInterval = timeout
        self.maximumRequests = maximumRequests
        self.deadline = now + (maximumRequests == 1 ? timeout * Self.lastWait : timeout)
    }

    package mutating func timeoutFired(now: Instant) -> TimeoutAction {
        guard now >= self.deadline else { return .none }
        guard self.requestsSent < self.maximumRequests else { return .fail }
        self.requestsSent += 1
        self.interval *= 2
        let isLast = self.requestsSent == self.maximumRequests
        self.deadline = now + (isLast ? self.initialInterval * Self.lastWait : self.interval)
        return .retransmit
    }

    /// RTO (RFC 8489 §6.2.1).
    package static let initialTimeout: Duration = .milliseconds(500)
    /// Rc.
    package static let maximumRequests = 7
    /// Rm: the wait after the last request, in units of RTO.
    package static let lastWait = 16
}
