package import Wire

/// What the sender does about its path, decided from the peer's reports alone (RFC 3550 §6.4).
///
/// The sizes of packets depend on the step and on nothing else, so they tell an observer what he can see himself: how
/// the path fares. Two things are told apart. *Loss* without delay is met with redundancy; *congestion*, which shows as
/// round trips that grow or as loss that follows a larger step, with less of everything at once, and a slow way back.
package struct SendAdaptation: Sendable {
    /// One way to send.
    package struct Step: Equatable, Sendable {
        /// Of Opus, without redundancy.
        package var bitsPerSecond: Int
        /// What in-band error correction prepares for, per cent; 0 for none. Does not change sizes.
        package var expectedLossPercentage: Int
        /// Copies of earlier packets in each packet (RFC 2198).
        package var copies: Int
        /// Whether they are far back, against losses that come in runs. Does not change sizes.
        package var copiesAreFar = false
        /// What each packet holds of sound.
        package var packetDuration: Duration

        package init(
            bitsPerSecond: Int, expectedLossPercentage: Int, copies: Int, packetDuration: Duration = .milliseconds(20)
        ) {
            self.bitsPerSecond = bitsPerSecond
            self.expectedLossPercentage = expectedLossPercentage
            self.copies = copies
            self.packetDuration = packetDuration
        }
    }

    /// Which durations of packets the peer takes (RFC 8866 §6.4).
    package struct PacketDurations: Equatable, Sendable {
        /// 20 ms, or 10 where the peer asks for that.
        package var usual: Duration
        /// On paths on which headers count: 40 ms, unless the peer takes no such packets.
        package var thrifty: Duration

        /// - Parameters:
        ///   - wanted: The peer's `ptime` in milliseconds.
        ///   - longest: Its `maxptime`.
        package init(wanted: Int? = nil, longest: Int? = nil) {
            self.usual = .milliseconds(min(wanted ?? 20, longest ?? 20) < 20 ? 10 : 20)
            self.thrifty = (longest ?? 40) < 40 ? self.usual : .milliseconds(40)
        }
    }

    package private(set) var step: Step

    private let bitsPerSecond: Int
    private let hasRedundancy: Bool
    private let durations: PacketDurations
    private let isSteady: Bool
    /// The share of packets lost lately, 0 … 1: rises at once, falls slowly.
    private var loss = Self.initialLoss
    /// Shortest round trips of this and of the former period: the path without queues.
    private var shortest: Duration?
    private var shortestBefore: Duration?
    private var periodBegan: Instant
    /// 0 for the smallest step … ``fullLevel`` for all that the loss asks for.
    private var level = Self.fullLevel
    private var holdsUntil: Instant
    private var hold = Self.shortestHold
    /// What the loss was before the last larger step.
    private var lossBeforeGrowth: Double?
    private var grewAt: Instant?
    private var worseReports = 0
    private var burstiness = LossBurstiness()

    /// - Parameters:
    ///   - bitsPerSecond: Of Opus on a good path to a peer that knows no redundancy.
    ///   - hasRedundancy: Whether the peer takes RED.
    ///   - isSteady: Whatever is reported, error correction is sent and no redundancy: for measurements.
    package init(
        bitsPerSecond: Int, hasRedundancy: Bool, durations: PacketDurations = PacketDurations(),
        isSteady: Bool = false, now: Instant
    ) {
        self.bitsPerSecond = bitsPerSecond
        self.hasRedundancy = hasRedundancy
        self.durations = durations
        self.isSteady = isSteady
        self.periodBegan = now
        self.holdsUntil = now
        self.step = Step(bitsPerSecond: bitsPerSecond, expectedLossPercentage: Self.errorCorrection, copies: 0)
        if !isSteady { self.step = self.wanted() }
    }

    /// Takes what a report says.
    /// - Parameters:
    ///   - fractionLost: Since the report before, 0 … 1.
    ///   - roundTripTime: If the report allowed to measure it.
    package mutating func receive(fractionLost: Double, roundTripTime: Duration?, now: Instant) {
        guard !self.isSteady else { return }
        let isQueueing = self.observe(roundTripTime, now: now)
        // More was sent, and more was lost: the path has no room, and drops rather than queues.
        let isWorse =
            self.lossBeforeGrowth.map { fractionLost > 2 * $0 + Self.notableRise } ?? false
            && self.grewAt.map { now - $0 < Self.blame } ?? false
        // Twice: a report is about a hundred packets, and chance makes much of those.
        self.worseReports = isWorse ? self.worseReports + 1 : 0
        let isBackfiring = self.worseReports >= 2
        self.loss = max(fractionLost, self.loss + (fractionLost - self.loss) * Self.forgetting)
        if isQueueing || isBackfiring {
            self.retreat(now: now)
        } else if self.level < Self.fullLevel, now >= self.holdsUntil {
            self.level += 1
            self.holdsUntil = now + self.hold
        }
        let next = self.wanted()
        if Self.size(next) > Self.size(self.step) {
            self.lossBeforeGrowth = max(fractionLost, self.loss)
            self.grewAt = now
        }
        self.step = next
    }

    /// Takes which packets came, where the peer says so.
    package mutating func receive(_ map: LossMap) {
        guard !self.isSteady else { return }
        self.burstiness.receive(map)
        self.step.copiesAreFar = self.burstiness.isBursty && self.step.copies > 0
    }

    /// No report has come for long: the smallest step, for nobody can say what the path bears.
    package mutating func reportsMissing(now: Instant) {
        guard self.level > 0, !self.isSteady else { return }
        self.retreat(now: now)
        self.step = self.wanted()
    }

    /// - Returns: Whether packets wait somewhere that did not before.
    private mutating func observe(_ roundTripTime: Duration?, now: Instant) -> Bool {
        guard let roundTripTime else { return false }
        if now - self.periodBegan >= Self.period {
            self.periodBegan = now
            self.shortestBefore = self.shortest
            self.shortest = nil
        }
        self.shortest = min(self.shortest ?? roundTripTime, roundTripTime)
        let base = min(self.shortest ?? roundTripTime, self.shortestBefore ?? roundTripTime)
        return roundTripTime - base > Self.notableQueue
    }

    private mutating func retreat(now: Instant) {
        // What failed soon after it was tried is tried later the next time.
        if let grewAt, now - grewAt < Self.blame, self.level > 0 {
            self.hold = min(self.hold * 2, Self.longestHold)
        }
        self.level = 0
        self.lossBeforeGrowth = nil
        self.grewAt = nil
        self.worseReports = 0
        self.holdsUntil = now + self.hold
    }

    private func wanted() -> Step {
        var step = Step(
            bitsPerSecond: self.bitsPerSecond, expectedLossPercentage: 0, copies: 0,
            packetDuration: self.durations.usual)
        if self.level < Self.fullLevel || self.hasRedundancy { step.bitsPerSecond = self.bitsPerSecond * 3 / 4 }
        if self.level == 0 {
            step.bitsPerSecond = self.bitsPerSecond / 2
            step.packetDuration = self.durations.thrifty
        }
        if self.hasRedundancy, self.level >= 2 {
            // What is on the way down stays until the loss is well below.
            let held = self.step.copies
            let copies = Self.copies(for: self.loss)
            let lazy = Self.copies(for: self.loss * 2)
            step.copies = min(copies < held ? min(held, max(copies, lazy)) : copies, self.level - 1)
            step.copiesAreFar = self.burstiness.isBursty && step.copies > 0
        } else if self.loss >= (self.step.expectedLossPercentage > 0 ? Self.negligibleLoss : Self.notableLoss) {
            step.expectedLossPercentage = Self.errorCorrection
        }
        return step
    }

    /// Copies that pay at such a loss: the first always does.
    private static func copies(for loss: Double) -> Int {
        switch loss {
        case ..<0.02: 1
        case ..<0.06: 2
        default: 3
        }
    }

    private static func size(_ step: Step) -> Int { step.bitsPerSecond * (1 + step.copies) }

    /// Smallest, three quarters of the bit rate, then one copy more with each.
    private static let fullLevel = 4
    /// Before anything is known; enough for error correction and not for a second copy.
    private static let initialLoss = 0.015
    /// In-band error correction takes a third of the bits: it starts at one loss and stops at the other.
    private static let notableLoss = 0.01
    private static let negligibleLoss = 0.005
    /// Per cent. Measured best of 0, 5, 10 and 20 wherever anything is lost.
    private static let errorCorrection = 10
    /// Per report: half of a loss is forgotten after five, a quarter of a minute.
    private static let forgetting = 0.13
    /// Beyond what routes vary by, and well below what a talker notices.
    private static let notableQueue: Duration = .milliseconds(100)
    private static let notableRise = 0.1
    private static let period: Duration = .seconds(60)
    /// A step is to blame for what happens so soon after it.
    private static let blame: Duration = .seconds(12)
    private static let shortestHold: Duration = .seconds(10)
    private static let longestHold: Duration = .seconds(160)
}
