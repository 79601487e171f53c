internal import Audio
internal import Network
package import Sound
internal import Wire

/// A short try of microphone and loudspeaker outside a call: hears what comes in, then plays it back.
package struct SoundTrial {
    package struct Side: Equatable, Sendable {
        /// The device that worked, by its ALSA name.
        package var device: String?
        package var loss: SoundLoss?

        var isSettled: Bool { self.device != nil || self.loss != nil }
    }

    package private(set) var microphone = Side()
    package private(set) var loudspeaker = Side()
    /// The loudest that the microphone gave, in dB below full scale.
    package private(set) var peak = SoundLevel.floor
    private var recording: [Int16] = []
    private let card: SoundCard

    /// Opens both devices.
    package init(_ choice: SoundCard.Choice) {
        self.card = SoundCard(choice)
    }

    /// Waits until each side works or has failed; blocks for up to four seconds.
    package mutating func settle() {
        let end = monotonicNow() + .seconds(4)
        while monotonicNow() < end, !self.microphone.isSettled || !self.loudspeaker.isSettled {
            self.run(for: .milliseconds(50), playing: [], records: false)
        }
    }

    /// Records for so long; blocks.
    package mutating func listen(for duration: Duration) {
        self.run(for: duration, playing: [])
    }

    /// Plays what was recorded, or a chime where that was nothing; blocks.
    package mutating func playBack() {
        let samples = self.peak > Self.silence ? self.recording : Chime.samples
        self.run(for: .milliseconds(samples.count / 48 + 500), playing: samples)
    }

    package func close() {
        self.card.close()
    }

    /// Nothing but the noise of a converter, or not even that.
    package var isSilent: Bool { self.peak < Self.silence }

    private mutating func run(for duration: Duration, playing samples: [Int16], records: Bool = true) {
        let end = monotonicNow() + duration
        var played = 0
        var block = [Int16](repeating: 0, count: AudioFormat.blockSamples)
        while monotonicNow() < end {
            waitForInput(on: [self.card.descriptor], for: min(.milliseconds(100), end - monotonicNow()))
            for event in self.card.takeEvents() { self.take(event) }
            while Self.take(into: &block, from: self.card) {
                guard samples.isEmpty, records else { continue }
                self.recording += block
                for sample in block where sample != 0 { self.peak = max(self.peak, Self.level(of: sample)) }
            }
            for _ in 0..<min(4, self.card.wantedBlocks) {
                for index in block.indices {
                    block[index] = played < samples.count ? samples[played] : 0
                    played += 1
                }
                self.card.play(block.span)
            }
        }
    }

    private mutating func take(_ event: SoundEvent) {
        switch event {
        case .opened(let side, let device), .returned(let side, let device):
            self.set(side, Side(device: device, loss: nil))
        case .lost(let side, let device, let loss): self.set(side, Side(device: device, loss: loss))
        }
    }

    private mutating func set(_ side: SoundSide, _ state: Side) {
        switch side {
        case .capture: self.microphone = state
        case .playback: self.loudspeaker = state
        }
    }

    private static func take(into block: inout [Int16], from card: SoundCard) -> Bool {
        var room = block.mutableSpan
        return card.takeCaptured(into: &room)
    }

    private static func level(of sample: Int16) -> Double {
        20 * logarithm(Double(sample.magnitude) / 32768)
    }

    private static let silence = -72.0
}
