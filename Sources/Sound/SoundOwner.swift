internal import Audio
internal import Wire

/// The owner thread's half of a ``SoundCard``: the time lines of both sides, and what came from the lines of devices.
struct SoundOwner {
    private var view = SceneView()
    private var capture: CaptureTimeline
    private var playback: PlaybackTimeline
    private var captureMeter = SoundMeter()
    private var playbackMeter = SoundMeter()
    private var devices = SoundCard.Latency()
    private var events: [SoundEvent] = []
    /// Of lines that are gone.
    private var lostBefore = 0
    private var driesBefore = 0
    private var frame = [Int16](repeating: 0, count: SoundFrame.samples)

    init(now: Instant) {
        self.capture = CaptureTimeline(now: now)
        self.playback = PlaybackTimeline(now: now)
    }

    // MARK: What came in

    /// Takes what came since the last time, and passes time until the card is closed.
    mutating func look(at desk: SoundDesk, now: Instant) {
        self.drain()
        if self.view.isOld(on: desk) { self.renew(from: desk, now: now) }
        // Nothing stands in for the devices of a card that is closed.
        guard !self.view.scene.isClosed else { return }
        self.capture.advance(now: now)
        guard let line = self.view.scene.playback else { return self.playback.advance(now: now) }
        self.playback.hear(signAt: line.lastSign)
        self.playback.advance(now: now)
        if line.isDriving != self.playback.isDriving { line.drive(byClock: self.playback.isDriving) }
    }

    private mutating func renew(from desk: SoundDesk, now: Instant) {
        let old = self.view.scene
        self.events += self.view.renewTakingEvents(from: desk)
        let new = self.view.scene
        if new.capture !== old.capture {
            self.lostBefore += old.capture?.lostSamples ?? 0
            if new.capture == nil { self.capture.lose(now: now) }
            self.drain()
        }
        if new.playback !== old.playback {
            self.driesBefore += old.playback?.dryCount ?? 0
            if new.playback == nil { self.playback.lose(now: now) } else { self.playback.begin(now: now) }
        }
    }

    private mutating func drain() {
        guard let line = self.view.scene.capture else { return }
        // Taken out of the value meanwhile: a span of a stored array may not leave it.
        var frame = self.frame
        self.frame = []
        defer { self.frame = frame }
        while let stamp = line.take(into: &frame) {
            self.captureMeter.add(frame.span)
            self.devices.capture = SoundFrame.duration(samples: stamp.samples + SoundFrame.samples)
            // Silence up to where the frame begins, as an owner that was in time would have told it.
            self.capture.advance(now: stamp.time - SoundFrame.duration)
            self.capture.deliver(frame, now: stamp.time)
        }
    }

    /// Makes the owner's bell say whether there is something to fetch.
    func settle(_ desk: SoundDesk) {
        guard !self.view.scene.isClosed else { return desk.ownerBell.hush() }
        self.view.scene.capture?.await(frames: self.capture.framesToBlock)
        if self.hasNews(on: desk) { return desk.ownerBell.ring() }
        guard desk.ownerBell.isRung else { return }
        desk.ownerBell.hush()
        // It may have been rung for what came since.
        if self.hasNews(on: desk) { desk.ownerBell.ring() }
    }

    private func hasNews(on desk: SoundDesk) -> Bool {
        if self.capture.hasBlock || self.wantedBlocks > 0 || !self.events.isEmpty { return true }
        if self.view.isOld(on: desk) || self.view.scene.capture?.isAwaited == true { return true }
        return self.playback.isDriving
            && self.view.scene.playback.map { self.playback.isNews(signAt: $0.lastSign) } == true
    }

    // MARK: What goes out

    mutating func takeCaptured(into block: inout [Int16]) -> Bool {
        self.capture.take(into: &block)
    }

    var wantedBlocks: Int {
        guard !self.playback.isDriving, let line = self.view.scene.playback else { return self.playback.owed }
        return line.wantedBlocks
    }

    mutating func play(_ block: Span<Int16>) {
        guard self.playback.play(), let line = self.view.scene.playback else { return }
        self.playbackMeter.add(block)
        line.play(block)
    }

    mutating func takeEvents() -> [SoundEvent] {
        defer { self.events = [] }
        return self.events
    }

    // MARK: What is told

    var isCapturing: Bool { !self.capture.isFilling }
    var isPlaying: Bool { !self.playback.isDriving }

    mutating func takeLevels() -> (capture: SoundLevel, playback: SoundLevel) {
        (self.captureMeter.read() ?? .silence, self.playbackMeter.read() ?? .silence)
    }

    var latency: SoundCard.Latency {
        var latency = self.devices
        guard let line = self.view.scene.playback else { return latency }
        latency.playback = SoundFrame.duration(samples: line.delaySamples)
        latency.playbackQueue = SoundFrame.duration(samples: line.queuedSamples)
        return latency
    }

    var losses: (droppedSamples: Int, dryCount: Int) {
        let (capture, playback) = (self.view.scene.capture, self.view.scene.playback)
        return (
            self.capture.droppedSamples + self.lostBefore + (capture?.lostSamples ?? 0),
            self.driesBefore + (playback?.dryCount ?? 0)
        )
    }
}
