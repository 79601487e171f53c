internal import Wire

/// The capture thread: from opening a device to its end.
struct CaptureRun: Sendable {
    let desk: SoundDesk
    let attempt: DeviceWatch.Attempt

    func start() {
        startSoundThread("sound-capture") { self.run() }
    }

    private func run() {
        var hasStarted = false
        do throws(SoundError) {
            let device = try PCM(opening: self.attempt.device, .capture, bufferSamples: Self.bufferSamples)
            try device.start()
            try self.capture(from: device, hasStarted: &hasStarted)
        } catch {
            self.desk.failed(self.attempt, .capture, error.loss(wasOpen: hasStarted))
        }
    }

    private func capture(from device: borrowing PCM, hasStarted: inout Bool) throws(SoundError) {
        var voice = Voice()
        var frame = [Int16](repeating: 0, count: SoundFrame.samples)
        var filled = 0
        while self.desk.wants(self.attempt, .capture) {
            do throws(SoundError) {
                filled += try device.read(into: &frame, at: filled, count: SoundFrame.samples - filled)
                guard filled == SoundFrame.samples else {
                    try device.wait(milliseconds: Self.longestWait)
                    continue
                }
                filled = 0
                if !hasStarted {
                    hasStarted = true
                    self.desk.opened(self.attempt, .capture)
                }
                let backlog = try device.waiting(.capture)
                self.deliver(&frame, through: &voice, backlog: backlog, delay: device.delay() ?? backlog)
            } catch {
                guard device.recover(from: error) else { throw error }
                filled = 0
                try device.start()
            }
        }
    }

    private func deliver(_ frame: inout [Int16], through voice: inout Voice, backlog: Int, delay: Int) {
        let processing = self.desk.with { $0.processing }
        if processing == .speech {
            let milliseconds = voice.hear(from: self.desk, captureDelay: delay)
            voice.clean(&frame, delay: milliseconds)
        } else {
            voice.rest()
        }
        let cleaned = frame
        self.desk.with { state in
            guard state.captureWatch.current == self.attempt else { return }
            state.captureMeter.add(cleaned, count: SoundFrame.samples)
            state.latency.capture = SoundFrame.duration(samples: delay + SoundFrame.samples)
            state.capture.deliver(cleaned, backlog: backlog, now: soundClock())
        }
    }

    /// Ours: 100 ms, so that a thread that gets no processor for a while loses nothing.
    private static let bufferSamples = 10 * SoundFrame.samples
    /// Milliseconds; a thread that is no longer wanted ends within.
    private static let longestWait = 20
}

/// The echo canceller and what it hears of the far end.
private struct Voice: ~Copyable {
    private var processor: SpeechProcessor?
    private var far = [Int16](repeating: 0, count: SoundFrame.samples)

    /// Tells the canceller what was played since the last frame.
    /// - Returns: Milliseconds from there to the arrival of the echo.
    mutating func hear(from desk: SoundDesk, captureDelay: Int) -> Int {
        if self.processor == nil { self.processor = SpeechProcessor() }
        while let frame = Self.nextFar(desk, self.far) {
            self.far = frame
            self.processor?.hear(self.far)
        }
        let (latency, stamp) = desk.with { ($0.latency.playback, $0.playbackStamp) }
        let ahead = latency - (soundClock() - stamp)
        return Int((max(.zero, ahead) + SoundFrame.duration(samples: captureDelay)).milliseconds)
    }

    mutating func clean(_ frame: inout [Int16], delay: Int) {
        self.processor?.clean(&frame, delay: delay)
    }

    /// Nothing is cleaned: the next time starts anew.
    mutating func rest() {
        self.processor = nil
    }

    private static func nextFar(_ desk: SoundDesk, _ room: [Int16]) -> [Int16]? {
        desk.with { state in
            var frame = room
            return state.far.take(SoundFrame.samples, into: &frame) ? frame : nil
        }
    }
}
