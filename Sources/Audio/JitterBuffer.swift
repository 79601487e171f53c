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
    }

    /// How the sound about to be played should be stretched.
    enum Pace: Equatable, Sendable {
        case keep
        /// Play slower, by at most `samples`.
        case lengthen(samples: Int)
        /// Play faster: one more packet may be decoded for it if `fetching`.
        case shorten(samples: Int, fetching: Bool, isUrgent: Bool)
    }

    private enum SlotState: Sendable { case empty, held, consumed, missing }

    private struct Slot: Sendable {
        var state: SlotState = .empty
        var sequence: Int64 = -1
        var timestamp: Int64 = 0
        var octetCount = 0
        var packet = OpusPacket.none
        var arrival = Instant.zero
        /// A copy that came with a later packet (RFC 2198); the packet itself takes its place if it comes in time.
        var isCopy = false
    }

    private(set) var statistics = ReceiverStatistics()
    private(set) var storage: [UInt8]
    private var slots: [Slot]
    private var tracker = DelayTracker()

    private var isPlaying = false
    private var heldCount = 0
    private var highestSequence: Int64 = -1
    /// The packet that is due.
    private var nextSequence: Int64 = 0
    /// The timestamp that is due.
    private var position: Int64 = 0
    /// Samples by which `position` moved on without a packet since the last one.
    private var blindSamples: Int64 = 0
    /// Timestamp the playout clock has reached: 960 more at every pull.
    private var pulledSamples: Int64 = 0
    /// `pulledSamples` minus the timestamp of the packet last decoded.
    private var offset: Int64 = 0
    private var decodedThisPull = false
    private var leftover = 0
    private var packetSamples = AudioFormat.blockSamples
    /// Lower envelope of slack minus offset: the two clocks against each other.
    private var clockDeviation: Double?
    private var consecutiveLate = 0
    /// Packets since one was missing when its turn came, and those it takes for a loss to be forgotten.
    private var packetsSinceLoss = Self.lossMemory
    /// Those that have not come since, of the losses not yet forgotten.
    private var recentLosses = 0
    /// How many packets after its own the sound of a packet comes again: 0, or 1 with in-band error correction, or
    /// the farthest copy lately.
    private var copyDistance = 0
    private var packetsSinceFarCopy = 0

    init() {
        self.slots = [Slot](repeating: Slot(), count: Self.slotCount)
        self.storage = [UInt8](repeating: 0, count: Self.slotCount * AudioFormat.maximumPayloadOctets)
    }

    /// Forgets all packets: another source starts. The statistics go on.
    mutating func restart() {
        for index in self.slots.indices { self.slots[index] = Slot() }
        self.tracker.restart()
        self.isPlaying = false
        self.heldCount = 0
        self.highestSequence = -1
        self.blindSamples = 0
        self.clockDeviation = nil
        self.consecutiveLate = 0
        self.leftover = 0
        self.packetsSinceLoss = Self.lossMemory
        self.recentLosses = 0
        self.copyDistance = 0
        self.statistics.sourceChanges += 1
    }

    /// Where the payload of a slot lies in `storage`.
    func payloadRange(slot: Int) -> Range<Int> {
        let start = slot * AudioFormat.maximumPayloadOctets
        return start..<start + self.slots[slot].octetCount
    }

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
        let index = Int(sequence % Int64(Self.slotCount))
        let isKnown = self.slots[index].sequence == sequence
        let isAfterItsCopy = isKnown && self.slots[index].isCopy
        if isKnown, !isAfterItsCopy, self.slots[index].state == .held || self.slots[index].state == .consumed {
            self.statistics.duplicates += 1
            return
        }
        self.tracker.observe(
            transit: arrival.nanoseconds &- AudioFormat.nanoseconds(samples: timestamp), arrival: arrival)
        self.statistics.jitterMilliseconds = self.tracker.jitter / 1e6

        if self.highestSequence < 0 { self.nextSequence = sequence }
        if sequence < self.nextSequence {
            let opensEarlier = !self.isPlaying && self.highestSequence - sequence < Int64(Self.slotCount)
            guard opensEarlier else {
                self.takeLate(index: index, wasMissing: isKnown)
                return
            }
            self.nextSequence = sequence
        }
        if sequence - self.nextSequence >= Int64(Self.slotCount) {
            self.advance(to: sequence - Int64(Self.slotCount) + 1)
        }
        self.highestSequence = max(self.highestSequence, sequence)
        if !(isAfterItsCopy && self.slots[index].state == .held) { self.heldCount += 1 }
        self.hold(
            index, payload: payload,
            Slot(
                state: .held, sequence: sequence, timestamp: timestamp, octetCount: payload.count, packet: packet,
                arrival: arrival))
    }

    /// Takes what a later packet carries of an earlier one, if that is neither there nor past.
    /// - Parameter distance: By how many packets it is earlier.
    mutating func insertCopy(
        sequence: Int64, timestamp: Int64, distance: Int, payload: Span<UInt8>, packet: OpusPacket, arrival: Instant
    ) {
        if distance >= self.copyDistance || self.packetsSinceFarCopy > Self.farCopyMemory {
            self.copyDistance = min(distance, Self.longestCopyDistance)
            self.packetsSinceFarCopy = 0
        } else {
            self.packetsSinceFarCopy += 1
        }
        guard payload.count <= AudioFormat.maximumPayloadOctets, self.highestSequence >= 0,
            sequence >= self.nextSequence, sequence - self.nextSequence < Int64(Self.slotCount)
        else { return }
        let index = Int(sequence % Int64(Self.slotCount))
        guard self.slots[index].sequence != sequence else { return }
        self.heldCount += 1
        self.hold(
            index, payload: payload,
            Slot(
                state: .held, sequence: sequence, timestamp: timestamp, octetCount: payload.count, packet: packet,
                arrival: arrival, isCopy: true))
    }

    private mutating func hold(_ index: Int, payload: Span<UInt8>, _ slot: Slot) {
        let start = index * AudioFormat.maximumPayloadOctets
        self.storage.withUnsafeMutableBufferPointer { storage in
            payload.withUnsafeBufferPointer { payload in
                _ = UnsafeMutableBufferPointer(rebasing: storage[start..<start + payload.count])
                    .update(fromContentsOf: payload)
            }
        }
        self.slots[index] = slot
    }

    /// Counts a payload that is nothing Opus can decode.
    mutating func countUnplayable() {
        self.statistics.received += 1
        self.statistics.discarded += 1
    }

    private mutating func takeLate(index: Int, wasMissing: Bool) {
        self.statistics.late += 1
        if wasMissing {
            self.statistics.lost -= 1
            self.slots[index].state = .consumed
            self.slots[index].isCopy = false
            // It was late, not lost: waiting for copies would not have helped.
            self.recentLosses = max(0, self.recentLosses - 1)
            if self.recentLosses == 0 { self.packetsSinceLoss = Self.lossMemory }
        }
    }

    // MARK: Playout

    /// Begins one pull of 960 samples.
    mutating func beginPull() {
        self.pulledSamples &+= Int64(AudioFormat.blockSamples)
        self.decodedThisPull = false
    }

    /// What to decode now.
    /// - Parameter queuedSamples: Sound already decoded and not yet played.
    mutating func next(queuedSamples: Int, now: Instant) -> Step {
        if !self.isPlaying, !self.begin(now: now) { return .idle }
        self.discardLate()
        self.shedExcess(now: now)
        guard let head = self.head() else { return self.underrun(queuedSamples: queuedSamples, now: now) }
        let timestamp = self.slots[head].timestamp
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
        guard let head = self.head() else { return false }
        return self.slots[head].sequence == self.nextSequence && self.slots[head].timestamp == self.position
    }

    /// How to stretch what is about to be played, after `next` has filled the queue.
    mutating func pace() -> Pace {
        guard self.isPlaying, self.decodedThisPull, let deviation = self.clockDeviation else { return .keep }
        let slack = Int64(deviation) + Self.bounded(AudioFormat.nanoseconds(samples: self.offset))
        let target = self.target
        self.statistics.targetMilliseconds = Double(target) / 1e6
        if slack < target - Self.lengthenMargin {
            return .lengthen(samples: AudioFormat.blockSamples)
        }
        // A packet less can be kept waiting only when all of its duration is to spare.
        let quantum = AudioFormat.nanoseconds(samples: Int64(min(self.packetSamples, AudioFormat.blockSamples)))
        let excess = slack - target - quantum
        if excess > Self.shortenMargin, self.leftover < AudioFormat.blockSamples / 2 {
            return .shorten(
                samples: Self.longestShortening, fetching: true, isUrgent: excess > Self.urgentExcess)
        }
        if self.leftover >= TimeScaling.shortestLag {
            return .shorten(samples: self.leftover, fetching: false, isUrgent: false)
        }
        return .keep
    }

    mutating func count(concealed: Int = 0, inserted: Int = 0, removed: Int = 0) {
        self.statistics.concealedSamples += concealed
        self.statistics.insertedSamples += inserted
        self.statistics.removedSamples += removed
    }

    // MARK: Private parts

    /// How much slack a packet should have when it is decoded, in nanoseconds.
    private var target: Int64 {
        var target = self.tracker.quantile(Self.quantile) + Self.margin
        if self.packetsSinceLoss < Self.lossMemory {
            // What is lost comes again with a successor.
            target += AudioFormat.nanoseconds(samples: Int64(self.packetSamples * self.copyDistance))
        }
        return min(target, Self.longestTarget)
    }

    private func slack(of timestamp: Int64, now: Instant) -> Int64 {
        Self.bounded(now.nanoseconds &- AudioFormat.nanoseconds(samples: timestamp) &- self.tracker.baseline)
    }

    /// Timestamps are the peer's: what it makes of them stays far from the ends of the range.
    private static func bounded(_ nanoseconds: Int64) -> Int64 {
        min(max(nanoseconds, -Self.longestTime), Self.longestTime)
    }

    private mutating func begin(now: Instant) -> Bool {
        guard let head = self.head() else { return false }
        let slot = self.slots[head]
        // Short packets: the last one that the first block needs counts.
        let needed = slot.timestamp &+ Int64(max(0, AudioFormat.blockSamples - slot.packet.sampleCount))
        guard self.slack(of: needed, now: now) >= Self.startingSlack else { return false }
        self.isPlaying = true
        self.nextSequence = slot.sequence
        self.position = slot.timestamp
        self.pulledSamples = slot.timestamp
        self.blindSamples = 0
        return true
    }

    /// The earliest packet held, at or after the one that is due.
    private func head() -> Int? {
        guard self.heldCount > 0 else { return nil }
        for step in 0..<Int64(Self.slotCount) {
            let sequence = self.nextSequence + step
            let index = Int(sequence % Int64(Self.slotCount))
            if self.slots[index].state == .held, self.slots[index].sequence == sequence { return index }
        }
        return nil
    }

    private mutating func play(_ index: Int, queuedSamples: Int, now: Instant) -> Step {
        let slot = self.slots[index]
        self.advance(to: slot.sequence)
        self.consume(index)
        if slot.isCopy {
            self.statistics.lost += 1
            self.statistics.recoveredRED += 1
            self.noteLoss()
        } else if self.packetsSinceLoss < Self.lossMemory {
            self.packetsSinceLoss += 1
        } else {
            self.recentLosses = 0
        }
        if slot.packet.carriesRecovery { self.copyDistance = max(self.copyDistance, 1) }
        self.packetSamples = slot.packet.sampleCount
        self.position = slot.timestamp &+ Int64(slot.packet.sampleCount)
        self.blindSamples = 0
        self.consecutiveLate = 0
        self.observeClocks(timestamp: slot.timestamp, now: now)
        self.leftover = min(queuedSamples, AudioFormat.blockSamples)
        self.decodedThisPull = true
        let waited = (now - slot.arrival).wholeNanoseconds &+ AudioFormat.nanoseconds(samples: Int64(queuedSamples))
        self.statistics.delay.record(milliseconds: Int(clamping: waited / 1_000_000))
        return .play(slot: index)
    }

    private mutating func observeClocks(timestamp: Int64, now: Instant) {
        self.offset = self.pulledSamples &- timestamp
        let elapsed = Self.bounded(AudioFormat.nanoseconds(samples: self.offset))
        let measured = Double(self.slack(of: timestamp, now: now) - elapsed)
        guard let known = self.clockDeviation, abs(measured - known) < Self.clockLeap else {
            self.clockDeviation = measured
            return
        }
        // Pulls that come late by accident give no time; those that come early take it.
        self.clockDeviation = known + (measured - known) * (measured < known ? 0.25 : 1.0 / 64)
    }

    /// Nothing has come: hold the stream, so that a late packet still finds its place, as long as
    /// the delay may grow; then let time pass.
    private mutating func underrun(queuedSamples: Int, now: Instant) -> Step {
        let count = Self.roundedUp(max(AudioFormat.blockSamples - queuedSamples, 1))
        if self.slack(of: self.position, now: now) - self.target >= Self.longestHold {
            self.position &+= Int64(count)
            self.blindSamples &+= Int64(count)
        }
        return .conceal(sampleCount: count)
    }

    /// Crosses what is missing before `head`; `nil` once `head` itself is due.
    private mutating func bridge(gap: Int64, head: Int, now: Instant) -> Step? {
        let slot = self.slots[head]
        let isRecoverable = slot.sequence > self.nextSequence && slot.packet.carriesRecovery
        var recoverable = isRecoverable ? min(gap, Int64(slot.packet.sampleCount)) : 0
        if recoverable % Int64(Self.codecStep) != 0 { recoverable = 0 }
        let fillable = gap - recoverable

        // What concealment has already stood for while the stream was held is not filled again.
        let block = Int64(AudioFormat.blockSamples)
        let excess = AudioFormat.samples(nanoseconds: self.slack(of: self.position, now: now) - self.target)
        let skipped = min(fillable, max(0, (excess + block / 2) / block * block))
        let remaining = fillable - skipped
        self.position &+= skipped
        if remaining > 0 {
            let advanced = min(remaining, block)
            self.position &+= advanced
            self.blindSamples &+= advanced
            return .conceal(sampleCount: Self.roundedUp(Int(advanced)))
        }
        guard recoverable > 0 else { return nil }
        self.advance(to: slot.sequence)
        self.position = slot.timestamp
        self.statistics.recoveredFEC += 1
        return .recover(slot: head, sampleCount: Int(recoverable))
    }

    /// Drops packets whose turn passed while nothing was there. Several in a row mean that the path
    /// has become longer: then their turn is now.
    private mutating func discardLate() {
        while self.blindSamples > 0, let head = self.head() {
            let slot = self.slots[head]
            let behind = self.position &- slot.timestamp
            guard behind >= Int64(slot.packet.sampleCount), behind <= self.blindSamples else { return }
            self.consecutiveLate += 1
            if self.consecutiveLate >= Self.latePacketsToYield {
                self.leap(to: slot.timestamp, isDiscontinuity: false)
                return
            }
            self.advance(to: slot.sequence)
            self.consume(head)
            self.statistics.late += 1
        }
    }

    /// After a stall everything comes at once: what is far too old is dropped, not sped up.
    private mutating func shedExcess(now: Instant) {
        while self.heldCount > 1, let head = self.head() {
            let slot = self.slots[head]
            guard self.slack(of: slot.timestamp, now: now) - self.target > Self.longestExcess else { return }
            self.advance(to: slot.sequence)
            self.consume(head)
            self.statistics.discarded += 1
            if let next = self.head() { self.position = self.slots[next].timestamp }
        }
    }

    private mutating func leap(to timestamp: Int64, isDiscontinuity: Bool) {
        self.position = timestamp
        self.blindSamples = 0
        self.consecutiveLate = 0
        if isDiscontinuity {
            self.tracker.restart()
            self.clockDeviation = nil
        }
    }

    private mutating func consume(_ index: Int) {
        self.slots[index].state = .consumed
        self.heldCount -= 1
        self.nextSequence = self.slots[index].sequence + 1
    }

    /// Gives up the packets before `sequence`.
    private mutating func advance(to sequence: Int64) {
        while self.nextSequence < sequence {
            let index = Int(self.nextSequence % Int64(Self.slotCount))
            if self.slots[index].state == .held, self.slots[index].sequence == self.nextSequence {
                self.statistics.discarded += 1
                self.consume(index)
            } else {
                self.slots[index] = Slot(state: .missing, sequence: self.nextSequence)
                self.statistics.lost += 1
                self.noteLoss()
                self.nextSequence += 1
            }
        }
    }

    private mutating func noteLoss() {
        self.recentLosses += 1
        self.packetsSinceLoss = 0
    }

    private static func roundedUp(_ samples: Int) -> Int {
        (samples + Self.codecStep - 1) / Self.codecStep * Self.codecStep
    }

    // MARK: Constants

    /// 11 days: no difference of times that means anything is longer.
    private static let longestTime: Int64 = 1_000_000_000_000_000
    /// Opus decodes and conceals in steps of 2.5 ms (RFC 6716 §2).
    private static let codecStep = 120
    /// 1.28 s of 20 ms packets.
    private static let slotCount = 64
    /// Of the arrivals, those that must not come late.
    private static let quantile = 0.98
    private static let margin: Int64 = 2_000_000
    private static let longestTarget: Int64 = 400_000_000
    /// The first packet waits for at least that, so that the second is not needed the moment it is due.
    private static let startingSlack: Int64 = 5_000_000
    private static let lengthenMargin: Int64 = 2_000_000
    private static let shortenMargin: Int64 = 4_000_000
    private static let urgentExcess: Int64 = 60_000_000
    /// Samples removed at once: 15 ms, a pitch period of the deepest voice.
    private static let longestShortening = 720
    /// How far above the target a held stream may fall behind.
    private static let longestHold: Int64 = 200_000_000
    private static let longestExcess: Int64 = 300_000_000
    /// A leap of the timestamps by more is another recording, not a pause.
    private static let longestGap = Int64(5 * AudioFormat.sampleRate)
    private static let clockLeap = 200_000_000.0
    private static let latePacketsToYield = 5
    /// 10 s at 20 ms: after a loss, playout waits for copies so long.
    private static let lossMemory = 500
    /// A copy from farther back was the last of them if no other comes in 2 s.
    private static let farCopyMemory = 300
    private static let longestCopyDistance = 4
}

extension OpusPacket {
    /// For slots that hold nothing.
    static let none = OpusPacket(sampleCount: 0, carriesRecovery: false)

    private init(sampleCount: Int, carriesRecovery: Bool) {
        self.sampleCount = sampleCount
        self.carriesRecovery = carriesRecovery
    }
}
