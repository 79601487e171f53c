internal import Wire

/// What many calls of one process were like, as one JSON document.
package struct LoadReport: Encodable, Sendable {
    /// How late the beats of all sessions began.
    package struct Beat: Encodable, Sendable {
        package struct Share: Encodable, Sendable {
            /// Milliseconds; absent for the last, which has no end.
            package let below: Double?
            package let beats: Int
        }

        package struct Lateness: Encodable, Sendable {
            package let p50: Double
            package let p95: Double
            package let p99: Double
            package let worst: Double
        }

        /// In every window of 5 s of every thread: 99 of 100 beats within 5 ms, and none late by a whole beat.
        package var isKept: Bool { self.lateWindows == 0 }
        package let windows: Int
        package let lateWindows: Int
        package let beats: Int
        package let missed: Int
        package let lateMilliseconds: Lateness
        package let histogram: [Share]

        private enum CodingKeys: String, CodingKey {
            case kept, windows, lateWindows, beats, missed, lateMilliseconds, histogram
        }

        package func encode(to encoder: any Encoder) throws {
            var document = encoder.container(keyedBy: CodingKeys.self)
            try document.encode(self.isKept, forKey: .kept)
            try document.encode(self.windows, forKey: .windows)
            try document.encode(self.lateWindows, forKey: .lateWindows)
            try document.encode(self.beats, forKey: .beats)
            try document.encode(self.missed, forKey: .missed)
            try document.encode(self.lateMilliseconds, forKey: .lateMilliseconds)
            try document.encode(self.histogram, forKey: .histogram)
        }
    }

    package struct Thread: Encodable, Sendable {
        package let sessions: Int
        /// On each address of this machine, and at most.
        package let sockets: Int
        /// Datagrams that were for no session, and those for one on a path of another's.
        package let strangers: Int
        package let conflicts: Int
        package let windows: [BeatWindow]
    }

    package let sessions: [CallReport]
    package let completed: Int
    package let failed: Int
    package let beat: Beat
    package let threads: [Thread]
    package let cpuSeconds: Double
    package let peakMemoryBytes: Int

    package init(_ pool: CallPool) {
        self.sessions = pool.reports.compactMap { $0 }
        self.completed = self.sessions.count { $0.outcome == .completed }
        self.failed = pool.parts.count - self.completed
        var late = LatenessHistogram()
        let threads = pool.threadReports
        for thread in threads { late.add(thread.lateness) }
        let windows = threads.flatMap(\.windows)
        let counts = late.counts(below: Self.edges)
        self.beat = Beat(
            windows: windows.count, lateWindows: windows.count { !$0.isKept }, beats: late.count, missed: late.missed,
            lateMilliseconds: Beat.Lateness(
                p50: late.quantile(0.5).milliseconds, p95: late.quantile(0.95).milliseconds,
                p99: late.quantile(0.99).milliseconds, worst: late.worst.milliseconds),
            histogram: zip(Self.edges, counts).map { Beat.Share(below: $0, beats: $1) }
                + [Beat.Share(below: nil, beats: late.count - counts.reduce(0, +))])
        self.threads = threads.map {
            Thread(
                sessions: $0.sessions, sockets: $0.sockets, strangers: $0.strangers, conflicts: $0.conflicts,
                windows: $0.windows)
        }
        let usage = ProcessUsage.now
        self.cpuSeconds = usage.cpuSeconds
        self.peakMemoryBytes = usage.peakMemoryBytes
    }

    private static let edges: [Double] = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25]
}
