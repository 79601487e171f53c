/// Bounds concealment: invented sound fades to silence, and what comes after does not click.
struct ConcealmentFade: Sendable {
    /// Samples concealed since sound was last decoded.
    private var concealed = 0

    /// Whether the fade has ended: there is no need to invent more.
    var isSilent: Bool { self.concealed >= Self.end }

    /// Fades `count` samples of which the first `written` were invented; the rest becomes silence.
    mutating func fadeOut(_ samples: inout [Int16], written: Int, count: Int) {
        let count = min(count, samples.count)
        for index in 0..<count {
            guard index < written else {
                samples[index] = 0
                continue
            }
            let left = Self.end - (self.concealed + index)
            if left >= Self.end - Self.start { continue }
            samples[index] = left <= 0 ? 0 : Int16(Int(samples[index]) * left / (Self.end - Self.start))
        }
        self.concealed = min(self.concealed + count, Self.end)
    }

    /// Called with the first sound after a concealment; after silence it rises in 5 ms.
    mutating func fadeIn(_ samples: inout [Int16], count: Int) {
        if self.isSilent {
            for index in 0..<min(Self.rise, count, samples.count) {
                samples[index] = Int16(Int(samples[index]) * index / Self.rise)
            }
        }
        self.concealed = 0
    }

    /// Full level for 80 ms, silence from 160 ms on: longer inventions sound like a robot.
    private static let start = 80 * AudioFormat.sampleRate / 1000
    private static let end = 160 * AudioFormat.sampleRate / 1000
    private static let rise = 5 * AudioFormat.sampleRate / 1000
}
