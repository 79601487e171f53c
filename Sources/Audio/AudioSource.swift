/// What an endpoint without a person says: a block of 960 samples whenever it is asked.
///
/// Nothing is allocated after `init`: the parts lie side by side and change in place.
package struct AudioSource: Sendable {
    private enum Kind: Sendable { case silence, tone, recording, echo, recordingThenEcho }

    private let kind: Kind
    private var tone = Tone(hertz: 440)
    private var recording = Recording(samples: [])
    private var echo = EchoLine(delay: .zero)

    private init(kind: Kind) {
        self.kind = kind
    }

    package static let silence = AudioSource(kind: .silence)

    package static func tone(hertz: Double, amplitude: Double = 0.3) -> AudioSource {
        var source = AudioSource(kind: .tone)
        source.tone = Tone(hertz: hertz, amplitude: amplitude)
        return source
    }

    /// Plays `samples` (48 kHz mono), then silence, or from the start again.
    package static func recording(_ samples: [Int16], repeats: Bool = false) -> AudioSource {
        var source = AudioSource(kind: .recording)
        source.recording = Recording(samples: samples, repeats: repeats)
        return source
    }

    /// Gives back what `hear` was given.
    package static func echo(delay: Duration = .milliseconds(240)) -> AudioSource {
        var source = AudioSource(kind: .echo)
        source.echo = EchoLine(delay: delay)
        return source
    }

    /// Plays `samples` once, then is an echo of what is heard from then on.
    package static func recordingThenEcho(
        _ samples: [Int16], delay: Duration = .milliseconds(240)
    ) -> AudioSource {
        var source = AudioSource(kind: .recordingThenEcho)
        source.recording = Recording(samples: samples)
        source.echo = EchoLine(delay: delay)
        return source
    }

    /// Whether a recording has been played to its end; nothing else ever ends.
    package var isFinished: Bool {
        self.kind == .recording && self.recording.isFinished
    }

    /// Takes what the peer says; only an echo listens.
    package mutating func hear(_ block: Span<Int16>) {
        switch self.kind {
        case .silence, .tone, .recording: break
        case .echo: self.echo.hear(block)
        case .recordingThenEcho:
            if self.recording.isFinished { self.echo.hear(block) }
        }
    }

    /// Fills `block`, usually 960 samples, with what is to be said next.
    package mutating func read(into block: inout MutableSpan<Int16>) {
        switch self.kind {
        case .silence:
            for index in 0..<block.count { block[index] = 0 }
        case .tone: self.tone.read(into: &block)
        case .recording: self.recording.read(into: &block)
        case .echo: self.echo.read(into: &block)
        case .recordingThenEcho:
            if self.recording.isFinished {
                self.echo.read(into: &block)
            } else {
                self.recording.read(into: &block)
            }
        }
    }
}

/// Sound held in memory, 48 kHz mono.
struct Recording: Sendable {
    private let samples: [Int16]
    private let repeats: Bool
    private var position = 0

    init(samples: [Int16], repeats: Bool = false) {
        self.samples = samples
        self.repeats = repeats
    }

    var isFinished: Bool { !self.repeats && self.position >= self.samples.count }

    mutating func read(into block: inout MutableSpan<Int16>) {
        for index in 0..<block.count {
            if self.position >= self.samples.count, self.repeats { self.position = 0 }
            if self.position < self.samples.count {
                block[index] = self.samples[self.position]
                self.position += 1
            } else {
                block[index] = 0
            }
        }
    }
}
