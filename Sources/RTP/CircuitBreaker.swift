package import Wire

/// When to stop sending because the path plainly cannot bear it (RFC 8083).
///
/// Adaptation should make this unreachable. Told of every report of the peer, and asked whenever a report of ours is
/// due; once tripped it stays so until ``reset(now:)``.
package struct CircuitBreaker: Sendable {
    package enum Cause: Equatable, Sendable {
        /// No report came for several intervals (§4.2 in RFC 8083's order: RTCP timeout).
        case reportsMissing
        /// Reports come and tell that nothing arrives (media timeout).
        case mediaMissing
        /// More than ten times what TCP would send is sent into heavy loss (congestion).
        case congestion
    }

    package private(set) var cause: Cause?

    private var lastReport: Instant
    private var highestReported: UInt32?
    private var sentAtLastReport: UInt64 = 0
    private var idleReports = 0
    private var congestedReports = 0

    package init(now: Instant) {
        self.lastReport = now
    }

    /// Takes a report block about what we send.
    /// - Parameters:
    ///   - packetsSent: By now, since the beginning.
    ///   - packetsPerSecond: Of the present sending.
    package mutating func receive(
        _ block: ReportBlock, packetsSent: UInt64, packetsPerSecond: Double, roundTripTime: Duration?, now: Instant
    ) {
        self.lastReport = now
        let hasSent = packetsSent > self.sentAtLastReport
        self.sentAtLastReport = packetsSent
        if hasSent, self.highestReported == block.extendedHighestSequenceNumber {
            self.idleReports += 1
            if self.idleReports >= Self.reportInterval.idleReports { self.cause = self.cause ?? .mediaMissing }
        } else {
            self.idleReports = 0
        }
        self.highestReported = block.extendedHighestSequenceNumber

        let loss = Double(block.fractionLost) / 256
        guard loss > 0, let roundTripTime, roundTripTime > .zero else {
            self.congestedReports = 0
            return
        }
        // The simplified TCP equation in packets per second (§4.3, equation 2).
        let bearable = 1 / (roundTripTime.fractionalSeconds * (2 * loss / 3).squareRoot())
        self.congestedReports = packetsPerSecond > 10 * bearable ? self.congestedReports + 1 : 0
        if self.congestedReports >= Self.reportInterval.congestedReports { self.cause = self.cause ?? .congestion }
    }

    /// Told the time; `true` if sending must stop.
    package mutating func isTripped(now: Instant) -> Bool {
        if now - self.lastReport > Self.reportTimeout { self.cause = self.cause ?? .reportsMissing }
        return self.cause != nil
    }

    /// Begins anew: the path is another one.
    package mutating func reset(now: Instant) {
        self = CircuitBreaker(now: now)
    }

    /// Counted in reports: CB_INTERVAL of RFC 8083 for reports 2.5 s apart.
    private static let reportInterval = (idleReports: 3, congestedReports: 3)
    /// Browsers report every 5 s at the latest; a path that is being found again may stay silent for a while.
    private static let reportTimeout: Duration = .seconds(40)
}
