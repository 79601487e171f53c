import ArgumentParser
import Audio
import MediaBench

/// `colloque bench memory`: whether hours of a call take more memory than minutes.
struct BenchMemoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory",
        abstract: "Hold a call for hours of virtual time and watch its memory.",
        discussion: """
            Two whole ends speak to one another with redundant copies over a path that loses 5 % and delays each \
            packet by 20 to 80 ms for itself; an hour of the call takes some two minutes. Shown are the octets that \
            the allocator has given out and those of the process that lie in memory.

            The first quarter is left out of the verdict: everything warms up in it. Memory is flat when the heap \
            of the rest spreads by less than 64 KiB.

            EXAMPLES
              colloque bench memory --minutes 180
              colloque bench memory --minutes 20 --samples 4 --json

            EXIT STATUS
              0 memory is flat · 64 usage · 75 it is not
            """)

    @Option(help: ArgumentHelp("How long the call is.", valueName: "minutes"))
    var minutes = 60

    @Option(help: ArgumentHelp("How often memory is looked at.", valueName: "count"))
    var samples = 12

    @Option(help: ArgumentHelp("Seed of the path.", valueName: "number"))
    var seed: UInt64 = 1

    @Flag(help: "Print one JSON document on stdout and nothing else.")
    var json = false

    func validate() throws {
        guard (4...1000).contains(self.samples) else { throw ValidationError("--samples is a number from 4 to 1000") }
        guard self.minutes >= self.samples, self.minutes <= 10_000 else {
            throw ValidationError("--minutes is at least the number of samples, and at most 10000")
        }
    }

    func run() throws {
        var progress = BenchProgress()
        progress.tell("both ends begin")
        var call = try SteadyMemory(speech: try Greeting.samples(), seed: self.seed)
        var samples: [SteadyMemory.Sample] = []
        let table =
            self.json
            ? nil : BenchTable(["minute of the call", "heap in use, KiB", "resident, KiB", "concealed"])
        for number in 1...self.samples {
            progress.tell("part \(number) of \(self.samples)")
            // What does not divide goes to the last.
            let share = self.minutes / self.samples
            let sample = try call.run(
                minutes: number < self.samples ? share : self.minutes - share * (self.samples - 1))
            samples.append(sample)
            progress.clear()
            table?.row([
                "\(sample.minute)", fixed(Double(sample.heapOctets) / 1024, 1), "\(sample.residentOctets / 1024)",
                "\(fixed(sample.concealedPercent, 1)) %",
            ])
        }
        let verdict = MemoryVerdict(samples)
        if self.json {
            try printJSON(Document(samples: samples, verdict: verdict))
        } else {
            print(
                "\nBehind the first quarter the heap spreads by \(fixed(Double(verdict.heapSpread) / 1024, 1)) KiB, the"
                    + " resident set by \(verdict.residentSpread / 1024) KiB: \(verdict.isFlat ? "flat" : "not flat").")
        }
        if !verdict.isFlat { throw ExitCode(75) }
    }

    private struct Document: Encodable {
        let samples: [SteadyMemory.Sample]
        let verdict: MemoryVerdict
    }
}
