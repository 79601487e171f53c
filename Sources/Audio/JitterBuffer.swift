internal import Wire

/// Puts packets back in order and says, each time sound is needed, what to make it from.
///
/// Knows nothing of the codec: `insert`, then `next` as long as the playout queue is short. The
/// measure of everything is *slack*: how long ago the packet to be decoded now would have come on
/// the fastest path seen lately. Slack at or above the target means enough waiting; `pace` asks
/// for longer or shorter sound when it is off. Fixed slots, nothing allocated after `init`.
struct JitterBuffer: Sendable {
    /// What to decode next.
    enum Step: Equatable, Sendable {
        /// No stream yet: play silence.
        case idle
        /// Decode the packet in `slot`.
        case play(slot: Int)
        /// The packet before the one in `slot` is lost: take its copy from there.
        case recover(slot: Int, sampleCount: Int)
        /// Nothing to decode: extrapolate.
        case conceal(sampleCount: Int)
        /// The peer sends nothing because nobody speaks there: its background noise goes on.
        case rest(sampleCount: Int)
    }

    private(set) var statistics = ReceiverStatistics()
    private var window = PacketWindow()
    private var target = PlayoutTarget()
    private var clock = PlayoutClock()

    private var isPlaying = false
    /// The timestamp that is due.
    private var position: Int64 = 0
    /// Samples by which `position` moved on without a packet since the last one.
    private var blindSamples: Int64 = 0
    /// Samples concealed since the last packet while `position` stood still.
    private var heldSamples: Int64 = 0
    private var decodedThisPull = false
    /// The packet played last was one that announces a pause (RFC 6716 §2.1.9).
    private var isPaused = false
    private var leftover = 0
    private var packetSamples = AudioFormat.blockSamples
    private var consecutiveLate = 0

    /// Forgets all packets: another source starts. The statistics go on.
    mutating func restart() {
        self.window.restart()
        self.target.restart()
        self.clock.forget()
        self.isPlaying = false
        self.blindSamples = 0
        self.heldSamples = 0
        self.consecutiveLate = 0
        self.leftover = 0
        self.isPaused = false
        self.statistics.sourceChanges += 1
    }

    var storage: [UInt8] { self.window.storage }

    /// Where the payload of a slot lies in `storage`.
    func payloadRange(slot: Int) -> Range<Int> { self.window.payloadRange(slot: slot) }

    // MARK: Arrivals

    /// Takes one packet.
    /// - Parameters:
    ///   - sequence: Extended over wraps, not negative.
    ///   - timestamp: Extended over wraps, at 48 kHz.
    mutating func insert(
        sequence: Int64, timestamp: Int64, payload: Span<UInt8>, packet: OpusPacket, arrival: Instant
    ) {
        guard payload.count <= AudioFormat.maximumPayloadOctets else {
            self.countUnplayable()
            return
        }
        self.statistics.received += 1
        let standing = self.window.standing(of: sequence)
        guard standing != .known else {
            self.statistics.duplicates += 1
            return
        }
        self.target.observe(
            sequence: sequence, transit: arrival.nanoseconds &- AudioFormat.nanoseconds(samples: timestamp),
            arrival: arrival,
            isNew: standing == .unknown || standing == .missing)
        self.statistics.jitterMilliseconds = self.target.tracker.jitter / 1e6

        if self.window.highestSequence < 0 { self.window.open(at: sequence) }
        if sequence < self.window.nextSequence {
            let opensEarlier =
                !self.isPlaying && self.window.highestSequence - sequence < Int64(PacketWindow.slotCount)
            guard opensEarlier else {
                self.takeLate(sequence, standing: standing)
                return
            }
            self.window.open(at: sequence)
        }
        self.observeErrorCorrection(sequence: sequence, timestamp: timestamp, packet: packet, arrival: arrival)
        if !self.window.covers(sequence) { self.advance(to: sequence - Int64(PacketWindow.slotCount) + 1) }
        self.window.hold(
            PacketWindow.Entry(
                sequence: sequence, timestamp: timestamp, octetCount: payload.count, packet: packet, arrival: arrival,
                isCopy: false),
            payload: payload)
    }

    /// Takes what a later packet carries of an earlier one, if that is neither there nor past.
    /// - Parameter distance: By how many packets it is earlier.
    mutating func insertCopy(
        sequence: Int64, timestamp: Int64, distance: Int, payload: Span<UInt8>, packet: OpusPacket, arrival: Instant
    ) {
        guard payload.count <= AudioFormat.maximumPayloadOctets, self.window.highestSequence >= 0 else { return }
        self.target.expectCopies(distance: distance, packetSamples: packet.sampleCount)
        let standing = self.window.standing(of: sequence)
        guard standing == .missing || standing == .unknown && self.window.covers(sequence) else { return }
        self.target.observeCopy(
            transit: arrival.nanoseconds &- AudioFormat.nanoseconds(samples: timestamp))
        guard standing == .unknown else {
            self.window.acceptLate(sequence, isCopy: true)
            return
        }
        self.window.hold(
            PacketWindow.Entry(
                sequence: sequence, timestamp: timestamp, octetCount: payload.count, packet: packet, arrival: arrival,
                isCopy: true),
            payload: payload)
    }

    /// The predecessor that a packet carries in itself (RFC 6716 §2.1.7) is a copy that is not held.
    private mutating func observeErrorCorrection(
        sequence: Int64, timestamp: Int64, packet: OpusPacket, arrival: Instant
    ) {
        guard packet.carriesRecovery, sequence > 0, self.window.highestSequence >= 0 else { return }
        self.target.expectCopies(distance: 1, packetSamples: packet.sampleCount)
        let standing = self.window.standing(of: sequence - 1)
        guard standing == .missing || standing == .unknown && self.window.covers(sequence - 1) else { return }
        let transit =
            arrival.nanoseconds &- AudioFormat.nanoseconds(samples: timestamp &- Int64(packet.sampleCount))
        self.target.observeCopy(transit: transit)
    }

    /// Counts a payload that is nothing Opus can decode.
    mutating func countUnplayable() {
        self.statistics.received += 1
        self.statistics.discarded += 1
    }

    private mutating func takeLate(_ sequence: Int64, standing: PacketWindow.Standing) {
        self.statistics.late += 1
        guard standing != .unknown else { return }
        self.statistics.lost -= 1
        self.window.acceptLate(sequence, isCopy: false)
    }

    // MARK: Playout

    /// Begins one pull of 960 samples.
    mutating func beginPull() {
        self.clock.beat()
        self.decodedThisPull = false
    }

    /// What to decode now.
    /// - Parameter queuedSamples: Sound already decoded and not yet played.
    mutating func next(queuedSamples: Int, now: Instant) -> Step {
        if !self.isPlaying, !self.begin(now: now) { return .idle }
        self.discardLate()
        self.shedExcess(now: now)
        self.passOver(now: now)
        guard let head = self.window.head() else { return self.underrun(queuedSamples: queuedSamples, now: now) }
        let timestamp = self.window[slot: head].timestamp
        let gap = timestamp &- self.position
        if gap > Self.longestGap || gap < 0 {
            self.leap(to: timestamp, isDiscontinuity: gap > Self.longestGap || self.blindSamples == 0)
        } else if gap > 0, let step = self.bridge(gap: gap, head: head, now: now) {
            return step
        }
        return self.play(head, queuedSamples: queuedSamples, now: now)
    }

    /// Whether the packet that is due has come.
    var hasNext: Bool {
        guard let head = self.window.head() else { return false }
        return self.window[slot: head].sequence == self.window.nextSequence
            && self.window[slot: head].timestamp == self.position
    }

    /// How to stretch what is about to be played, after `next` has filled the queue.
    mutating func pace() -> PlayoutPace {
        guard self.isPlaying, self.decodedThisPull, let age = self.clock.age else { return .keep }
        let slack = PlayoutClock.bounded(age &- self.target.baseline)
        let target = self.targetSlack
        self.statistics.targetMilliseconds = Double(target) / 1e6
        return PlayoutPace(slack: slack, target: target, packetSamples: self.packetSamples, leftover: self.leftover)
    }

    mutating func count(concealed: Int = 0, inserted: Int = 0, removed: Int = 0) {
        self.statistics.concealedSamples += concealed
        self.statistics.insertedSamples += inserted
        self.statistics.removedSamples += removed
    }

    // MARK: Private parts

    /// How much slack a packet should have when it is decoded, in nanoseconds.
    private var targetSlack: Int64 { self.target.slack }

    private func slack(of timestamp: Int64, now: Instant) -> Int64 {
        PlayoutClock.bounded(now.nanoseconds &- AudioFormat.nanoseconds(samples: timestamp) &- self.target.baseline)
    }

    private mutating func begin(now: Instant) -> Bool {
        guard let head = self.window.head() else { return false }
        let slot = self.window[slot: head]
        // Short packets: the last one that the first block needs counts.
        let needed = slot.timestamp &+ Int64(max(0, AudioFormat.blockSamples - slot.packet.sampleCount))
        guard self.slack(of: needed, now: now) >= Self.startingSlack else { return false }
        self.isPlaying = true
        self.window.open(at: slot.sequence)
        self.position = slot.timestamp
        self.clock.start(at: slot.timestamp)
        self.blindSamples = 0
        self.heldSamples = 0
        return true
    }

    private mutating func play(_ index: Int, queuedSamples: Int, now: Instant) -> Step {
        let slot = self.window[slot: index]
        self.advance(to: slot.sequence)
        self.window.consume(slot: index)
        if slot.isCopy {
            self.statistics.lost += 1
            self.statistics.recoveredRED += 1
        }
        self.packetSamples = slot.packet.sampleCount
        self.isPaused = slot.octetCount <= Self.longestPauseOctets
        self.position = slot.timestamp &+ Int64(slot.packet.sampleCount)
        self.blindSamples = 0
        self.heldSamples = 0
        self.consecutiveLate = 0
        self.clock.observe(
            timestamp: slot.timestamp, age: now.nanoseconds &- AudioFormat.nanoseconds(samples: slot.timestamp))
        self.leftover = min(queuedSamples, AudioFormat.blockSamples)
        self.decodedThisPull = true
        let waited = (now - slot.arrival).wholeNanoseconds &+ AudioFormat.nanoseconds(samples: Int64(queuedSamples))
        self.statistics.latestDelayMilliseconds = Double(waited) / 1e6
        self.statistics.delay.record(milliseconds: Int(clamping: waited / 1_000_000))
        return .play(slot: index)
    }

    /// Nothing has come: hold the stream, so that a late packet still finds its place, as long as
    /// the delay may grow; then let time pass.
    private mutating func underrun(queuedSamples: Int, now: Instant) -> Step {
        let count = Self.roundedUp(max(AudioFormat.blockSamples - queuedSamples, 1))
        if self.isPaused {
            // Time passes at the peer's as well.
            self.position &+= Int64(count)
            self.blindSamples &+= Int64(count)
            return .rest(sampleCount: count)
        }
        if self.slack(of: self.position, now: now) - self.targetSlack >= Self.longestHold {
            self.position &+= Int64(count)
            self.blindSamples &+= Int64(count)
        } else {
            self.heldSamples &+= Int64(count)
        }
        return .conceal(sampleCount: count)
    }

    /// Crosses what is missing before `head`; `nil` once `head` itself is due.
    private mutating func bridge(gap: Int64, head: Int, now: Instant) -> Step? {
        let slot = self.window[slot: head]
        let isRecoverable = slot.sequence > self.window.nextSequence && slot.packet.carriesRecovery
        var recoverable = isRecoverable ? min(gap, Int64(slot.packet.sampleCount)) : 0
        if recoverable % Int64(Self.codecStep) != 0 { recoverable = 0 }
        let fillable = gap - recoverable

        // What concealment has already stood for while the stream was held is not filled again.
        let block = Int64(AudioFormat.blockSamples)
        let skipped = min(fillable, self.blocksToSkip(now: now) * block)
        self.heldSamples = max(0, self.heldSamples - skipped)
        let remaining = fillable - skipped
        self.position &+= skipped
        if remaining > 0 {
            let advanced = min(remaining, block)
            self.position &+= advanced
            self.blindSamples &+= advanced
            let count = Self.roundedUp(Int(advanced))
            return self.isPaused && slot.sequence == self.window.nextSequence
                ? .rest(sampleCount: count) : .conceal(sampleCount: count)
        }
        guard recoverable > 0 else { return nil }
        self.advance(to: slot.sequence)
        self.position = slot.timestamp
        self.statistics.recoveredFEC += 1
        return .recover(slot: head, sampleCount: Int(recoverable))
    }

    /// As many as leave the delay what it was before the stream was held, or within what is left alone.
    private func blocksToSkip(now: Instant) -> Int64 {
        let block = Int64(AudioFormat.blockSamples)
        let excess = AudioFormat.samples(nanoseconds: self.slack(of: self.position, now: now) - self.targetSlack)
        // Nobody pulled for long: nothing of it is played.
        if excess > AudioFormat.samples(nanoseconds: Self.longestExcess) { return Self.longestGap / block }
        let held = (self.heldSamples + block / 2) / block
        let rest = excess - held * block
        if rest < -Self.tolerance { return max(0, (excess + Self.tolerance) / block) }
        return held + max(0, rest - 2 * Self.tolerance - 1) / block
    }

    /// A packet that came while concealment stood for it, and not for more, is late: played now, it would move the delay
    /// by all of it in the middle of speech.
    private mutating func passOver(now: Instant) {
        guard self.heldSamples == Int64(AudioFormat.blockSamples), self.window.heldCount > 1, self.hasNext,
            self.blocksToSkip(now: now) == 1, let head = self.window.head(),
            self.window[slot: head].packet.sampleCount == AudioFormat.blockSamples
        else { return }
        self.window.consume(slot: head)
        self.statistics.late += 1
        self.position &+= Int64(AudioFormat.blockSamples)
        self.heldSamples = 0
    }

    /// Drops packets whose turn passed while nothing was there. Several in a row mean that the path
    /// has become longer: then their turn is now.
    private mutating func discardLate() {
        while self.blindSamples > 0, let head = self.window.head() {
            let slot = self.window[slot: head]
            let behind = self.position &- slot.timestamp
            guard behind >= Int64(slot.packet.sampleCount), behind <= self.blindSamples else { return }
            self.consecutiveLate += 1
            if self.consecutiveLate >= Self.latePacketsToYield {
                self.leap(to: slot.timestamp, isDiscontinuity: false)
                return
            }
            self.advance(to: slot.sequence)
            self.window.consume(slot: head)
            self.statistics.late += 1
        }
    }

    /// After a stall everything comes at once: what is far too old is dropped, not sped up.
    private mutating func shedExcess(now: Instant) {
        while self.window.heldCount > 1, let head = self.window.head() {
            let slot = self.window[slot: head]
            guard self.slack(of: slot.timestamp, now: now) - self.targetSlack > Self.longestExcess else { return }
            self.advance(to: slot.sequence)
            self.window.consume(slot: head)
            self.statistics.discarded += 1
            if let next = self.window.head() { self.position = self.window[slot: next].timestamp }
        }
    }

    private mutating func leap(to timestamp: Int64, isDiscontinuity: Bool) {
        self.position = timestamp
        self.blindSamples = 0
        self.heldSamples = 0
        self.consecutiveLate = 0
        if isDiscontinuity {
            self.target.restart()
            self.clock.forget()
        }
    }

    /// Gives up the packets before `sequence`.
    private mutating func advance(to sequence: Int64) {
        let passed = self.window.advance(to: sequence)
        self.statistics.lost += passed.lost
        self.statistics.discarded += passed.discarded
    }

    private static func roundedUp(_ samples: Int) -> Int {
        (samples + Self.codecStep - 1) / Self.codecStep * Self.codecStep
    }

    // MARK: Constants

    /// Opus decodes and conceals in steps of 2.5 ms (RFC 6716 §2).
    private static let codecStep = 120
    /// A packet of the table of contents and at most one octet is one of discontinuous transmission.
    private static let longestPauseOctets = 2
    /// The first packet waits for at least that, so that the second is not needed the moment it is due.
    private static let startingSlack: Int64 = 5_000_000
    /// 2 ms below the target nothing is done about the delay, nor 4 ms and a block above.
    private static let tolerance: Int64 = 96
    /// How far above the target a held stream may fall behind.
    private static let longestHold: Int64 = 200_000_000
    private static let longestExcess: Int64 = 300_000_000
    /// A leap of the timestamps by more is another recording, not a pause.
    private static let longestGap = Int64(5 * AudioFormat.sampleRate)
    private static let latePacketsToYield = 5
}
