import ArgumentParser
import Audio
import Foundation
import MediaBench

/// `colloque bench media`: the media engine beside libopus alone.
struct BenchMediaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "media",
        abstract: "Time the media engine beside libopus alone, and count its heap allocations.",
        discussion: """
            Recorded speech is sent and received in virtual time, in turns with libopus called as C would, at the \
            settings of a call: 32 kbit/s, complexity 5, error correction for 10 % loss, 20 ms. Times are \
            milliseconds of processor time per second of call; `ratio` is what libopus alone costs divided by what \
            ours costs. The whole legs go from sound to SRTP datagram and from datagram to sound, with statistics, \
            adaptation and jitter buffer. Every run is shown; none is dropped.

            Allocations are counted by breakpoints that the kernel sets on the allocator for the measuring thread, \
            and nothing of the allocator is replaced. Where kernel.perf_event_paranoid is above 2 or a container \
            forbids it, they read `not counted`, and `null` with --json.

            The JSON document has `runs`, and `perPacket` with histograms of the time for one packet each way.

            EXAMPLES
              colloque bench media
              colloque bench media --runs 10 --json

            EXIT STATUS
              0 measured · 64 usage · 73 cannot write
            """)

    @Option(help: ArgumentHelp("How often all of it is measured.", valueName: "count"))
    var runs = 5

    @Option(
        help: ArgumentHelp("Write the JSON document to this file, beside what is printed.", valueName: "file"),
        completion: .file())
    var report: String?

    @Flag(help: "Print one JSON document on stdout and nothing else.")
    var json = false

    func validate() throws {
        guard (1...1000).contains(self.runs) else { throw ValidationError("--runs is a number from 1 to 1000") }
    }

    func run() throws {
        var progress = BenchProgress()
        progress.tell("speech is encoded")
        var cost = try MediaCost(speech: try Greeting.samples())
        var rows: [MediaCost.Row] = []
        var table: BenchTable?
        for run in 1...self.runs {
            progress.tell("run \(run) of \(self.runs)")
            try cost.run(run) { row in
                rows.append(row)
                guard !self.json else { return }
                progress.clear {
                    let shown = table ?? BenchTable(Self.columns)
                    table = shown
                    shown.row(Self.cells(row))
                }
            }
        }
        progress.clear()
        let document = Document(
            runs: rows, perPacket: ["ours": cost.oursPerPacket, "libopus": cost.libopusPerPacket])
        if let report { try Self.write(document, to: report) }
        if self.json { try printJSON(document) }
    }

    private static func write(_ document: Document, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        do {
            try encoder.encode(document).write(to: URL(fileURLWithPath: path))
        } catch {
            throw CommandFailure(code: 73, "\(path): the report cannot be written; choose another file")
        }
    }

    private struct Document: Encodable {
        let runs: [MediaCost.Row]
        let perPacket: [String: Histogram]
    }

    private static let columns = [
        "work", "ours, ms/s", "libopus alone, ms/s", "ratio", "allocations per packet", "run",
    ]

    private static func cells(_ row: MediaCost.Row) -> [String] {
        [
            row.work, fixed(row.oursMilliseconds, 3), fixed(row.libopusMilliseconds, 3), fixed(row.ratio, 3),
            row.allocationsPerPacket.map { fixed($0, 2) } ?? "not counted",
            row.note.isEmpty ? "\(row.run)" : "\(row.run): \(row.note)",
        ]
    }
}
