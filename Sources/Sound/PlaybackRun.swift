internal import Wire

/// The playback thread: from opening a device to its end.
struct PlaybackRun: Sendable {
    let desk: SoundDesk
    let line: PlaybackLine

    private enum Step {
        /// A frame of the call, which was put into the frame.
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
            let device = try PCM(opening: self.line.attempt.device, .playback, bufferSamples: Self.bufferSamples)
            try self.play(on: device, hasStarted: &hasStarted)
        } catch {
            self.desk.failed(self.line.attempt, .playback, error.loss(wasOpen: hasStarted))
        }
    }

    private func play(on device: borrowing PCM, hasStarted: inout Bool) throws(SoundError) {
        let silence = [Int16](repeating: 0, count: SoundFrame.samples)
        var frame = silence
        var store = PlaybackStore(now: soundClock())
        var view = SceneView()
        var written = 0
        while self.line.isWanted {
            do throws(SoundError) {
                let waiting = try device.waiting(.playback)
                if !hasStarted, waiting < written {
                    // Sound flows when the device has taken some of what it was given.
                    hasStarted = true
                    store = PlaybackStore(deviceSamples: waiting, now: soundClock())
                    self.line.tell(store)
                    self.desk.opened(self.line.attempt, .playback)
                }
                guard hasStarted else {
                    if waiting <= SoundFrame.samples {
                        written += try self.write(silence, to: device)
                    } else {
                        self.pause(samples: SoundFrame.samples)
                    }
                    continue
                }
                switch self.step(waiting: waiting, into: &frame, &store) {
                case .play: try self.playOut(frame, on: device, store, &view)
                case .pad: try self.playOut(silence, on: device, store, &view)
                case .await(let samples): self.pause(samples: samples)
                }
            } catch {
                guard device.recover(from: error) else { throw error }
                if hasStarted { store.runDry(now: soundClock()) }
            }
        }
    }

    private func step(waiting: Int, into frame: inout [Int16], _ store: inout PlaybackStore) -> Step {
        let now = soundClock()
        let isAlive = store.report(deviceSamples: waiting, now: now)
        store.advance(now: now)
        let step = self.decide(waiting: waiting, into: &frame, &store)
        self.line.tell(store)
        // The owner has to hear of a device that comes back to life, and of room for a block.
        if self.line.isDriving ? isAlive : self.line.wantedBlocks > 0 { self.desk.ownerBell.ring() }
        return step
    }

    private func decide(waiting: Int, into frame: inout [Int16], _ store: inout PlaybackStore) -> Step {
        let excess = waiting + SoundFrame.samples - store.deviceDepth
        guard excess <= 0 else { return .await(samples: excess) }
        if self.line.take(into: &frame, counting: &store) {
            if waiting == 0 { store.runDry(now: soundClock()) }
            return .play
        }
        // A device that has stopped shows by taking silence that it goes on.
        let least = self.line.isDriving ? SoundFrame.samples : Self.lowest
        guard waiting <= least else { return .await(samples: waiting - least) }
        store.give(SoundFrame.samples)
        return .pad
    }

    /// Sleeps while `samples` are played, or until a block comes.
    private func pause(samples: Int) {
        let time = SoundFrame.duration(samples: min(samples, 2 * SoundFrame.samples))
        self.line.bell.wait(nanoseconds: time.wholeNanoseconds)
    }

    /// Gives a frame to the device, and to the echo canceller as it was given.
    private func playOut(
        _ frame: [Int16], on device: borrowing PCM, _ store: PlaybackStore, _ view: inout SceneView
    ) throws(SoundError) {
        _ = try self.write(frame, to: device)
        let delay = device.delay() ?? store.deviceSamples
        self.line.tell(delaySamples: delay)
        if view.isOld(on: self.desk) { view.renew(from: self.desk) }
        guard view.scene.playback === self.line, let echo = view.scene.echo else { return }
        let sounds = soundClock() + SoundFrame.duration(samples: delay - SoundFrame.samples)
        echo.write(frame.span, FrameQueue.Stamp(time: sounds))
    }

    private func write(_ frame: [Int16], to device: borrowing PCM) throws(SoundError) -> Int {
        var written = 0
        while written < SoundFrame.samples, self.line.isWanted {
            written += try device.write(frame, at: written, count: SoundFrame.samples - written)
            if written < SoundFrame.samples { try device.wait(milliseconds: 10) }
        }
        return written
    }

    /// Ours: 200 ms. The device's buffer is filled to ``PlaybackStore/deviceDepth`` only.
    private static let bufferSamples = 20 * SoundFrame.samples
    /// Ours: with 5 ms left in the device, silence is better than a device that runs dry.
    private static let lowest = SoundFrame.samples / 2
}
