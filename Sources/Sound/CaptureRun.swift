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
                let delay = device.delay() ?? backlog
                self.deliver(&frame, through: &voice, delay: delay)
            } catch {
                guard device.recover(from: error) else { throw error }
                filled = 0
                try device.start()
            }
        }
    }

    private func deliver(_ frame: inout [Int16], through voice: inout Voice, delay: Int) {
        voice.clean(&frame, of: self.desk, delay: delay)
        self.desk.with { state in
            guard state.captureWatch.current == self.attempt else { return }
            state.captureMeter.add(frame, count: SoundFrame.samples)
            state.latency.capture = SoundFrame.duration(samples: delay + SoundFrame.samples)
            state.capture.deliver(frame, now: soundClock())
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
    private var played = [Int16](repeating: 0, count: SoundFrame.samples)

    /// - Parameter delay: samples from the microphone to here, the frame itself apart.
    mutating func clean(_ frame: inout [Int16], of desk: SoundDesk, delay: Int) {
        let captured = soundClock() - SoundFrame.duration(samples: delay + SoundFrame.samples)
        let isSpeech = Self.take(into: &self.played, capturedAt: captured, of: desk)
        guard isSpeech else {
            // The next time starts anew.
            self.processor = nil
            return
        }
        if self.processor == nil { self.processor = SpeechProcessor() }
        self.processor?.clean(&frame, played: self.played)
    }

    private static func take(into played: inout [Int16], capturedAt instant: Instant, of desk: SoundDesk) -> Bool {
        desk.with { state in
            guard state.processing == .speech else { return false }
            state.reference.take(capturedAt: instant, into: &played)
            return true
        }
    }
}
