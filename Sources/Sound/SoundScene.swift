internal import Wire

/// Which devices work now, for every thread to look at; it changes only when a device comes or goes.
struct SoundScene: Sendable {
    var capture: CaptureLine?
    var playback: PlaybackLine?
    /// From the loudspeaker that works to the microphone that works: each frame with the moment at which it sounds.
    /// Another pair of devices has another queue.
    var echo: FrameQueue?
    /// Whether there is nothing to try: each side has the device that was chosen.
    var isSettled = false
    var isClosed = false
}

/// Which devices to have, and what follows from it for their lines: the state under the lock of a ``SoundDesk``.
struct SoundControl: Sendable {
    private let hasCapture: Bool
    private var captureWatch: DeviceWatch
    private var playbackWatch: DeviceWatch
    /// Of the current attempt and of the one under way.
    private var captureLines: [CaptureLine] = []
    private var playbackLines: [PlaybackLine] = []
    private var events: [SoundEvent] = []
    private(set) var scene = SoundScene()
    private var isChanged = true

    init(_ choice: SoundCard.Choice, now: Instant) {
        self.hasCapture = choice.hasCapture
        self.captureWatch = DeviceWatch(chosen: choice.capture ?? DeviceWatch.defaultDevice, now: now)
        self.playbackWatch = DeviceWatch(chosen: choice.playback ?? DeviceWatch.defaultDevice, now: now)
    }

    // MARK: What happens

    /// Other devices are wanted; a side that is `nil` is left alone.
    mutating func choose(capture: String?, playback: String?, now: Instant) {
        if let capture { self.captureWatch.choose(capture, now: now) }
        if let playback { self.playbackWatch.choose(playback, now: now) }
        self.arrange()
    }

    /// `attempt` has sound flowing.
    mutating func opened(_ attempt: DeviceWatch.Attempt, _ side: SoundSide, now: Instant) {
        self.tell(self.change(side) { $0.opened(attempt, now: now) }, of: side)
    }

    /// `attempt` is over.
    mutating func failed(_ attempt: DeviceWatch.Attempt, _ side: SoundSide, _ loss: SoundLoss, now: Instant) {
        self.tell(self.change(side) { $0.failed(attempt, loss, now: now) }, of: side)
    }

    mutating func close() {
        self.scene.isClosed = true
        self.isChanged = true
        self.arrange()
    }

    /// Passes time; to be called each 20 ms or so, unless all is settled and every device gives signs of life.
    mutating func advance(now: Instant) {
        for side in SoundSide.allCases where side == .playback || self.hasCapture {
            self.tell(self.change(side) { $0.advance(now: now) }, of: side)
            guard let line = self.current(side), now - line.lastSign >= Self.patience else { continue }
            self.tell(self.change(side) { $0.stalled(now: now) }, of: side)
        }
    }

    /// What to open now, if anything.
    mutating func next(now: Instant) -> (capture: CaptureLine?, playback: PlaybackLine?) {
        guard !self.scene.isClosed else { return (nil, nil) }
        let capture = self.hasCapture ? self.captureWatch.next(now: now).map { CaptureLine($0, now: now) } : nil
        let playback = self.playbackWatch.next(now: now).map { PlaybackLine($0, now: now) }
        if let capture { self.captureLines.append(capture) }
        if let playback { self.playbackLines.append(playback) }
        self.arrange()
        return (capture, playback)
    }

    /// What a person is to be told since this was last asked.
    mutating func takeEvents() -> [SoundEvent] {
        defer { self.events = [] }
        return self.events
    }

    /// Whether the scene has changed or an event has come since this was last asked.
    mutating func takeChange() -> Bool {
        defer { self.isChanged = false }
        return self.isChanged
    }

    // MARK: What follows

    private mutating func change(
        _ side: SoundSide, _ body: (inout DeviceWatch) -> SoundEvent.Kind?
    ) -> SoundEvent.Kind? {
        defer { self.arrange() }
        return side == .capture ? body(&self.captureWatch) : body(&self.playbackWatch)
    }

    private mutating func tell(_ news: SoundEvent.Kind?, of side: SoundSide) {
        guard let news else { return }
        self.events.append(news.of(side))
        self.isChanged = true
    }

    private func current(_ side: SoundSide) -> (any DeviceLine)? {
        side == .capture ? self.scene.capture : self.scene.playback
    }

    /// Dismisses the lines that are not wanted any more and says which work.
    private mutating func arrange() {
        let isClosed = self.scene.isClosed
        let capture = Self.arrange(&self.captureLines, by: self.captureWatch, isClosed: isClosed)
        let playback = Self.arrange(&self.playbackLines, by: self.playbackWatch, isClosed: isClosed)
        if capture !== self.scene.capture || playback !== self.scene.playback {
            let hasBoth = capture != nil && playback != nil
            self.scene.echo = hasBoth ? FrameQueue(capacity: EchoReference.longest) : nil
            self.isChanged = true
        }
        self.scene.capture = capture
        self.scene.playback = playback
        let isSettled = self.playbackWatch.isSettled && (!self.hasCapture || self.captureWatch.isSettled)
        if isSettled != self.scene.isSettled { self.isChanged = true }
        self.scene.isSettled = isSettled
    }

    private static func arrange<Line: DeviceLine>(
        _ lines: inout [Line], by watch: DeviceWatch, isClosed: Bool
    ) -> Line? {
        for line in lines where isClosed || line.attempt != watch.current && line.attempt != watch.candidate {
            line.dismiss()
        }
        lines.removeAll { !$0.isWanted }
        return lines.first { $0.attempt == watch.current }
    }

    /// Ours: what moves nothing for so long beyond what is merely late is lost.
    static let patience = CaptureTimeline.patience + DeviceWatch.patience
}
