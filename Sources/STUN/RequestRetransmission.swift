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
    private let schedule: Schedule

    package init(startedAt now: Instant, schedule: Schedule = .standard) {
        precondition(schedule.maximumRequests >= 1, "a request is sent at least once")
        self.schedule = schedule
        self.interval = schedule.timeout
        self.deadline = now + (schedule.maximumRequests == 1 ? schedule.lastWait : schedule.timeout)
    }

    package mutating func timeoutFired(now: Instant) -> TimeoutAction {
        guard now >= self.deadline else { return .none }
        guard self.requestsSent < self.schedule.maximumRequests else { return .fail }
        self.requestsSent += 1
        self.interval = min(self.interval * 2, max(self.schedule.timeout, self.schedule.longestInterval))
        let isLast = self.requestsSent == self.schedule.maximumRequests
        self.deadline = now + (isLast ? self.schedule.lastWait : self.interval)
        return .retransmit
    }
}

extension RequestRetransmission {
    package struct Schedule: Equatable, Sendable {
        /// RTO, the wait before the second request; each later wait is twice the one before.
        package var timeout: Duration
        /// No wait between two requests is longer, unless the first is.
        package var longestInterval: Duration
        /// Rc, at least 1.
        package var maximumRequests: Int

        package init(timeout: Duration, longestInterval: Duration, maximumRequests: Int) {
            self.timeout = timeout
            self.longestInterval = longestInterval
            self.maximumRequests = maximumRequests
        }

        /// Rm × RTO: the wait for an answer to the last request.
        var lastWait: Duration { self.timeout * 16 }

        /// RFC 8489 §6.2.1: RTO 500 ms, doubling without bound, Rc 7.
        package static let standard = Schedule(
            timeout: .milliseconds(500), longestInterval: .seconds(16), maximumRequests: 7)
    }
}
