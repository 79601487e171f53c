import ArgumentParser
import Audio
import Foundation
import MediaBench
import QualityBench

/// `colloque bench quality`: what is heard over bad networks.
struct BenchQualityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quality",
        abstract: "Write what a listener hears over seeded bad networks.",
        discussion: """
            Speech is sent over each trace, received in virtual time as a sound card would pull it, and written to \
            OUTPUT/heard/ours/MODE/TRACE/VOICE-SEED.wav, 48 kHz mono, from the moment when the first sample was \
            spoken; the figures of all go to OUTPUT/heard/ours/figures.jsonl, payloads and traces for other \
            receivers to OUTPUT/payloads and OUTPUT/traces. The table shows means over voices and seeds.

            Without --speech the recorded greeting speaks, and is written to OUTPUT/speech. PESQ-WB, STOI and mouth \
            to ear are computed by `Scripts/bench-quality` of the source tree, which also fetches other voices \
            and brings Chromium as a receiver of the same packets.

            MODES
              fec                 32 kbit/s with error correction for 10 % loss
              red1, red2, red3    24 kbit/s and so many copies of what came before (RFC 2198)
              far3                three, far apart, as between native ends where losses come in runs

            TRACES
              \(Trace.names.map { $0.name.padding(toLength: 12, withPad: " ", startingAt: 0) + $0.description }
                .joined(separator: "\n  "))

            EXAMPLES
              colloque bench quality --output heard
              colloque bench quality --output heard --trace bursts10 --mode red3 --json

            EXIT STATUS
              0 written · 64 usage · 65 no WAV file of speech there · 73 cannot be written
            """)

    @Option(help: ArgumentHelp("Where the files go.", valueName: "dir"), completion: .directory)
    var output: String

    @Option(
        help: ArgumentHelp(
            "Speak every NAME.wav of this directory; each begins with three seconds of silence.", valueName: "dir"),
        completion: .directory)
    var speech: String?

    @Option(
        name: .customLong("mode"),
        help: ArgumentHelp("A way of sending; may be given more than once (default: all).", valueName: "mode"),
        completion: .list(Mode.allCases.map(\.rawValue)))
    var modes: [Mode] = []

    @Option(
        name: .customLong("trace"),
        help: ArgumentHelp("A trace; may be given more than once (default: all).", valueName: "trace"),
        completion: .list(Trace.names.map(\.name)))
    var traces: [String] = []

    @Option(help: ArgumentHelp("Calls of each kind, from seeds 1 upward.", valueName: "count"))
    var seeds = 1

    @Flag(help: "Print one JSON document on stdout and nothing else.")
    var json = false

    func validate() throws {
        guard (1...1000).contains(self.seeds) else { throw ValidationError("--seeds is a number from 1 to 1000") }
        let names = Trace.names.map(\.name)
        if let unknown = self.traces.first(where: { !names.contains($0) }) {
            throw ValidationError("no trace is called '\(unknown)'; there are \(names.joined(separator: ", "))")
        }
    }

    func run() throws {
        var progress = BenchProgress()
        let voices = try self.voices()
        let files = HeardFiles(
            directory: self.output, modes: self.modes.isEmpty ? Mode.allCases : self.modes,
            traces: self.traces.isEmpty ? Trace.names.map(\.name) : self.traces, seeds: self.seeds)
        var calls: [Figures] = []
        do {
            try files.make(voices) { figures in
                calls.append(figures)
                // As many lines as a person reads where they are not written over.
                if calls.count % files.seeds == 0 {
                    progress.tell(
                        "call \(calls.count) of \(files.callsPerVoice * voices.count): \(figures.voice),"
                            + " \(figures.mode), \(figures.trace)")
                }
            }
        } catch let failure as Files.Failure {
            throw CommandFailure(
                code: 73, "\(failure.path): cannot be written; choose another directory for --output")
        }
        progress.clear()
        if self.json { return try printJSON(["calls": calls]) }
        self.show(calls, files)
    }

    private func voices() throws -> [HeardFiles.Voice] {
        guard let directory = self.speech else {
            let greeting = HeardFiles.Voice.withSilence(name: "greeting", speech: try Greeting.samples())
            do {
                try greeting.write(to: "\(self.output)/speech")
            } catch let failure as Files.Failure {
                throw CommandFailure(
                    code: 73, "\(failure.path): cannot be written; choose another directory for --output")
            }
            return [greeting]
        }
        guard let voices = try? HeardFiles.voices(in: directory), !voices.isEmpty else {
            throw CommandFailure(code: 65, "\(directory): holds no WAV files of speech, or one that is not readable")
        }
        return voices
    }

    private func show(_ calls: [Figures], _ files: HeardFiles) {
        let table = BenchTable([
            "trace", "mode", "concealed", "lost", "recovered", "buffer, median (p95) ms", "inserted, removed ms",
        ])
        for trace in files.traces {
            for mode in files.modes {
                let group = calls.filter { $0.trace == trace && $0.mode == mode.rawValue }
                func mean(_ value: (Figures) -> Double) -> Double {
                    group.reduce(0) { $0 + value($1) } / Double(max(group.count, 1))
                }
                let recovered = fixed(mean { Double($0.recoveredFEC + $0.recoveredRED) }, 0)
                let inserted = fixed(mean { Double($0.inserted) / 48 }, 0)
                let removed = fixed(mean { Double($0.removed) / 48 }, 0)
                table.row([
                    trace, mode.rawValue, "\(fixed(mean { $0.concealment * 100 }, 1)) %",
                    fixed(mean { Double($0.lost) }, 0), recovered,
                    "\(fixed(mean { $0.bufferP50 }, 0)) (\(fixed(mean { $0.bufferP95 }, 0)))",
                    "\(inserted), \(removed)",
                ])
            }
        }
    }
}

extension Mode: ExpressibleByArgument {}
