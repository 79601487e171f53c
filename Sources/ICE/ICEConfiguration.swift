package import STUN

/// What may be tuned. Defaults serve a call between two people.
package struct ICEConfiguration: Sendable {
    package enum Policy: Sendable {
        case all
        /// No host or server-reflexive candidate is told or used: the peer learns no address (RFC 8828 mode 4).
        case relayedOnly
    }

    package var policy: Policy = .all

    /// Ta, the gap between new transactions (RFC 8445 §14.2).
    package var pacing: Duration = .milliseconds(50)
    /// The gap while fewer than ``burst`` transactions have gone out: §14.2's lower bound. One stream's
    /// first checks are a few hundred octets, and setting up then costs one round trip.
    package var burstPacing: Duration = .milliseconds(5)
    /// Transactions that may follow each other faster than ``pacing``; one is regained per ``pacing``.
    package var burst = 12

    /// Checks, given up after 16 s. RTO is below RFC 8445 §14.3's 500 ms, because a lost first check would
    /// be heard as half a second; and the waits stop doubling, because on a path that loses one packet
    /// in five the seventh request of RFC 8489 comes after 12 s.
    package var checkSchedule = RequestRetransmission.Schedule(
        timeout: .milliseconds(200), longestInterval: .milliseconds(800), maximumRequests: 17)
    /// Requests to STUN servers, given up after 15 s.
    package var gatheringSchedule = RequestRetransmission.Schedule(
        timeout: .milliseconds(250), longestInterval: .seconds(1), maximumRequests: 12)

    /// Controlling: a better pair than the first valid one may arrive this much later.
    package var nominationDelay: Duration = .milliseconds(200)
    /// Controlling: the same while only a relayed pair is valid.
    package var relayedNominationDelay: Duration = .seconds(2)

    /// The mean gap between consent checks; each is drawn from 0.8 ... 1.2 of it (RFC 7675 §5.1).
    package var consentInterval: Duration = .seconds(5)
    /// Consent ends this long after the last answer (RFC 7675 §5.1).
    package var consentLifetime: Duration = .seconds(30)
    /// A path is called disconnected when its checks stay unanswered for this long.
    package var disconnectedAfter: Duration = .milliseconds(2500)

    /// Failure is not declared earlier than this after checks began (RFC 8863 §4).
    package var patience: Duration = .milliseconds(39_500)
    /// How long checks for credentials of before a restart are answered once the new ones work.
    package var previousGenerationLifetime: Duration = .seconds(30)

    package init() {}
}
