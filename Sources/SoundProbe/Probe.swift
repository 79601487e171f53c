import Audio
import CPoll
import Foundation
import Sound
import Wire

/// One JSON object a line.
func tell(_ values: [String: Any]) {
    guard let line = try? JSONSerialization.data(withJSONObject: values, options: [.sortedKeys]) else { return }
    FileHandle.standardOutput.write(line + Data("\n".utf8))
}

/// The loop of a call, less the call.
final class Probe {
    private let card: SoundCard
    private var choice: SoundCard.Choice
    private var source: AudioSource
    /// Descriptor of the file that records, or -1.
    private let recording: Int32
    private var block = [Int16](repeating: 0, count: AudioFormat.blockSamples)
    private var captured = 0
    private var played = 0
    private var longestStep: Duration = .zero
    private var nextReport: ContinuousClock.Instant
    private let start: ContinuousClock.Instant
    private var input = ""
    /// No report until another command comes: a thread that counts what sound allocates counts a report as well.
    private var isQuiet = false

    init(choice: SoundCard.Choice, play: String?, record: String?) {
        self.choice = choice
        let samples = play.flatMap { try? Data(contentsOf: URL(fileURLWithPath: $0)) }
            .flatMap { try? WAVRecording(decoding: Array($0)).engineSamples() }
        self.source = samples.map { .recording($0, repeats: true) } ?? .silence
        self.recording = record.map { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600) } ?? -1
        self.start = .now
        self.nextReport = .now + .seconds(1)
        self.card = SoundCard(choice)
    }

    func run(seconds: Double) {
        _ = fcntl(0, F_SETFL, O_NONBLOCK)
        var isOpen = true
        var entries = [pollfd](repeating: pollfd(), count: 2)
        while ContinuousClock.now - self.start < .seconds(min(seconds, 86_400)) {
            entries[0] = pollfd(fd: self.card.descriptor, events: Int16(POLLIN), revents: 0)
            entries[1] = pollfd(fd: isOpen ? 0 : -1, events: Int16(POLLIN), revents: 0)
            _ = colloque_wait(&entries, 2, 100_000_000)
            let begin = ContinuousClock.now
            self.step()
            self.longestStep = max(self.longestStep, ContinuousClock.now - begin)
            if entries[1].revents != 0, !self.readCommands() {
                if self.input == "close" { break }
                isOpen = false
            }
        }
        self.report()
        self.card.close()
        tell(["event": "closed"])
    }

    private func step() {
        var hasBlock = true
        while hasBlock {
            var room = self.block.mutableSpan
            hasBlock = self.card.takeCaptured(into: &room)
            if hasBlock {
                self.captured += 1
                if self.recording >= 0 {
                    self.block.withUnsafeBytes { _ = write(self.recording, $0.baseAddress, $0.count) }
                }
            }
        }
        for _ in 0..<self.card.wantedBlocks {
            var room = self.block.mutableSpan
            self.source.read(into: &room)
            self.card.play(self.block.span)
            self.played += 1
        }
        for event in self.card.takeEvents() { self.describe(event) }
        if !self.isQuiet, ContinuousClock.now >= self.nextReport {
            while self.nextReport <= .now { self.nextReport += .seconds(1) }
            self.report()
        }
    }

    private var seconds: Double {
        let (seconds, attoseconds) = (ContinuousClock.now - self.start).components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    private func describe(_ event: SoundEvent) {
        var values: [String: Any] = ["at": self.seconds]
        switch event {
        case .opened(let side, let device):
            values["event"] = "opened"
            values["side"] = side.rawValue
            values["device"] = device
        case .lost(let side, let device, let loss):
            values["event"] = "lost"
            values["side"] = side.rawValue
            values["device"] = device
            values["reason"] = "\(loss)"
        case .returned(let side, let device):
            values["event"] = "returned"
            values["side"] = side.rawValue
            values["device"] = device
        }
        tell(values)
    }

    private func report() {
        let levels = self.card.takeLevels()
        let latency = self.card.latency
        let losses = self.card.losses
        tell([
            "event": "report", "at": self.seconds, "captured": self.captured, "played": self.played,
            "capturing": self.card.isCapturing, "playing": self.card.isPlaying,
            "capturePeak": levels.capture.peak, "captureRMS": levels.capture.rms,
            "playbackPeak": levels.playback.peak, "playbackRMS": levels.playback.rms,
            "captureMS": latency.capture.milliseconds, "playbackMS": latency.playback.milliseconds,
            "queueMS": latency.playbackQueue.milliseconds, "dropped": losses.droppedSamples, "dry": losses.dryCount,
            "longestStepMS": self.longestStep.milliseconds, "lockings": self.card.lockings,
        ])
    }

    /// - Returns: Whether there may be more.
    private func readCommands() -> Bool {
        var room = [UInt8](repeating: 0, count: 4_096)
        let count = read(0, &room, room.count)
        guard count > 0 else { return false }
        for line in String(decoding: room[0..<count], as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            self.input = words[0]
            self.isQuiet = words[0] == "quiet"
            switch words[0] {
            case "capture": self.choice.capture = words.count > 1 ? words[1] : nil
            case "playback": self.choice.playback = words.count > 1 ? words[1] : nil
            case "raw": self.choice.processing = .raw
            case "speech": self.choice.processing = .speech
            // The owner hangs for so many milliseconds, as a test asks: that is what the card has to bear.
            case "stall": usleep(1_000 * min(UInt32(words.last ?? "") ?? 0, 60_000))
            case "quiet": tell(["event": "quiet"])
            case "tell": break
            case "close": return false
            default: tell(["event": "unknown", "command": words[0]])
            }
            self.card.select(self.choice)
        }
        return true
    }
}
