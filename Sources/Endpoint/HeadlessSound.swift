package import Audio
internal import Network
package import Session
package import Wire

/// The sound of a call without a person: a source that speaks, a recorder that listens, and a beat of 20 ms.
package final class HeadlessSound: CallSound {
    private var source: AudioSource
    private let recorder: WAVFileWriter?
    private let beat: Beat?
    private var nextBlock: Instant?
    private var heard = [Int16](repeating: 0, count: AudioFormat.blockSamples)
    private var said = [Int16](repeating: 0, count: AudioFormat.blockSamples)

    /// A beat that is one among many of a thread.
    struct Beat {
        /// Where in each 20 ms of the clock it falls.
        let phase: Duration
        /// How many they are.
        let count: Int
        let ledger: BeatLedger
    }

    package convenience init(source: AudioSource, recorder: WAVFileWriter? = nil) {
        self.init(source: source, recorder: recorder, beat: nil)
    }

    init(source: AudioSource, recorder: WAVFileWriter?, beat: Beat?) {
        self.source = source
        self.recorder = recorder
        self.beat = beat
    }

    package var descriptor: Int32? { nil }
    package var deadline: Instant { self.nextBlock ?? .distantFuture }

    package func begin(now: Instant) {
        self.nextBlock = self.nextBlock ?? self.firstBlock(now: now)
    }

    private func firstBlock(now: Instant) -> Instant {
        guard let beat = self.beat else { return now }
        let period = AudioFormat.blockDuration.wholeNanoseconds
        let sinceBeat = (now.nanoseconds - beat.phase.wholeNanoseconds) % period
        return Instant(nanoseconds: now.nanoseconds - sinceBeat + period)
    }

    package func serve(_ session: PeerSession, now: Instant) {
        guard let due = self.nextBlock, due <= now else { return }
        self.beat?.ledger.note(now - due)
        // After a stall longer than a packet's life the beat starts anew; shorter ones are caught up.
        self.nextBlock =
            now - due > .milliseconds(400) ? now + AudioFormat.blockDuration : due + AudioFormat.blockDuration
        guard session.isVoiceOpen else { return }
        // Taken out of the object for the time of the beat: a span of a stored array may not leave it.
        var heard = self.heard
        self.heard = []
        if self.pull(into: &heard, from: session, now: now) {
            self.source.hear(heard.span)
            try? self.recorder?.write(heard)
        }
        self.heard = heard
        var said = self.said
        self.said = []
        self.speak(into: &said)
        session.send(said.span, now: now)
        self.said = said
        session.noteBeat(busy: (monotonicNow() - now) * (self.beat?.count ?? 1), late: now - due, now: now)
    }

    package func finish() {
        self.nextBlock = nil
        try? self.recorder?.finish()
    }

    private func pull(into block: inout [Int16], from session: PeerSession, now: Instant) -> Bool {
        var room = block.mutableSpan
        return session.pull(into: &room, now: now) != nil
    }

    private func speak(into block: inout [Int16]) {
        var room = block.mutableSpan
        self.source.read(into: &room)
    }
}
