internal import Wire

/// How late the beats of a thread's sessions began. Confined to that thread; after `init` nothing is allocated.
final class BeatLedger {
    private(set) var total = LatenessHistogram()
    private var window = LatenessHistogram()
    private var windowEnd: Instant?
    private(set) var windows: [BeatWindow] = []
    private let processorTime: () -> Duration
    private var processorAtStart: Duration = .zero

    /// - Parameter processorTime: of this thread so far.
    init(processorTime: @escaping () -> Duration) {
        self.processorTime = processorTime
        self.windows.reserveCapacity(Self.mostWindows)
    }

    /// One beat began `lateness` after it was due.
    func note(_ lateness: Duration) {
        self.total.add(lateness)
        self.window.add(lateness)
    }

    /// Closes the window that is over.
    /// - Parameter sessions: how many have sound now.
    /// - Returns: the window, if in it the beat was not kept.
    func serve(sessions: Int, now: Instant) -> BeatWindow? {
        guard let end = self.windowEnd else {
            guard self.window.count > 0 else { return nil }
            self.windowEnd = now + Self.windowLength
            self.processorAtStart = self.processorTime()
            return nil
        }
        guard now >= end else { return nil }
        let used = self.processorTime()
        let window = BeatWindow(
            sessions: sessions, beats: self.window.count, missed: self.window.missed,
            p99: self.window.quantile(0.99).milliseconds,
            seconds: (now - end + Self.windowLength).milliseconds / 1000,
            processorSeconds: (used - self.processorAtStart).milliseconds / 1000)
        if self.windows.count < Self.mostWindows { self.windows.append(window) }
        self.window = LatenessHistogram()
        self.windowEnd = now + Self.windowLength
        self.processorAtStart = used
        return window.isKept ? nil : window
    }

    /// When ``serve(sessions:now:)`` has something to do.
    var deadline: Instant { self.windowEnd ?? .distantFuture }

    static let windowLength: Duration = .seconds(5)
    /// An hour.
    private static let mostWindows = 720
}

/// Five seconds of one thread.
package struct BeatWindow: Encodable, Sendable {
    package let sessions: Int
    package let beats: Int
    /// Beats that began when the next was due already.
    package let missed: Int
    /// Milliseconds that one beat in a hundred was late by.
    package let p99: Double
    package let seconds: Double
    /// Of this thread.
    package let processorSeconds: Double

    /// What a jitter buffer at the other end does not hear: a quarter of a packet.
    package var isKept: Bool { self.missed == 0 && self.p99 <= 5 }
}

/// Counts of lateness in steps of 0.1 ms up to 25.6 ms.
package struct LatenessHistogram: Sendable {
    private var bins: InlineArray<256, UInt32> = .init(repeating: 0)
    package private(set) var count = 0
    /// By a whole beat and more.
    package private(set) var missed = 0
    package private(set) var worst: Duration = .zero

    package init() {}

    package mutating func add(_ lateness: Duration) {
        let bin = min(255, max(0, Int(lateness.wholeNanoseconds / 100_000)))
        self.bins[bin] &+= 1
        self.count += 1
        if lateness >= .milliseconds(20) { self.missed += 1 }
        self.worst = max(self.worst, lateness)
    }

    package mutating func add(_ other: LatenessHistogram) {
        for bin in other.bins.indices { self.bins[bin] &+= other.bins[bin] }
        self.count += other.count
        self.missed += other.missed
        self.worst = max(self.worst, other.worst)
    }

    /// The upper edge of the bin in which this share of the beats has been counted; the worst for all of them.
    package func quantile(_ share: Double) -> Duration {
        let wanted = Int((Double(self.count) * share).rounded(.up))
        var seen = 0
        for bin in self.bins.indices.dropLast() {
            seen += Int(self.bins[bin])
            if seen >= wanted { return min(self.worst, .microseconds(100 * (bin + 1))) }
        }
        return self.worst
    }

    /// How many were late by less than each of these milliseconds, and no less than the one before.
    package func counts(below edges: [Double]) -> [Int] {
        var former = 0
        return edges.map { edge in
            let bin = min(256, Int((edge * 10).rounded()))
            defer { former = bin }
            return (former..<max(former, bin)).reduce(0) { $0 + Int(self.bins[$1]) }
        }
    }
}

/// Where in the beat of 20 ms a session stands, so that those of one thread are spread evenly, however many there are.
package struct BeatPhase {
    /// - Parameter number: of the session on its thread, from 0.
    /// - Returns: Less than `period`: 0, 1/2, 1/4, 3/4, 1/8, … of it (the van der Corput sequence).
    package static func offset(of number: Int, period: Duration) -> Duration {
        let reversed = UInt32(truncatingIfNeeded: number).bitReversed
        return period * (Double(reversed) / Double(1 << 32))
    }
}

extension UInt32 {
    fileprivate var bitReversed: UInt32 {
        (0..<32).reduce(0) { $0 << 1 | self >> UInt32($1) & 1 }
    }
}
