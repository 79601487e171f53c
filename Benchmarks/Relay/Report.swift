import Foundation

/// All rounds as they were, and medians of those that count.
struct Report {
    let rounds: [Round]
    let rejection: Rejection
    let tick: Int

    private struct Column {
        let title: String
        let key: String
        let digits: Int
    }

    private static let pairColumns = [
        Column(title: "offered/s", key: "offeredPerSecond", digits: 0),
        Column(title: "relayed per CPU-s", key: "packetsPerProcessorSecond", digits: 0),
        Column(title: "CPU %", key: "processor", digits: 1),
        Column(title: "lost %", key: "lossPercent", digits: 3),
        Column(title: "p50 µs", key: "latencyP50", digits: 0),
        Column(title: "p95 µs", key: "latencyP95", digits: 0),
        Column(title: "p99 µs", key: "latencyP99", digits: 0),
        Column(title: "most µs", key: "latencyMost", digits: 0),
        Column(title: "lag p99 µs", key: "lagP99", digits: 0),
        Column(title: "generator %", key: "generator", digits: 0),
        Column(title: "others %", key: "others", digits: 0),
        Column(title: "stolen %", key: "stolen", digits: 1),
    ]
    private static let uclientColumns = [
        Column(title: "relayed", key: "relayed", digits: 0),
        Column(title: "relayed per CPU-s", key: "packetsPerProcessorSecond", digits: 0),
        Column(title: "CPU %", key: "processor", digits: 1),
        Column(title: "lost %", key: "lossPercent", digits: 3),
        Column(title: "uclient %", key: "generator", digits: 0),
        Column(title: "others %", key: "others", digits: 0),
        Column(title: "stolen %", key: "stolen", digits: 1),
    ]
    private static let allocationColumns = [
        Column(title: "allocations per CPU-s", key: "allocationsPerProcessorSecond", digits: 0),
        Column(title: "releases per CPU-s", key: "releasesPerProcessorSecond", digits: 0),
        Column(title: "octets each", key: "bytesPerAllocation", digits: 0),
        Column(title: "resident MB", key: "residentMegabytes", digits: 1),
        Column(title: "made per s", key: "allocatedPerSecond", digits: 0),
        Column(title: "sent again", key: "resent", digits: 0),
        Column(title: "others %", key: "others", digits: 0),
        Column(title: "stolen %", key: "stolen", digits: 1),
    ]

    private static func columns(_ what: String) -> [Column] {
        if what.hasPrefix("uclient") { return self.uclientColumns }
        return what.hasSuffix("pairs") ? self.pairColumns : self.allocationColumns
    }

    static func line(_ round: Round) -> String {
        let figures = self.columns(round.what).compactMap { column in
            round.figures[column.key].map { "\(column.title) \(fixed($0, column.digits))" }
        }
        let threads = round.threads.isEmpty ? "" : " [\(round.threads.joined(separator: ", "))]"
        return "\(round.what), round \(round.number), \(round.peer): \(figures.joined(separator: ", "))\(threads)"
            + (round.void.map { " VOID: \($0)" } ?? "")
    }

    func markdown() -> String {
        var lines = [self.rejection.text, "The generator's tick: \(self.tick) µs.", ""]
        for what in self.orderedNames(self.rounds.map(\.what)) {
            let columns = Self.columns(what)
            let all = self.rounds.filter { $0.what == what }
            lines.append("### \(what)\n")
            lines.append("| peer | round | " + columns.map(\.title).joined(separator: " | ") + " | void, threads |")
            lines.append("|---|---|" + String(repeating: "---|", count: columns.count + 1))
            for round in all {
                let notes = [round.void.map { "void: \($0)" }, round.threads.joined(separator: ", ")].compactMap { $0 }
                lines.append(
                    "| \(round.peer) | \(round.number) | "
                        + columns.map { Self.cell(round.figures[$0.key], $0.digits) }.joined(separator: " | ")
                        + " | \(notes.joined(separator: "; ")) |")
            }
            for (peer, count) in self.peers(all) {
                lines.append(
                    "| **\(peer)** | median of \(count) | "
                        + columns.map { Self.cell(self.median($0.key, what, peer), $0.digits) }.joined(separator: " | ")
                        + " | |")
            }
            lines += ["", self.comparison(what, all), ""]
        }
        return lines.joined(separator: "\n")
    }

    func json() throws -> String {
        struct Document: Encodable {
            let rejection: String
            let tickMicroseconds: Int
            let rounds: [Round]
            let medians: [String: [String: [String: Double]]]
        }
        var medians: [String: [String: [String: Double]]] = [:]
        for what in self.orderedNames(self.rounds.map(\.what)) {
            let all = self.rounds.filter { $0.what == what }
            for (peer, _) in self.peers(all) {
                for column in Self.columns(what) {
                    medians[what, default: [:]][peer, default: [:]][column.key] = self.median(column.key, what, peer)
                }
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        let document = Document(
            rejection: self.rejection.text, tickMicroseconds: self.tick, rounds: self.rounds, medians: medians)
        return String(decoding: try encoder.encode(document), as: UTF8.self)
    }

    /// Ratios of medians against coturn with one relay thread, and latency above the direct way.
    private func comparison(_ what: String, _ all: [Round]) -> String {
        let isPairs = what.hasSuffix("pairs")
        let key = what.hasSuffix("allocations") ? "allocationsPerProcessorSecond" : "packetsPerProcessorSecond"
        let yardsticks = self.peers(all).map(\.peer).filter { $0.hasPrefix("coturn") }
        return self.peers(all).filter { $0.peer != "direct" }.map { peer, _ in
            var parts: [String] = []
            for yardstick in yardsticks where yardstick != peer {
                if let ours = self.median(key, what, peer), let theirs = self.median(key, what, yardstick), theirs > 0 {
                    parts.append("\(fixed(ours / theirs, 2)) × \(yardstick)")
                }
            }
            for added in isPairs ? ["latencyP50", "latencyP95", "latencyP99"] : [] {
                if let ours = self.median(added, what, peer), let floor = self.median(added, what, "direct") {
                    parts.append("adds \(fixed(ours - floor, 0)) µs at \(added.suffix(3).lowercased())")
                }
            }
            return "- \(peer): \(parts.joined(separator: ", "))"
        }.joined(separator: "\n")
    }

    private func median(_ key: String, _ what: String, _ peer: String) -> Double? {
        middle(
            self.rounds.filter { $0.what == what && $0.peer == peer && $0.void == nil }.compactMap { $0.figures[key] })
    }

    /// Peers in their order, with the number of rounds that count.
    private func peers(_ all: [Round]) -> [(peer: String, count: Int)] {
        self.orderedNames(all.map(\.peer)).map { name in
            (name, all.count { $0.peer == name && $0.void == nil })
        }
    }

    private func orderedNames(_ names: [String]) -> [String] {
        names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private static func cell(_ value: Double?, _ digits: Int) -> String {
        value.map { fixed($0, digits) } ?? ""
    }
}

func fixed(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
}

/// The median; of an even number the mean of the two in the middle.
func middle(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
