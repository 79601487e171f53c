internal import Wire

/// The thread that never touches a device: passes time where a device does not, and starts what opens devices.
struct SoundWatch: Sendable {
    let desk: SoundDesk

    func start() {
        startSoundThread("sound-watch") {
            while self.step() { self.desk.watchBell.wait(nanoseconds: Self.beat.wholeNanoseconds) }
        }
    }

    /// - Returns: Whether to go on.
    private func step() -> Bool {
        let (isClosed, capture, playback) = self.desk.with { state in
            let now = soundClock()
            Self.advance(&state, now: now)
            return state.isClosed
                ? (true, nil, nil)
                : (
                    false, state.hasCapture ? state.captureWatch.next(now: now) : nil,
                    state.playbackWatch.next(now: now)
                )
        }
        if let capture { CaptureRun(desk: self.desk, attempt: capture).start() }
        if let playback { PlaybackRun(desk: self.desk, attempt: playback).start() }
        return !isClosed
    }

    private static func advance(_ state: inout SoundDesk.State, now: Instant) {
        state.capture.advance(now: now)
        state.playback.advance(now: now)
        if state.hasCapture {
            state.tell(state.captureWatch.advance(now: now), of: .capture)
            if let since = state.capture.fillingSince, now - since >= DeviceWatch.patience {
                state.tell(state.captureWatch.stalled(now: now), of: .capture)
            }
        }
        state.tell(state.playbackWatch.advance(now: now), of: .playback)
        if let since = state.playback.drivingSince, now - since >= DeviceWatch.patience {
            state.tell(state.playbackWatch.stalled(now: now), of: .playback)
        }
    }

    private static let beat = SoundFrame.duration * 2
}
