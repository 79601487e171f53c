internal import Glibc

/// Decides which of two echo cancellers speaks.
///
/// The adaptive filter leaves a near voice whole while both talk, but takes seconds to learn a room and cannot follow
/// two clocks that differ. The suppressor knows every echo at once, and cuts into the near voice while both talk. Only
/// stretches that are nothing but echo say how good the filter is: those in which the suppressor turns down nearly
/// everything. A near voice ends such a stretch, and without an echo, as with a headset, there is none.
struct EchoJudge: Sendable {
    /// Whether the suppressor speaks.
    private(set) var prefersSuppression = false
    private var captured = 0.0
    private var linear = 0.0
    private var suppressed = 0.0
    private var frames = 0
    /// Windows of nothing but echo in a row.
    private var windows = 0
    /// What the filter took out of them, as the sum of dB.
    private var reduction = 0.0
    private var hasDoneWell = false
    /// Windows of nothing but echo up to now.
    private(set) var echoWindows = 0

    /// Takes the mean powers of one frame, with full scale 1, while the far end sounds.
    mutating func hear(captured: Double, linear: Double, suppressed: Double) {
        self.captured += captured
        self.linear += linear
        self.suppressed += suppressed
        self.frames += 1
        guard self.frames == Self.window else { return }
        self.judge()
        (self.captured, self.linear, self.suppressed, self.frames) = (0, 0, 0, 0)
    }

    private mutating func judge() {
        guard self.captured > Self.audible * Double(Self.window) else { return }
        guard self.suppressed < self.captured * Self.echoOnly else {
            (self.windows, self.reduction, self.echoWindows) = (0, 0, 0)
            return
        }
        self.echoWindows += 1
        self.windows += 1
        self.reduction += 10 * log10(self.captured / max(self.linear, 1e-12))
        guard self.windows >= Self.shortRun else { return }
        let mean = self.reduction / Double(self.windows)
        if mean < Self.good, self.windows < Self.longRun {
            // A filter that has done well, and one that takes out next to nothing, are not blamed at once: it may be a
            // near voice that the suppressor mistakes for echo.
            if self.hasDoneWell || mean < Self.nothing { return }
        }
        if mean < Self.poor { self.prefersSuppression = true }
        if mean > Self.good { (self.prefersSuppression, self.hasDoneWell) = (false, true) }
        (self.windows, self.reduction) = (0, 0)
    }

    /// Ours: frames in a window: 100 ms.
    private static let window = 10
    /// Ours: -55 dB; below, noise decides.
    private static let audible = 3.2e-6
    /// Ours: -15 dB: with a near voice in it, the suppressor leaves more in most windows.
    private static let echoOnly = 0.032
    /// Ours, in dB: a filter that takes out so little has not learned the room, or cannot.
    private static let poor = 12.0
    /// Ours, in dB.
    private static let nothing = 5.0
    /// Ours, in dB.
    private static let good = 15.0
    /// Ours, in windows.
    private static let shortRun = 5
    /// Ours, in windows: nobody speaks for 3 s without a pause in which the suppressor lets something pass.
    private static let longRun = 30
}
