import ArgumentParser
import Foundation
import Glibc

/// `colloque bench`: what this machine makes of the product.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure what a call costs here, and what is heard over bad networks.",
        discussion: """
            Nothing leaves this machine, and no keystore, broker or sound device is needed. Tables go to stdout, \
            progress to stderr. Times of a machine that does other work as well prove little; ratios within one run \
            prove more, so each run shows both sides of a comparison, and every run is shown.

            EXAMPLES
              colloque bench media
              colloque bench quality --output heard
              colloque bench memory --minutes 180
            """,
        subcommands: [BenchMediaCommand.self, BenchQualityCommand.self, BenchMemoryCommand.self])
}

/// What runs at present, on stderr: one line that is written over at a terminal, a line for each step elsewhere.
struct BenchProgress {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var step = ""

    init() {
        #if DEBUG
            self.write("This is a debug build: its times say nothing of the product.\n")
        #endif
    }

    mutating func tell(_ step: String) {
        self.step = step
        self.write(self.isTerminal ? "\r\u{1B}[K\(step) …" : "\(step)\n")
    }

    /// Takes the line away, for good or while `body` writes something else.
    func clear(while body: (() -> Void)? = nil) {
        if self.isTerminal { self.write("\r\u{1B}[K") }
        guard let body else { return }
        body()
        if self.isTerminal { self.write("\(self.step) …") }
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}

/// A table as Markdown, which is read as easily as it is kept.
struct BenchTable {
    /// Prints the head.
    init(_ columns: [String]) {
        self.row(columns)
        self.line("|" + String(repeating: "---|", count: columns.count))
    }

    func row(_ cells: [String]) {
        self.line("| \(cells.joined(separator: " | ")) |")
    }

    /// Not through `print`: seen as it comes, also through a pipe.
    private func line(_ text: String) {
        FileHandle.standardOutput.write(Data("\(text)\n".utf8))
    }
}
