package import Wire

/// How hard the encoder works, decided by how much of the beat of 20 ms is left over.
///
/// Told of each beat what the thread did in it, all of its calls together, and how late it began. Complexity changes
/// how a packet sounds and what it costs, never its size.
package struct EncodingEffort: Sendable {
    /// For the encoder, 0 … 10.
    package var complexity: Int { Self.ladder[self.level] }

    private var level: Int
    private var windowBegan: Instant?
    private var beats = 0
    private var endangered = 0
    private var busy: Duration = .zero
    /// Windows in a row without danger and with time to spare.
    private var calmWindows = 0
    /// How many of them it takes to try more.
    private var patience = Self.shortestPatience
    private var raisedAt: Instant?

    /// - Parameter complexity: To begin with, rounded down to what the ladder has.
    package init(complexity: Int) {
        self.level = Self.ladder.lastIndex { $0 <= complexity } ?? 0
    }

    /// Takes what one beat was like.
    /// - Parameters:
    ///   - busy: What the thread spent on sound in it.
    ///   - late: How long after its time the beat began; zero where a sound card sets the time.
    package mutating func observe(busy: Duration, late: Duration, now: Instant) {
        let began = self.windowBegan ?? now
        self.windowBegan = began
        self.beats += 1
        self.busy += busy
        if busy > Self.dangerousShare || late > Self.dangerousLateness { self.endangered += 1 }
        if self.endangered >= Self.endangeredBeats {
            self.lower(now: now)
            self.beginWindow(now: now)
        } else if now - began >= Self.window {
            self.judge(now: now)
            self.beginWindow(now: now)
        }
    }

    private mutating func lower(now: Instant) {
        // What failed soon after it was tried is tried later the next time.
        if let raisedAt, now - raisedAt < Self.blame { self.patience = min(self.patience * 2, Self.longestPatience) }
        self.raisedAt = nil
        self.calmWindows = 0
        self.level = max(self.level - 1, 0)
    }

    private mutating func judge(now: Instant) {
        let hasRoom = self.endangered == 0 && self.busy < Self.spareShare * self.beats
        self.calmWindows = hasRoom ? self.calmWindows + 1 : 0
        guard self.calmWindows >= self.patience, self.level < Self.ladder.count - 1 else { return }
        self.level += 1
        self.raisedAt = now
        self.calmWindows = 0
    }

    private mutating func beginWindow(now: Instant) {
        self.windowBegan = now
        self.beats = 0
        self.endangered = 0
        self.busy = .zero
    }

    /// Steps that differ in sound or cost by libopus 1.3.1: 8 to 10 cost 1.4 times 7 and sound like it.
    private static let ladder = [0, 2, 5, 7]
    private static let window: Duration = .seconds(1)
    /// Of a beat: from here on a neighbour's spike makes the packet late.
    private static let dangerousShare: Duration = .milliseconds(10)
    /// A jitter buffer of the peer hears of it.
    private static let dangerousLateness: Duration = .milliseconds(10)
    /// Five of the fifty in a window: one slow beat is chance.
    private static let endangeredBeats = 5
    /// A tenth of a beat: with the next step it is still less than a sixth.
    private static let spareShare: Duration = .milliseconds(2)
    /// Windows.
    private static let shortestPatience = 5
    private static let longestPatience = 160
    private static let blame: Duration = .seconds(30)
}
