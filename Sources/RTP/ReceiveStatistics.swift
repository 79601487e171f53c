package import Wire

/// What one receives from a peer's audio source, as report blocks tell it (RFC 3550 §§A.1, A.3, A.8).
///
/// A peer may change its SSRC in mid-call (RFC 8108); the latest one counts, and a packet of an older
/// one is not counted again.
package struct ReceiveStatistics: Sendable {
    /// Packets of the current source that came, late ones and duplicates included.
    package private(set) var packetsReceived: UInt64 = 0
    /// The same over all sources of the call.
    package private(set) var totalPacketsReceived: UInt64 = 0
    /// Octets of payload over all sources.
    package private(set) var totalOctetsReceived: UInt64 = 0
    /// Lost before the source last changed.
    private var lostOfFormerSources: Int64 = 0
    package private(set) var source: UInt32?
    private var formerSource: UInt32?
    /// The sequence number that would confirm a leap (`bad_seq`).
    private var confirming: UInt16?

    private let clockRate: Double
    private var baseSequenceNumber: Int64 = 0
    private var highestExtended: Int64 = 0
    private var expectedAtLastReport: Int64 = 0
    private var receivedAtLastReport: Int64 = 0
    private var jitterEstimate = 0.0
    private var lastTransit: Double?
    private var lastTimestamp: UInt32?
    private var unwrappedTimestamp = 0.0
    private var arrivals: ArrivalHistory?
    private var lastReport: (middle: UInt32, received: Instant)?

    /// - Parameter clockRate: Timestamp units per second; 48000 for Opus.
    package init(clockRate: Int = 48_000) {
        self.clockRate = Double(clockRate)
    }

    /// Counts an authentic packet.
    package mutating func receive(_ header: RTPHeader, payloadCount: Int, now: Instant) {
        self.totalPacketsReceived += 1
        self.totalOctetsReceived += UInt64(max(0, payloadCount))
        if header.ssrc != self.source {
            // A straggler of the source that ended must not bring it back.
            guard header.ssrc != self.formerSource else { return }
            self.begin(at: Int64(header.sequenceNumber))
            self.formerSource = self.source
            self.source = header.ssrc
            self.lastReport = nil
        }
        guard self.place(header.sequenceNumber) else { return }
        self.packetsReceived += 1
        self.updateJitter(header, now: now)
    }

    /// Remembers a sender report of the current source, for LSR and DLSR; those of others are ignored.
    package mutating func receive(_ report: SenderReport, now: Instant) {
        guard report.sender == self.source else { return }
        self.lastReport = (UInt32(truncatingIfNeeded: report.ntpTimestamp >> 16), now)
    }

    /// Packets of the current source that should have come.
    package var expected: Int64 {
        self.source == nil ? 0 : self.highestExtended - self.baseSequenceNumber + 1
    }

    /// Packets lost since the call began, never negative.
    package var totalLost: Int64 {
        self.lostOfFormerSources + max(0, self.expected - Int64(clamping: self.packetsReceived))
    }

    /// Interarrival jitter (RFC 3550 §A.8).
    package var jitter: Duration {
        .seconds(self.jitterEstimate / self.clockRate)
    }

    /// The block for the next report; begins a new interval for the loss fraction.
    /// - Returns: `nil` before the first packet.
    package mutating func makeReportBlock(now: Instant) -> ReportBlock? {
        guard let source = self.source else { return nil }
        let received = Int64(clamping: self.packetsReceived)
        let expectedInterval = self.expected - self.expectedAtLastReport
        let lostInterval = expectedInterval - (received - self.receivedAtLastReport)
        self.expectedAtLastReport = self.expected
        self.receivedAtLastReport = received

        var fraction: Int64 = 0
        if expectedInterval > 0, lostInterval > 0 { fraction = min(255, lostInterval * 256 / expectedInterval) }
        var lastSenderReport: UInt32 = 0
        var delay: UInt32 = 0
        if let (middle, received) = self.lastReport {
            lastSenderReport = middle
            delay = UInt32(max(0, min((now - received).fractionalSeconds * 65_536, Double(UInt32.max - 255))))
        }
        return ReportBlock(
            source: source, fractionLost: UInt8(clamping: fraction),
            cumulativeLost: Int32(max(-(1 << 23), min((1 << 23) - 1, self.expected - received))),
            extendedHighestSequenceNumber: UInt32(truncatingIfNeeded: self.highestExtended),
            jitter: UInt32(clamping: Int64(self.jitterEstimate)), lastSenderReport: lastSenderReport,
            delaySinceLastSenderReport: delay)
    }

    /// Which of the last packets came, for an extended report.
    /// - Returns: `nil` before the first packet.
    package func makeLossMap() -> LossMap? {
        guard let source = self.source else { return nil }
        return self.arrivals?.map(source: source)
    }

    /// Extends a sequence number over its wraps (`update_seq`).
    /// - Returns: Whether the packet counts. One that leaps does not, until its successor comes next: then the peer has
    ///   begun anew without telling.
    private mutating func place(_ sequence: UInt16) -> Bool {
        let newest = UInt16(truncatingIfNeeded: self.highestExtended)
        let step = Int64(SerialNumber(sequence).distance(from: SerialNumber(newest)))
        guard step > -maximumMisorder, step < maximumDropout else {
            guard self.confirming == sequence else {
                self.confirming = sequence &+ 1
                return false
            }
            // Behind a silence of the path the count of wraps goes on, as the peer's own does.
            self.begin(at: step > 0 ? self.highestExtended + step : Int64(sequence))
            self.note(self.highestExtended)
            return true
        }
        self.confirming = nil
        let extended = self.highestExtended + step
        self.highestExtended = max(self.highestExtended, extended)
        self.note(extended)
        // A straggler from before the first packet seen.
        self.baseSequenceNumber = min(self.baseSequenceNumber, extended)
        return true
    }

    private mutating func note(_ extendedSequenceNumber: Int64) {
        if self.arrivals == nil { self.arrivals = ArrivalHistory(first: extendedSequenceNumber) }
        self.arrivals?.note(extendedSequenceNumber)
    }

    private mutating func begin(at extendedSequenceNumber: Int64) {
        self.lostOfFormerSources = self.totalLost
        self.packetsReceived = 0
        self.baseSequenceNumber = extendedSequenceNumber
        self.highestExtended = extendedSequenceNumber
        self.confirming = nil
        self.expectedAtLastReport = 0
        self.receivedAtLastReport = 0
        self.jitterEstimate = 0
        self.lastTransit = nil
        self.lastTimestamp = nil
        self.arrivals = nil
    }

    private mutating func updateJitter(_ header: RTPHeader, now: Instant) {
        let arrival = Double(now.nanoseconds) * 1e-9 * self.clockRate
        if let lastTimestamp = self.lastTimestamp, let lastTransit = self.lastTransit {
            // The timestamp's distance, so that its wrap is no jump.
            let step = SerialNumber(header.timestamp).distance(from: SerialNumber(lastTimestamp))
            let transit = arrival - (self.unwrappedTimestamp + Double(step))
            let difference = abs(transit - lastTransit)
            // A peer that jumps its clock by more than ten seconds is not jittering.
            if difference < 10 * self.clockRate {
                self.jitterEstimate += (difference - self.jitterEstimate) / 16
            }
            self.unwrappedTimestamp += Double(step)
            self.lastTransit = transit
        } else {
            self.unwrappedTimestamp = Double(header.timestamp)
            self.lastTransit = arrival - self.unwrappedTimestamp
        }
        self.lastTimestamp = header.timestamp
    }
}

/// Packets (RFC 3550 §A.1, `MAX_MISORDER` and `MAX_DROPOUT`).
private let maximumMisorder: Int64 = 100
private let maximumDropout: Int64 = 3_000
