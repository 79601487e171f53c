internal import Wire

/// The playback thread: from opening a device to its end.
struct PlaybackRun: Sendable {
    let desk: SoundDesk
    let attempt: DeviceWatch.Attempt

    private enum Step {
        /// A frame of the call.
        /// What was put into the frame.
        case play
        /// The device is about to run dry.
        case pad
        /// The device has enough for this long.
        case await(samples: Int)
    }

    func start() {
        startSoundThread("sound-playback") { self.run() }
    }

    private func run() {
        var hasStarted = false
        do throws(SoundError) {
            let device = try PCM(opening: self.attempt.device, .playback, bufferSamples: Self.bufferSamples)
            try self.play(on: device, hasStarted: &hasStarted)
        } catch {
            self.desk.failed(self.attempt, .playback, error.loss(wasOpen: hasStarted))
        }
    }

    private func play(on device: borrowing PCM, hasStarted: inout Bool) throws(SoundError) {
        let silence = [Int16](repeating: 0, count: SoundFrame.samples)
        var frame = silence
        var written = 0
        while self.desk.wants(self.attempt, .playback) {
            do throws(SoundError) {
                let waiting = try device.waiting(.playback)
                if !hasStarted, waiting < written {
                    // Sound flows when the device has taken some of what it was given.
                    hasStarted = true
                    self.desk.opened(self.attempt, .playback)
                }
                guard hasStarted else {
                    if waiting <= SoundFrame.samples {
                        written += try self.write(silence, to: device)
                    } else {
                        self.pause(samples: SoundFrame.samples)
                    }
                    continue
                }
                switch self.step(waiting: waiting, into: &frame) {
                case .play: try self.playOut(frame, on: device)
                case .pad: try self.playOut(silence, on: device)
                case .await(let samples): self.pause(samples: samples)
                }
            } catch {
                guard device.recover(from: error) else { throw error }
                self.desk.with { state in
                    if state.playbackWatch.current == self.attempt { state.playback.runDry(now: soundClock()) }
                }
            }
        }
    }

    private func step(waiting: Int, into frame: inout [Int16]) -> Step {
        self.desk.with { state in
            guard state.playbackWatch.current == self.attempt else { return .await(samples: SoundFrame.samples) }
            state.playback.report(deviceSamples: waiting, now: soundClock())
            let excess = waiting + SoundFrame.samples - state.playback.deviceDepth
            guard excess <= 0 else { return .await(samples: excess) }
            if state.playback.take(into: &frame) {
                if waiting == 0 { state.playback.runDry(now: soundClock()) }
                return .play
            }
            // A device that has stopped shows by taking silence that it goes on.
            let least = state.playback.isDriving ? SoundFrame.samples : Self.lowest
            guard waiting <= least else { return .await(samples: waiting - least) }
            state.playback.pad(SoundFrame.samples)
            return .pad
        }
    }

    /// Sleeps while `samples` are played, or until a block comes.
    private func pause(samples: Int) {
        let time = SoundFrame.duration(samples: min(samples, 2 * SoundFrame.samples))
        self.desk.playbackBell.wait(nanoseconds: time.wholeNanoseconds)
    }

    /// Gives a frame to the device, and to the echo canceller as it was given.
    private func playOut(_ frame: [Int16], on device: borrowing PCM) throws(SoundError) {
        _ = try self.write(frame, to: device)
        let delay = device.delay()
        self.desk.with { state in
            guard state.playbackWatch.current == self.attempt else { return }
            let delay = delay ?? state.playback.deviceSamples
            state.reference.play(
                frame, soundingAt: soundClock() + SoundFrame.duration(samples: delay - SoundFrame.samples))
            state.latency.playback = SoundFrame.duration(samples: delay)
            state.playbackMeter.add(frame, count: SoundFrame.samples)
        }
    }

    private func write(_ frame: [Int16], to device: borrowing PCM) throws(SoundError) -> Int {
        var written = 0
        while written < SoundFrame.samples, self.desk.wants(self.attempt, .playback) {
            written += try device.write(frame, at: written, count: SoundFrame.samples - written)
            if written < SoundFrame.samples { try device.wait(milliseconds: 10) }
        }
        return written
    }

    /// Ours: 200 ms. The device's buffer is filled to ``PlaybackTimeline/deviceDepth`` only.
    private static let bufferSamples = 20 * SoundFrame.samples
    /// Ours: with 5 ms left in the device, silence is better than a device that runs dry.
    private static let lowest = SoundFrame.samples / 2
}
