internal import Audio
internal import Wire

/// A microphone and a loudspeaker, whatever becomes of them.
///
/// Captured blocks come at the capture device's clock, wanted blocks at the playback device's; what one of them lacks,
/// the monotonic clock stands in for, so a call goes on one way or silent, and sound returns with the device. Devices
/// are opened, read and written by threads inside; none of these methods waits for one. All methods belong to one
/// owner thread.
package final class SoundCard {
    package enum Processing: String, Sendable {
        /// Echo, noise and gain are worked on.
        case speech
        /// Breath and cough: nothing is touched.
        case raw
    }

    /// What a person chose; `nil` is the default device.
    package struct Choice: Sendable, Equatable {
        package var capture: String?
        package var playback: String?
        package var processing: Processing
        /// Whether a microphone is opened at all: a sound that is only played needs none.
        package var hasCapture: Bool

        package init(
            capture: String? = nil, playback: String? = nil, processing: Processing = .speech, hasCapture: Bool = true
        ) {
            self.hasCapture = hasCapture
            self.capture = capture
            self.playback = playback
            self.processing = processing
        }
    }

    /// Estimates, as the devices told last.
    package struct Latency: Sendable, Equatable {
        /// From the microphone to ``takeCaptured(into:)``, the wait for the rest of the block apart.
        package internal(set) var capture: Duration = .zero
        /// From the device's queue to the loudspeaker.
        package internal(set) var playback: Duration = .zero
        /// What waits before the device's queue.
        package internal(set) var playbackQueue: Duration = .zero
    }

    private let desk: SoundDesk
    private var owner: SoundOwner
    private var choice: Choice
    /// Room for a block on its way; its contents mean nothing.
    private var scratch = [Int16](repeating: 0, count: AudioFormat.blockSamples)

    /// Returns at once; the devices are opened by threads, see ``takeEvents()``.
    package init(_ choice: Choice) {
        self.choice = choice
        self.desk = SoundDesk(choice)
        self.owner = SoundOwner(now: soundClock())
        SoundWatch(desk: self.desk).start()
    }

    deinit { self.close() }

    /// Readable while there is something to take: a captured block, a wanted block, an event.
    package var descriptor: Int32 { self.desk.ownerBell.descriptor }

    // MARK: Sound

    /// Moves the oldest captured block.
    /// - Parameter block: 960 samples, written only if there is a block.
    /// - Returns: Whether there was one.
    package func takeCaptured(into block: inout MutableSpan<Int16>) -> Bool {
        precondition(block.count == AudioFormat.blockSamples)
        let hasBlock = self.serve { owner in owner.takeCaptured(into: &self.scratch) }
        if hasBlock {
            for index in 0..<block.count { block[index] = self.scratch[index] }
        }
        return hasBlock
    }

    /// How many blocks ``play(_:)`` is wanted for now; each call takes one off.
    package var wantedBlocks: Int { self.serve { $0.wantedBlocks } }

    /// Plays 960 samples, or throws them away when there is no device.
    package func play(_ block: Span<Int16>) {
        precondition(block.count == AudioFormat.blockSamples)
        self.serve { $0.play(block) }
    }

    // MARK: Devices

    /// What happened since the last call, in order.
    package func takeEvents() -> [SoundEvent] {
        self.serve { $0.takeEvents() }
    }

    /// Changes devices or processing in mid-call; a side whose device stays the same is not interrupted.
    package func select(_ choice: Choice) {
        let old = self.choice
        self.choice = choice
        self.desk.work(on: choice.processing)
        guard choice.capture != old.capture || choice.playback != old.playback else { return }
        self.desk.with { control in
            control.choose(
                capture: choice.capture == old.capture ? nil : choice.capture ?? DeviceWatch.defaultDevice,
                playback: choice.playback == old.playback ? nil : choice.playback ?? DeviceWatch.defaultDevice,
                now: soundClock())
        }
        self.desk.watchBell.ring()
        self.serve { _ in }
    }

    /// Whether a microphone delivers.
    package var isCapturing: Bool { self.serve { $0.isCapturing } }
    /// Whether a loudspeaker takes.
    package var isPlaying: Bool { self.serve { $0.isPlaying } }

    /// Both sides' levels since the last call, captured as the far end hears it; silence where nothing passed.
    package func takeLevels() -> (capture: SoundLevel, playback: SoundLevel) {
        self.serve { $0.takeLevels() }
    }

    package var latency: Latency { self.serve { $0.latency } }

    /// Captured samples that nobody took in time, and how often the loudspeaker ran dry, since the beginning.
    package var losses: (droppedSamples: Int, dryCount: Int) { self.serve { $0.losses } }

    /// How often any thread has taken the one lock that they share: it stands still while no device comes or goes.
    package var lockings: Int { self.desk.lockings }

    /// Ends all. Returns at once; the threads let go of their devices within 20 ms, a hung one when it wakes.
    package func close() {
        self.desk.with { $0.close() }
        self.desk.ownerBell.hush()
    }

    /// Runs `body` on what has come in, then makes the bell say the truth.
    private func serve<Result>(_ body: (inout SoundOwner) -> Result) -> Result {
        self.owner.look(at: self.desk, now: soundClock())
        defer { self.owner.settle(self.desk) }
        return body(&self.owner)
    }
}

@available(*, unavailable) extension SoundCard: Sendable {}
