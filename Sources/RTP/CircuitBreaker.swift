package import Wire

/// When to stop sending because the path plainly cannot bear it (RFC 8083 §4).
///
/// Adaptation should make this unreachable. Told of every report of the peer, and asked whenever a report of ours is
/// due; once tripped it stays so until ``reset(now:)``.
package struct CircuitBreaker: Sendable {
    package enum Cause: Equatable, Sendable {
        /// No report came for a long time (§4.1).
        case reportsMissing
        /// Reports come and tell that nothing arrives (§4.2).
        case mediaMissing
        /// More than ten times what TCP would send is sent into heavy loss (§4.3).
        case congestion
    }

    /// What one report said.
    private struct Entry: Sendable {
        var loss = 0.0
        var packetsPerSecond = 0.0
        var roundTrip = 0.0
        /// Seconds since the report before.
        var interval = 0.0
    }

    package private(set) var cause: Cause?

    private var lastReport: Instant
    private var highestReported: UInt32?
    private var sentAtLastReport: UInt64 = 0
    private var idleReports = 0
    private var roundTrip = 0.0
    /// The latest reports in a ring, and how many there were.
    private var entries = InlineArray<16, Entry>(repeating: Entry())
    private var reportCount = 0

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
        if let roundTripTime, roundTripTime > .zero { self.roundTrip = roundTripTime.fractionalSeconds }
        self.entries[self.reportCount % self.entries.count] = Entry(
            loss: Double(block.fractionLost) / 256, packetsPerSecond: packetsPerSecond, roundTrip: self.roundTrip,
            interval: (now - self.lastReport).fractionalSeconds)
        self.reportCount += 1
        self.lastReport = now
        let isProgress =
            packetsSent == self.sentAtLastReport || self.highestReported != block.extendedHighestSequenceNumber
        self.sentAtLastReport = packetsSent
        self.highestReported = block.extendedHighestSequenceNumber
        self.idleReports = isProgress ? 0 : self.idleReports + 1

        let interval = self.reportInterval
        if self.idleReports >= Int((Self.idleReports * max(self.roundTrip, interval) / interval).rounded(.up)) {
            self.cause = self.cause ?? .mediaMissing
        }
        if self.isCongested(over: self.congestionReports(interval: interval)) { self.cause = self.cause ?? .congestion }
    }

    /// Told the time; `true` if sending must stop.
    package mutating func isTripped(now: Instant) -> Bool {
        if now - self.lastReport > Self.reportTimeout { self.cause = self.cause ?? .reportsMissing }
        return self.cause != nil
    }

    /// Whether no report has come for three of the longest intervals: then as little as can be is sent.
    package func isUnheard(now: Instant) -> Bool {
        now - self.lastReport > Self.unheardTimeout
    }

    /// Begins anew: the path is another one.
    package mutating func reset(now: Instant) {
        self = CircuitBreaker(now: now)
    }

    // MARK: Private parts

    private func entry(_ back: Int) -> Entry { self.entries[(self.reportCount - 1 - back) % self.entries.count] }

    /// Seconds between reports, as they came: `Tdr`.
    private var reportInterval: Double {
        let count = min(self.reportCount, 4)
        let sum = (0..<count).reduce(0) { $0 + self.entry($1).interval }
        return min(max(sum / Double(count), 0.5), 5)
    }

    /// `CB_INTERVAL` of §4.3, for an encoder that can change with each packet.
    private func congestionReports(interval: Double) -> Int {
        let seconds = min(max(10 * self.roundTrip, 3 * interval), Self.longestCongestion)
        return min(Int((seconds / interval).rounded(.up)), self.entries.count)
    }

    /// By averages over the latest `count` reports, and TCP's throughput by the simplified equation (§4.3).
    private func isCongested(over count: Int) -> Bool {
        guard self.reportCount >= count else { return false }
        var sum = Entry()
        for back in 0..<count {
            let entry = self.entry(back)
            sum.loss += entry.loss / Double(count)
            sum.packetsPerSecond += entry.packetsPerSecond / Double(count)
            sum.roundTrip += entry.roundTrip / Double(count)
        }
        guard sum.loss > 0, sum.roundTrip > 0 else { return false }
        let bearable = 1 / (sum.roundTrip * (2 * sum.loss / 3).squareRoot())
        return sum.packetsPerSecond > 10 * bearable
    }

    /// `k` of §4.2.
    private static let idleReports = 5.0
    /// Three times the 5 s that reports are apart at the most, in seconds.
    private static let longestCongestion = 15.0
    private static let unheardTimeout: Duration = .seconds(15)
    /// Reports of a browser, 5 s apart, are lost like any packet: three in a row in every tenth minute of a call that
    /// loses a fifth. So the smallest step is taken after the 15 s of §4.1, and silence later; meanwhile ICE asks for
    /// the peer's consent (RFC 7675), which 30 s without an answer end.
    private static let reportTimeout: Duration = .seconds(40)
}
