import ArgumentParser
import SetupBench

/// `colloque bench setup`: how long a call takes until it is heard.
struct BenchSetupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "setup",
        abstract: "Time how long two native ends take from joining to sound, over paths of several lengths.",
        discussion: """
            Both ends and a broker are in this process; the patient's end is far from the other two. In real time, so \
            that what the ends compute counts. Every call is shown; the last lines are those of least squares through \
            all calls: what no distance costs, and how many round trips are added to it.

            EXAMPLES
              colloque bench setup
              colloque bench setup --trips 20 300 --calls 10 --loss 5
              colloque bench setup --json

            EXIT STATUS
              0 measured · 64 usage · 75 a call had no sound within 20 s
            """)

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Lengths of the path, there and back.", valueName: "milliseconds"))
    var trips = [0, 50, 100, 200, 400]

    @Option(help: ArgumentHelp("Calls over each path.", valueName: "count"))
    var calls = 5

    @Option(help: ArgumentHelp("Datagrams that are lost, of a hundred.", valueName: "percent"))
    var loss = 0.0

    @Option(help: ArgumentHelp("The first call's chance; each further one takes the next number.", valueName: "number"))
    var seed: UInt64 = 1

    @Flag(help: "Print one JSON document on stdout and nothing else.")
    var json = false

    func validate() throws {
        guard !self.trips.isEmpty, self.trips.allSatisfy({ (0...2000).contains($0) }) else {
            throw ValidationError("--trips are numbers from 0 to 2000")
        }
        guard (1...1000).contains(self.calls) else { throw ValidationError("--calls is a number from 1 to 1000") }
        guard (0...50).contains(self.loss) else { throw ValidationError("--loss is a number from 0 to 50") }
    }

    func run() throws {
        var progress = BenchProgress()
        var all: [DelayedCall.Figures] = []
        for trip in self.trips {
            progress.tell("\(trip) ms there and back")
            for _ in 0..<self.calls {
                let call = try DelayedCall(
                    roundTrip: .milliseconds(trip), loss: self.loss / 100, seed: self.seed &+ UInt64(all.count))
                guard let figures = call.run() else {
                    progress.clear()
                    throw CommandFailure(code: 75, "a call had no sound within 20 s")
                }
                all.append(figures)
            }
        }
        progress.clear()
        let fits = Self.measures.map { measure in
            Fit(measure: measure.name, through: all.map { (trip: $0.roundTrip, taken: measure.of($0)) })
        }
        guard !self.json else { return try printJSON(Document(calls: all, fits: fits)) }
        let table = BenchTable(["ms"] + self.trips.map { "\($0) ms" } + ["ms + round trips"])
        for (measure, fit) in zip(Self.measures, fits) {
            let cells = self.trips.map { trip in
                all.filter { $0.roundTrip == Double(trip) }.map { "\(Int(measure.of($0).rounded()))" }
                    .joined(separator: " ")
            }
            table.row([measure.name] + cells + ["\(rounded(fit.constant, 0)) + \(rounded(fit.roundTrips, 2))"])
        }
    }

    private static var measures: [(name: String, of: (DelayedCall.Figures) -> Double)] {
        [
            ("socket to admission", \.admission), ("admission to sound both ways", \.soundBothWays),
            ("answer to sound", \.answerToSound),
        ]
    }

    private struct Document: Encodable {
        let calls: [DelayedCall.Figures]
        let fits: [Fit]
    }

    /// The line of least squares.
    private struct Fit: Encodable {
        let measure: String
        /// Milliseconds at no distance.
        let constant: Double
        let roundTrips: Double

        init(measure: String, through points: [(trip: Double, taken: Double)]) {
            let count = Double(points.count)
            let meanTrip = points.reduce(0) { $0 + $1.trip } / count
            let meanTaken = points.reduce(0) { $0 + $1.taken } / count
            let spread = points.reduce(0) { $0 + ($1.trip - meanTrip) * ($1.trip - meanTrip) }
            let shared = points.reduce(0) { $0 + ($1.trip - meanTrip) * ($1.taken - meanTaken) }
            self.measure = measure
            self.roundTrips = spread > 0 ? shared / spread : 0
            self.constant = meanTaken - self.roundTrips * meanTrip
        }
    }
}

private func rounded(_ value: Double, _ digits: Int) -> String {
    let factor = digits == 0 ? 1.0 : 100.0
    let scaled = (value * factor).rounded() / factor
    return digits == 0 ? "\(Int(scaled))" : "\(scaled)"
}
