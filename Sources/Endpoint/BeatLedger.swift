internal import Wire

/// How late the beats of a thread's sessions began. Confined to that thread; after `init` nothing is allocated.
final class BeatLedger {
    private(set) var total = LatenessHistogram()
    private var window = LatenessHistogram()
    private var windowEnd: Instant?
    private(set) var windows: [BeatWindow] = []
    private let usage: () -> ThreadUsage
    private var usageAtStart = ThreadUsage()
    private var tenthEnd: Instant?
    private var allocationsAtTenth = 0
    private var quietTenths = 0

    /// - Parameter usage: of this thread so far.
    init(usage: @escaping () -> ThreadUsage) {
        self.usage = usage
        self.windows.reserveCapacity(Self.mostWindows)
    }

    /// Looks, where allocations are counted, whether there were any in the last tenth of a second.
    private func serveTenth(now: Instant) {
        guard let end = self.tenthEnd, now >= end else { return }
        let count = self.usage().allocations ?? 0
        if count == self.allocationsAtTenth { self.quietTenths += 1 }
        self.allocationsAtTenth = count
        self.tenthEnd = now + Self.tenth
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
            self.usageAtStart = self.usage()
            self.allocationsAtTenth = self.usageAtStart.allocations ?? 0
            if self.usageAtStart.allocations != nil { self.tenthEnd = now + Self.tenth }
            return nil
        }
        self.serveTenth(now: now)
        guard now >= end else { return nil }
        let used = self.usage()
        let window = BeatWindow(
            sessions: sessions, beats: self.window.count, missed: self.window.missed,
            p99: self.window.quantile(0.99).milliseconds,
            seconds: (now - end + Self.windowLength).milliseconds / 1000,
            processorSeconds: (used.processorTime - self.usageAtStart.processorTime).milliseconds / 1000,
            allocations: used.allocations.map { $0 - (self.usageAtStart.allocations ?? 0) },
            quietTenths: used.allocations.map { _ in self.quietTenths })
        if self.windows.count < Self.mostWindows { self.windows.append(window) }
        self.window = LatenessHistogram()
        self.windowEnd = now + Self.windowLength
        self.usageAtStart = used
        self.quietTenths = 0
        return window.isKept ? nil : window
    }

    /// When ``serve(sessions:now:)`` has something to do.
    var deadline: Instant { self.tenthEnd ?? self.windowEnd ?? .distantFuture }

    private static let tenth: Duration = .milliseconds(100)
    static let windowLength: Duration = .seconds(5)
    /// An hour.
    private static let mostWindows = 720
}

/// What a thread has used since its start.
struct ThreadUsage {
    var processorTime: Duration = .zero
    /// Of memory; `nil` where they are not counted.
    var allocations: Int?
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
    /// Of memory, by this thread; absent where they are not counted.
    package let allocations: Int?
    /// Tenths of a second, of some fifty, in which there was none: a packet of voice needs none, but reports, checks of
    /// consent and signalling do.
    package let quietTenths: Int?

    package init(
        sessions: Int, beats: Int, missed: Int, p99: Double, seconds: Double, processorSeconds: Double,
        allocations: Int?, quietTenths: Int?
    ) {
        self.sessions = sessions
        self.beats = beats
        self.missed = missed
        self.p99 = p99
        self.seconds = seconds
        self.processorSeconds = processorSeconds
        self.allocations = allocations
        self.quietTenths = quietTenths
    }

    /// What a jitter buffer at the other end does not hear: a quarter of a packet.
    package var isKept: Bool { self.missed == 0 && self.p99 <= 5 }
}
