internal import Wire

/// Extends sequence numbers and timestamps over their wraps, and tells when another stream begins.
struct StreamOrder: Sendable {
    struct Place: Equatable, Sendable {
        let sequence: Int64
        let timestamp: Int64
    }

    enum Verdict: Equatable, Sendable {
        /// The next packet of the stream.
        case follow(Place)
        /// The first of another one: forget what was.
        case restart(Place)
        /// A stray.
        case discard
    }

    private var ssrc: UInt32?
    private var retiredSSRC: UInt32?
    private var highest = Place(sequence: 0, timestamp: 0)
    /// The sequence number that would confirm a leap (RFC 3550 §A.1).
    private var confirming: UInt16?

    mutating func place(ssrc: UInt32, sequence: UInt16, timestamp: UInt32) -> Verdict {
        guard let known = self.ssrc else {
            self.ssrc = ssrc
            return .follow(self.begin(sequence: sequence, timestamp: timestamp))
        }
        if ssrc != known {
            // A straggler of the source that ended must not bring it back.
            guard ssrc != self.retiredSSRC else { return .discard }
            self.retiredSSRC = known
            self.ssrc = ssrc
            return .restart(self.begin(sequence: sequence, timestamp: timestamp))
        }
        let highestSequence = SerialNumber(UInt16(truncatingIfNeeded: self.highest.sequence))
        let step = SerialNumber(sequence).distance(from: highestSequence)
        guard step > -Self.maximumMisorder, step < Self.maximumDropout else {
            if self.confirming == sequence {
                return .restart(self.begin(sequence: sequence, timestamp: timestamp))
            }
            self.confirming = sequence &+ 1
            return .discard
        }
        self.confirming = nil
        let highestTimestamp = SerialNumber(UInt32(truncatingIfNeeded: self.highest.timestamp))
        let place = Place(
            sequence: self.highest.sequence + Int64(step),
            timestamp: self.highest.timestamp
                &+ Int64(SerialNumber(timestamp).distance(from: highestTimestamp)))
        if step > 0 { self.highest = place }
        return .follow(place)
    }

    /// Starts a stream high enough above zero for its stragglers.
    private mutating func begin(sequence: UInt16, timestamp: UInt32) -> Place {
        self.confirming = nil
        self.highest = Place(sequence: 1 << 16 | Int64(sequence), timestamp: 1 << 32 | Int64(timestamp))
        return self.highest
    }

    /// RFC 3550 §A.1 has 3000 and 100 for video's sake; at 50 packets per second that is 20 s.
    private static let maximumDropout = 1_000
    private static let maximumMisorder = 500
}
