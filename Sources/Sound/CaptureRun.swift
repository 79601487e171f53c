internal import Wire

/// The capture thread: from opening a device to its end.
struct CaptureRun: Sendable {
    let desk: SoundDesk
    let line: CaptureLine

    func start() {
        startSoundThread("sound-capture") { self.run() }
    }

    private func run() {
        var hasStarted = false
        do throws(SoundError) {
            let device = try PCM(opening: self.line.attempt.device, .capture, bufferSamples: Self.bufferSamples)
            try device.start()
            try self.capture(from: device, hasStarted: &hasStarted)
        } catch {
            self.desk.failed(self.line.attempt, .capture, error.loss(wasOpen: hasStarted))
        }
    }

    private func capture(from device: borrowing PCM, hasStarted: inout Bool) throws(SoundError) {
        var voice = Voice()
        var frame = [Int16](repeating: 0, count: SoundFrame.samples)
        var filled = 0
        while self.line.isWanted {
            do throws(SoundError) {
                filled += try device.read(into: &frame, at: filled, count: SoundFrame.samples - filled)
                guard filled == SoundFrame.samples else {
                    try device.wait(milliseconds: Self.longestWait)
                    continue
                }
                filled = 0
                if !hasStarted {
                    hasStarted = true
                    self.desk.opened(self.line.attempt, .capture)
                }
                let backlog = try device.waiting(.capture)
                let delay = device.delay() ?? backlog
                voice.clean(&frame, of: self.line, on: self.desk, delay: delay)
                if self.line.deliver(frame.span, delay: delay, now: soundClock()) { self.desk.ownerBell.ring() }
            } catch {
                guard device.recover(from: error) else { throw error }
                filled = 0
                try device.start()
            }
        }
    }

    /// Ours: 100 ms, so that a thread that gets no processor for a while loses nothing.
    private static let bufferSamples = 10 * SoundFrame.samples
    /// Milliseconds; a thread that is no longer wanted ends within.
    private static let longestWait = 20
}

/// The processing of one device's sound, made when it is first wanted.
private struct Voice: ~Copyable {
    private var processor: SpeechProcessor?
    private var view = SceneView()
    /// What is played on the loudspeaker that works, if this is the microphone that works.
    private var echo: FrameQueue?
    private var reference = EchoReference()
    /// Frames of ``echo`` that found no room, when last looked.
    private var lost = 0
    private var played = [Int16](repeating: 0, count: SoundFrame.samples)

    /// - Parameter delay: samples from the microphone to here, the frame itself apart.
    mutating func clean(_ frame: inout [Int16], of line: CaptureLine, on desk: SoundDesk, delay: Int) {
        if self.view.isOld(on: desk) { self.look(from: line, at: desk) }
        guard desk.isSpeech else {
            // The next time starts anew.
            self.processor = nil
            return
        }
        if self.processor == nil {
            self.processor = SpeechProcessor()
            self.reference.reset()
        }
        self.fetch()
        let captured = soundClock() - SoundFrame.duration(samples: delay + SoundFrame.samples)
        self.reference.take(capturedAt: captured, into: &self.played)
        self.processor?.clean(&frame, played: self.played)
    }

    private mutating func look(from line: CaptureLine, at desk: SoundDesk) {
        self.view.renew(from: desk)
        let echo = self.view.scene.capture === line ? self.view.scene.echo : nil
        guard echo !== self.echo else { return }
        self.echo = echo
        self.lost = 0
        self.reference.reset()
    }

    /// Takes what was played since the last frame.
    private mutating func fetch() {
        guard let echo else { return }
        while let stamp = echo.take(into: &self.played) {
            self.reference.play(self.played, soundingAt: stamp.time)
        }
        // What was missed leaves a hole: frames are paired by count, so they have to be paired anew.
        let lost = echo.lost
        if lost != self.lost { self.reference.reset() }
        self.lost = lost
    }
}
