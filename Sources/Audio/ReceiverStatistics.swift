/// What the receiving side saw and did since its start, over all sources.
package struct ReceiverStatistics: Equatable, Sendable {
    /// Packets taken in, late ones and duplicates included.
    package var received = 0
    /// Packets that had not arrived when their turn came and have not since (recovered ones too).
    package var lost = 0
    /// Packets that came after their turn.
    package var late = 0
    /// Copies of packets already there.
    package var duplicates = 0
    /// Packets dropped to catch up, or that were nothing Opus could play.
    package var discarded = 0
    /// Lost packets rebuilt from the copy in their successor.
    package var recoveredFEC = 0
    /// Lost packets played from a redundant copy (RFC 2198).
    package var recoveredRED = 0
    /// Sound played in place of sound that was not there, silence after long gaps included.
    package var concealedSamples = 0
    /// Samples inserted and removed to keep the delay at its target.
    package var insertedSamples = 0
    package var removedSamples = 0
    /// Times another source took over (RFC 3550 §8.2).
    package var sourceChanges = 0
    /// Interarrival jitter (RFC 3550 §6.4.1).
    package var jitterMilliseconds = 0.0
    /// What playout waits at present for the late part of the arrivals.
    package var targetMilliseconds = 0.0
    /// What the packet decoded last waited, in milliseconds.
    package var latestDelayMilliseconds = 0.0
    /// From a packet's arrival to the playout of its first sample.
    package var delay = DelayDistribution()

    package init() {}

    package var concealedMilliseconds: Double {
        Double(self.concealedSamples) * 1000 / Double(AudioFormat.sampleRate)
    }
}

/// A histogram of delays by the millisecond, up to about half a second.
package struct DelayDistribution: Equatable, Sendable {
    private var bins = [UInt32](repeating: 0, count: 512)
    private var count = 0

    mutating func record(milliseconds: Int) {
        let bin = min(max(milliseconds, 0), self.bins.count - 1)
        self.bins[bin] &+= 1
        self.count += 1
    }

    /// The delay, in milliseconds, that `fraction` of the packets kept; `nil` before the first.
    package func quantile(_ fraction: Double) -> Double? {
        guard self.count > 0 else { return nil }
        let rank = Double(self.count) * fraction
        var sum = 0.0
        for (bin, entries) in self.bins.enumerated() {
            sum += Double(entries)
            if sum >= rank { return Double(bin) + 0.5 }
        }
        return Double(self.bins.count)
    }

    package var p50: Double? { self.quantile(0.5) }
    package var p95: Double? { self.quantile(0.95) }
}
