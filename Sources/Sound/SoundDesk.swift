internal import Audio
internal import CPoll
internal import Foundation
internal import Glibc
internal import Synchronization
internal import Wire

/// What the threads of a ``SoundCard`` share: one lock, held for copies of some kilobytes and never across a call into
/// the sound library.
final class SoundDesk: Sendable {
    struct State: Sendable {
        var processing: SoundCard.Processing
        let hasCapture: Bool
        var capture: CaptureTimeline
        var playback: PlaybackTimeline
        var captureWatch: DeviceWatch
        var playbackWatch: DeviceWatch
        /// What was played, for the echo canceller.
        var reference = EchoReference()
        var captureMeter = SoundMeter()
        var playbackMeter = SoundMeter()
        var latency = SoundCard.Latency()
        var events: [SoundEvent] = []
        var isRinging = false
        var isClosed = false

        init(_ choice: SoundCard.Choice, now: Instant) {
            self.processing = choice.processing
            self.hasCapture = choice.hasCapture
            self.capture = CaptureTimeline(now: now)
            self.playback = PlaybackTimeline(now: now)
            self.captureWatch = DeviceWatch(chosen: choice.capture ?? DeviceWatch.defaultDevice, now: now)
            self.playbackWatch = DeviceWatch(chosen: choice.playback ?? DeviceWatch.defaultDevice, now: now)
        }

        mutating func tell(_ news: SoundEvent.Kind?, of side: SoundSide) {
            if let news { self.events.append(news.of(side)) }
        }

        /// Whether the owner has something to fetch.
        var hasNews: Bool {
            self.capture.hasBlock || self.playback.wantedBlocks > 0 || !self.events.isEmpty
        }
    }

    private let state: Mutex<State>
    /// Rings while ``State/hasNews``.
    let ownerBell = Bell()
    /// Wakes the playback thread when a block came.
    let playbackBell = Bell()
    /// Wakes the watch.
    let watchBell = Bell()

    init(_ choice: SoundCard.Choice) {
        self.state = Mutex(State(choice, now: soundClock()))
    }

    /// Runs `body` alone, then makes the owner's bell say the truth.
    func with<Result>(_ body: (inout sending State) -> sending Result) -> sending Result {
        self.state.withLock { state in
            let result = body(&state)
            let hasNews = state.hasNews && !state.isClosed
            if hasNews != state.isRinging {
                state.isRinging = hasNews
                if hasNews { self.ownerBell.ring() } else { self.ownerBell.hush() }
            }
            return result
        }
    }

    // MARK: Device threads

    /// Whether `attempt` is still meant to run.
    func wants(_ attempt: DeviceWatch.Attempt, _ side: SoundSide) -> Bool {
        self.with { state in
            let watch = side == .capture ? state.captureWatch : state.playbackWatch
            return !state.isClosed && (watch.current == attempt || watch.candidate == attempt)
        }
    }

    /// `attempt` has sound flowing. Only the current one's sound counts.
    /// - Returns: Whether it is the current one.
    func opened(_ attempt: DeviceWatch.Attempt, _ side: SoundSide) {
        self.with { state in
            let now = soundClock()
            switch side {
            case .capture:
                state.tell(state.captureWatch.opened(attempt, now: now), of: side)
            case .playback:
                state.tell(state.playbackWatch.opened(attempt, now: now), of: side)
                guard state.playbackWatch.current == attempt else { return }
                state.playback.forgetDepth()
                state.playback.begin(deviceSamples: 0, now: now)
                state.reference.reset()
            }
        }
    }

    /// `attempt` is over.
    func failed(_ attempt: DeviceWatch.Attempt, _ side: SoundSide, _ loss: SoundLoss) {
        self.with { state in
            let now = soundClock()
            switch side {
            case .capture:
                if state.captureWatch.current == attempt { state.capture.lose(now: now) }
                state.tell(state.captureWatch.failed(attempt, loss, now: now), of: side)
            case .playback:
                if state.playbackWatch.current == attempt { state.playback.lose(now: now) }
                state.tell(state.playbackWatch.failed(attempt, loss, now: now), of: side)
            }
        }
        self.watchBell.ring()
    }
}

/// CLOCK_MONOTONIC, the clock that the lock step of devices and silence is measured by: it stands still in suspend.
func soundClock() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
}

/// A thread with a name that is let run soon after it wakes, which ends when its work does.
func startSoundThread(_ name: String, _ work: @escaping @Sendable () -> Void) {
    let thread = Thread {
        colloque_name_thread(name)
        _ = colloque_ask_for_short_slices()
        work()
    }
    thread.start()
}
