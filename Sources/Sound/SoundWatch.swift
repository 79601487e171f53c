internal import Wire

/// The thread that never touches a device: wakes the owner where no device does, and starts what opens devices.
struct SoundWatch: Sendable {
    let desk: SoundDesk

    func start() {
        startSoundThread("sound-watch") {
            var view = SceneView()
            while self.step(&view) { self.desk.watchBell.wait(nanoseconds: Self.beat.wholeNanoseconds) }
        }
    }

    /// - Returns: Whether to go on.
    private func step(_ view: inout SceneView) -> Bool {
        if view.isOld(on: self.desk) { view.renew(from: self.desk) }
        guard !view.scene.isClosed else { return false }
        let now = soundClock()
        let (capture, playback) = (view.scene.capture?.lastSign, view.scene.playback?.lastSign)
        let oldest = now - SoundControl.patience
        if !view.scene.isSettled || capture ?? now <= oldest || playback ?? now <= oldest { self.open(now: now) }
        // Silence stands in, and blocks are wanted, at the pace of the monotonic clock.
        let late = now - Self.beat * 2
        if capture ?? late <= late || playback ?? late <= late { self.desk.ownerBell.ring() }
        return true
    }

    /// Passes the time of devices, and opens what is due.
    private func open(now: Instant) {
        let (capture, playback) = self.desk.with { control in
            control.advance(now: now)
            return control.next(now: now)
        }
        if let capture { CaptureRun(desk: self.desk, line: capture).start() }
        if let playback { PlaybackRun(desk: self.desk, line: playback).start() }
    }

    private static let beat = SoundFrame.duration * 2
}
