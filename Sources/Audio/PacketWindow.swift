internal import Wire

/// The packets that wait for their turn, by sequence number: reordering is where they stand.
///
/// Fixed slots, nothing allocated after `init`. Remembers of the last 64 whether they were played or given up, so that
/// whatever comes again is known for what it is.
struct PacketWindow: Sendable {
    /// A packet, or a copy of it that came with a later one (RFC 2198).
    struct Entry: Sendable {
        let sequence: Int64
        let timestamp: Int64
        let octetCount: Int
        let packet: OpusPacket
        let arrival: Instant
        /// The packet itself takes the place of its copy if it comes in time.
        let isCopy: Bool
    }

    /// What is known of a sequence number.
    enum Standing: Equatable, Sendable {
        /// Nothing.
        case unknown
        /// It waits for its turn, or was played.
        case known
        /// A copy of it waits for its turn.
        case copyHeld
        /// A copy of it was played, or came too late.
        case copyPassed
        /// Its turn came and it had not.
        case missing
    }

    /// What became of packets whose turn is over unplayed.
    struct Passed: Equatable, Sendable {
        var lost = 0
        var discarded = 0
    }

    private enum State: Sendable { case empty, held, consumed, missing }

    private struct Slot: Sendable {
        var state: State = .empty
        var entry = Entry.none
    }

    private(set) var storage: [UInt8]
    private var slots: [Slot]
    private(set) var heldCount = 0
    /// -1 before the first packet.
    private(set) var highestSequence: Int64 = -1
    /// The packet that is due.
    private(set) var nextSequence: Int64 = 0

    init() {
        self.slots = [Slot](repeating: Slot(), count: Self.slotCount)
        self.storage = [UInt8](repeating: 0, count: Self.slotCount * AudioFormat.maximumPayloadOctets)
    }

    /// Forgets all packets.
    mutating func restart() {
        for index in self.slots.indices { self.slots[index] = Slot() }
        self.heldCount = 0
        self.highestSequence = -1
    }

    subscript(slot index: Int) -> Entry { self.slots[index].entry }

    /// Where the payload of a slot lies in `storage`.
    func payloadRange(slot: Int) -> Range<Int> {
        let start = slot * AudioFormat.maximumPayloadOctets
        return start..<start + self.slots[slot].entry.octetCount
    }

    func standing(of sequence: Int64) -> Standing {
        let slot = self.slots[Self.index(of: sequence)]
        guard slot.entry.sequence == sequence else { return .unknown }
        switch slot.state {
        case .empty: return .unknown
        case .held: return slot.entry.isCopy ? .copyHeld : .known
        case .consumed: return slot.entry.isCopy ? .copyPassed : .known
        case .missing: return .missing
        }
    }

    /// Whether a packet has a place: at or after the one that is due, and not too far.
    func covers(_ sequence: Int64) -> Bool {
        sequence >= self.nextSequence && sequence - self.nextSequence < Int64(Self.slotCount)
    }

    /// The turn begins at `sequence`: nothing was played yet.
    mutating func open(at sequence: Int64) { self.nextSequence = sequence }

    /// Takes a packet, or a copy, that the window covers and does not have.
    mutating func hold(_ entry: Entry, payload: Span<UInt8>) {
        let index = Self.index(of: entry.sequence)
        if self.standing(of: entry.sequence) != .copyHeld { self.heldCount += 1 }
        if !entry.isCopy { self.highestSequence = max(self.highestSequence, entry.sequence) }
        let start = index * AudioFormat.maximumPayloadOctets
        self.storage.withUnsafeMutableBufferPointer { storage in
            payload.withUnsafeBufferPointer { payload in
                _ = UnsafeMutableBufferPointer(rebasing: storage[start..<start + payload.count])
                    .update(fromContentsOf: payload)
            }
        }
        self.slots[index] = Slot(state: .held, entry: entry)
    }

    /// A missing packet, or a copy of it, came after its turn.
    mutating func acceptLate(_ sequence: Int64, isCopy: Bool) {
        let index = Self.index(of: sequence)
        self.slots[index] = Slot(state: .consumed, entry: .mark(sequence, isCopy: isCopy))
    }

    /// The slot of the earliest packet held, at or after the one that is due.
    func head() -> Int? {
        guard self.heldCount > 0 else { return nil }
        for step in 0..<Int64(Self.slotCount) {
            let sequence = self.nextSequence + step
            let index = Self.index(of: sequence)
            if self.slots[index].state == .held, self.slots[index].entry.sequence == sequence { return index }
        }
        return nil
    }

    /// Its turn is over; the next one is due.
    mutating func consume(slot index: Int) {
        self.slots[index].state = .consumed
        self.heldCount -= 1
        self.nextSequence = self.slots[index].entry.sequence + 1
    }

    /// Gives up the packets before `sequence`.
    mutating func advance(to sequence: Int64) -> Passed {
        var passed = Passed()
        while self.nextSequence < sequence {
            let index = Self.index(of: self.nextSequence)
            if self.slots[index].state == .held, self.slots[index].entry.sequence == self.nextSequence {
                passed.discarded += 1
                self.consume(slot: index)
            } else {
                self.slots[index] = Slot(state: .missing, entry: .mark(self.nextSequence))
                passed.lost += 1
                self.nextSequence += 1
            }
        }
        return passed
    }

    private static func index(of sequence: Int64) -> Int { Int(sequence % Int64(Self.slotCount)) }

    /// 1.28 s of 20 ms packets.
    static let slotCount = 64
}

extension PacketWindow.Entry {
    fileprivate static let none = Self.mark(-1)

    /// Only the number of a packet that is not there.
    fileprivate static func mark(_ sequence: Int64, isCopy: Bool = false) -> Self {
        Self(sequence: sequence, timestamp: 0, octetCount: 0, packet: .none, arrival: .zero, isCopy: isCopy)
    }
}

extension OpusPacket {
    /// For slots that hold nothing.
    fileprivate static let none = OpusPacket(sampleCount: 0, carriesRecovery: false)

    private init(sampleCount: Int, carriesRecovery: Bool) {
        self.sampleCount = sampleCount
        self.carriesRecovery = carriesRecovery
    }
}
