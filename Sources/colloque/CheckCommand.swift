import ArgumentParser
import Console
import Desk
import Endpoint
import Foundation
import Glibc
import Keystore
import Network
import Phrases
import Screens
import Sound
import Terminal

/// `colloque check`: everything a consultation stands on.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Try microphone, loudspeaker, broker and every way to the relay.",
        discussion: """
            Hears you for three seconds and plays it back; then goes to the broker and holds short calls with itself, \
            one for each way that voice can take: what works here works for a patient. One line for each thing, and \
            one line of advice for each that fails.

            While a desk or a call of the same key runs, its place at the broker is left alone: those lines read \
            skipped.

            Ends with 0 when all is well; else 69 when the broker cannot be reached, 76 when its certificate or its \
            page is not the right one, 77 when it does not know the key, 75 for anything else.

            EXAMPLES
              colloque check
              colloque check --sound-only --microphone plughw:1
              colloque check --devices
              colloque check --json --passphrase-file FILE
            """)

    @Flag(help: "Try the sound alone.")
    var soundOnly = false

    @Flag(help: "List the devices there are, and try nothing.")
    var devices = false

    @OptionGroup var seat: SeatOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        if self.devices { return try self.listDevices() }
        let phrases = self.seat.phrases
        let isInteractive = !self.options.json && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
        let hasColours = self.seat.capabilities.hasColours
        let width = min(columnsOfOutput() ?? 80, 100)
        func show(_ lines: [Line]) {
            guard !self.options.json else { return }
            // Over the line that says that something runs.
            if isInteractive { FileHandle.standardOutput.write(Data("\r\u{1B}[K".utf8)) }
            for line in lines {
                FileHandle.standardOutput.write(Data("\(line.printed(hasColours: hasColours))\n".utf8))
            }
        }
        var checkup = Checkup(sound: self.seat.sound) { show(CheckReport.lines($0, phrases, width: width)) }
        if !self.soundOnly {
            checkup.broker = try self.options.brokerURL()
            checkup.isBusy = DeskVisit.isAnswered(home: self.options.homePath)
            checkup.identity = try self.options.unlock()
        }
        if isInteractive {
            checkup.begin = { item in
                let lines = CheckReport.lines(CheckReport.Row(item: item, outcome: .running), phrases, width: width)
                let text = lines.map { $0.printed(hasColours: hasColours) }.joined()
                FileHandle.standardOutput.write(Data("\r\u{1B}[K\(text)".utf8))
            }
            checkup.invitesToSpeak = { print(phrases.soundText) }
            checkup.asksHeard = {
                FileHandle.standardOutput.write(Data(phrases.soundHeardPrompt.utf8))
                let answer = readLine()?.lowercased().first
                return answer.map { "oyj".contains($0) } ?? false
            }
        }
        show([Line(phrases.checkTitle), Line("")])
        let report = await checkup.run()
        if self.options.json {
            try printJSON(CheckFacts(report, phrases))
        } else {
            show([Line(""), Line(phrases.checkSummary(faults: report.faultCount))])
        }
        if let code = report.exitCode { throw ExitCode(code) }
    }

    private func listDevices() throws {
        let microphones = SoundDevices.list(.capture)
        let loudspeakers = SoundDevices.list(.playback)
        if self.options.json {
            return try printJSON(["microphones": microphones.map(\.facts), "loudspeakers": loudspeakers.map(\.facts)])
        }
        let phrases = self.seat.phrases
        for (title, devices) in [(phrases.microphone, microphones), (phrases.loudspeaker, loudspeakers)] {
            print(title)
            for device in devices { print("  \(device.name)  \(device.title)") }
        }
    }
}

extension SoundDevices.Device {
    fileprivate var facts: [String: String] { ["name": self.name, "title": self.title] }
}

/// The document of a check.
private struct CheckFacts: Encodable {
    struct Check: Encodable {
        let name: String
        /// `passed`, `failed` or `skipped`.
        let outcome: String
        var detail: String?
        var problem: String?
        var advice: String?
    }

    let checks: [Check]
    let faults: Int

    init(_ report: CheckReport, _ phrases: Phrases) {
        self.faults = report.faultCount
        self.checks = report.rows.map { row in
            let name = "\(row.item)"
            switch row.outcome {
            case .passed(let detail): return Check(name: name, outcome: "passed", detail: detail?.text)
            case .failed(let fault):
                let explanation = phrases.fault(fault)
                return Check(name: name, outcome: "failed", problem: explanation.what, advice: explanation.next)
            case .skipped, .running: return Check(name: name, outcome: "skipped")
            }
        }
    }
}

extension CheckReport {
    fileprivate var exitCode: Int32? {
        let faults = self.rows.compactMap { if case .failed(let fault) = $0.outcome { fault } else { nil } }
        let codes: [Int32] = faults.map { fault in
            switch fault {
            case .broker(.unreachable), .broker(.noBroker): 69
            case .broker(.untrusted), .broker(.violated), .pageDiffers: 76
            case .broker(.notEnrolled): 77
            default: 75
            }
        }
        return [76, 77, 69, 75].first { codes.contains($0) }
    }
}
