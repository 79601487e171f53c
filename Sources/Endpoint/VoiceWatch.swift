internal import Wire

/// Whether voice flows on a socket. While it does, and sound is asked for every 20 ms, the socket is read right before
/// each beat and wakes nobody in between: what comes carries the time when it came (`DatagramBatch`), and the ear hears
/// nothing later for it. An answer to a check of consent or a report leaves up to a beat later.
///
/// A path that is being set up, looked for or lost has no voice: there every datagram wakes the thread.
struct VoiceWatch {
    private var last: Instant?

    mutating func note(_ datagram: [UInt8], now: Instant) {
        // SRTP and SRTCP (RFC 7983 §7).
        if let first = datagram.first, (128...191).contains(first) { self.last = now }
    }

    /// - Returns: until when the socket need not be waited for; `nil` when it is to be.
    func rest(now: Instant) -> Instant? {
        guard let last = self.last, now < last + Self.patience else { return nil }
        return last + Self.patience
    }

    /// Two packets may be missing.
    private static let patience: Duration = .milliseconds(60)
}
