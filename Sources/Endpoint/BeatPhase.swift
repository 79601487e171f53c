/// Where in the beat of 20 ms a session stands, so that those of one thread are spread evenly, however many there are.
package struct BeatPhase {
    /// - Parameter number: of the session on its thread, from 0.
    /// - Returns: Less than `period`: 0, 1/2, 1/4, 3/4, 1/8, … of it (the van der Corput sequence).
    package static func offset(of number: Int, period: Duration) -> Duration {
        let reversed = UInt32(truncatingIfNeeded: number).bitReversed
        return period * (Double(reversed) / Double(1 << 32))
    }
}

extension UInt32 {
    fileprivate var bitReversed: UInt32 {
        (0..<32).reduce(0) { $0 << 1 | self >> UInt32($1) & 1 }
    }
}
