package import Wire

/// What an administrator, or a test, may set. Defaults serve a practice; see docs/operations.md.
package struct RelayPolicy: Sendable {
    /// What relayed addresses look like from outside; at least one of the two. No socket is ever bound to them.
    package var publicIPv4: IPAddress?
    package var publicIPv6: IPAddress?
    /// At most 8 characters, so that an answer stays small beside its request.
    package var realm = "colloque"

    package var allocationsPerSide = 12
    package var allocationsPerRoom = 24
    /// Per IPv4 address or IPv6 /64, times its allowance.
    package var allocationsPerSource = 24
    package var allocations = 20_000
    /// Each way of one allocation.
    package var kilobitsPerSecond = 256
    /// Octets that may pass at once beyond that rate.
    package var burst = 64 * 1024
    /// Of all allocations together, each way; `nil` for as much as comes.
    package var totalKilobitsPerSecond: Int?

    /// Answers a second to sources that have proved nothing, over UDP.
    package var repliesPerSource = 20
    package var replies = 2000

    /// RFC 8656 §§3.2, 9, 12.
    package var allocationLifetime: Duration = .seconds(600)
    package var permissionLifetime: Duration = .seconds(300)
    package var channelLifetime: Duration = .seconds(600)
    /// However often it is refreshed, an allocation ends with the longest consultation.
    package var maximumLifetime: Duration = .seconds(4 * 3600)
    /// An allocation of one's own side that was silent for this long makes room for a new one.
    package var idleBeforeEviction: Duration = .seconds(10)

    /// How many times the usual limits a source gets: more where a whole hospital shares one address.
    package var allowance: @Sendable (IPAddress) -> Int = { _ in 1 }

    package init() {}

    package func publicAddress(isIPv6: Bool) -> IPAddress? {
        isIPv6 ? self.publicIPv6 : self.publicIPv4
    }
}

/// What the relay did so far, in numbers that name nobody.
package struct RelayCounts: Equatable, Sendable {
    /// Allocations that stand.
    package var allocations = 0
    package var allocated = 0
    package var packetsRelayed = 0
    package var octetsRelayed = 0
    /// Requests refused, authenticated or not.
    package var refused = 0
    /// Datagrams above an allocation's rate.
    package var throttled = 0
    /// Datagrams that belong to nobody or go nowhere.
    package var dropped = 0
    /// Answers that the limits held back.
    package var unanswered = 0

    package init() {}
}
