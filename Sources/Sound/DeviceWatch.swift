internal import Wire

/// Which device of a side to try, and when: the chosen one, the default in its place, and back.
///
/// A shell opens what ``next(now:)`` names on a thread of its own and tells how it went. At most one attempt is
/// under way; a working device goes on while a better one is tried.
struct DeviceWatch: Sendable {
    /// One opening and what becomes of it. Numbers only rise.
    struct Attempt: Equatable, Sendable {
        let number: Int
        let device: String
    }

    private(set) var chosen: String
    /// The device that works.
    private(set) var current: Attempt?
    /// What is being opened.
    private(set) var candidate: Attempt?
    private var candidateSince = Instant.zero
    private var lastNumber = 0
    private var due: Instant
    /// Whether the chosen device has failed since it last worked: then the default's turn comes next.
    private var triesDefault = false
    /// What the person was last told; `nil` before anything.
    private var told: Told?

    private enum Told: Equatable { case works(String), lost(String, SoundLoss) }

    init(chosen: String, now: Instant) {
        self.chosen = chosen
        self.due = now
    }

    /// What to open now, if anything.
    mutating func next(now: Instant) -> Attempt? {
        guard self.candidate == nil, self.due <= now else { return nil }
        // A working device is left alone, unless it only stands in for the chosen one.
        if let current, current.device == self.chosen { return nil }
        let device = self.triesDefault && self.current == nil ? Self.defaultDevice : self.chosen
        self.lastNumber += 1
        let attempt = Attempt(number: self.lastNumber, device: device)
        self.candidate = attempt
        self.candidateSince = now
        return attempt
    }

    /// `attempt` has sound flowing.
    mutating func opened(_ attempt: Attempt, now: Instant) -> SoundEvent.Kind? {
        guard attempt == self.candidate else { return nil }
        self.candidate = nil
        self.current = attempt
        self.triesDefault = false
        self.due = now + Self.probePause
        defer { self.told = .works(attempt.device) }
        switch self.told {
        case .works(attempt.device): return nil
        case .lost: return .returned(attempt.device)
        case .works, nil: return .opened(attempt.device)
        }
    }

    /// `attempt` could not be opened, or broke.
    mutating func failed(_ attempt: Attempt, _ loss: SoundLoss, now: Instant) -> SoundEvent.Kind? {
        if attempt == self.candidate {
            self.candidate = nil
            let pause =
                attempt.device == self.chosen && self.current == nil && !self.isDefault ? .zero : Self.retryPause
            self.due = now + (self.current == nil ? pause : Self.probePause)
            self.triesDefault = attempt.device == self.chosen && !self.isDefault
            guard self.current == nil, attempt.device == self.chosen else { return nil }
        } else if attempt == self.current {
            self.current = nil
            self.triesDefault = false
            self.due = now
        } else {
            return nil
        }
        let news = Told.lost(attempt.device, loss)
        guard self.told != news else { return nil }
        // One loss, one message: that the lost device is then missing at the next try is no news.
        if case .lost(attempt.device, .unplugged) = self.told, loss != .busy, loss != .denied { return nil }
        self.told = news
        return .lost(attempt.device, loss)
    }

    /// The device works no longer and does not say so: another attempt may take its place.
    mutating func stalled(now: Instant) -> SoundEvent.Kind? {
        guard let current else { return nil }
        return self.failed(current, .unresponsive, now: now)
    }

    /// Says once that an opening takes too long: a sound server that does not answer keeps its callers.
    mutating func advance(now: Instant) -> SoundEvent.Kind? {
        guard self.current == nil, let candidate, now - self.candidateSince >= Self.openingPatience else { return nil }
        if case .lost = self.told { return nil }
        self.told = .lost(candidate.device, .unresponsive)
        return .lost(candidate.device, .unresponsive)
    }

    /// Another device is wanted. The current one and any attempt are forgotten.
    mutating func choose(_ device: String, now: Instant) {
        self.chosen = device
        self.current = nil
        self.candidate = nil
        self.triesDefault = false
        self.due = now
    }

    /// Whether the chosen device works: then there is nothing to try.
    var isSettled: Bool { self.current?.device == self.chosen && self.candidate == nil }

    private var isDefault: Bool { self.chosen == Self.defaultDevice }

    /// What ALSA calls the default device.
    static let defaultDevice = "default"
    /// Ours: with the second it takes to open a device, sound is back within 2 s of its return.
    static let retryPause: Duration = .milliseconds(400)
    /// Ours: how often the chosen device is looked for while the default stands in.
    static let probePause: Duration = .milliseconds(1_000)
    /// Ours: Bluetooth takes a second to open, nothing takes three.
    static let openingPatience: Duration = .seconds(3)
    /// Ours: a working device that moves nothing for so long is lost.
    static let patience: Duration = .seconds(1)
}

extension SoundEvent {
    /// An event before its side is known.
    enum Kind: Equatable, Sendable {
        case opened(String), lost(String, SoundLoss), returned(String)

        func of(_ side: SoundSide) -> SoundEvent {
            switch self {
            case .opened(let device): .opened(side, device: device)
            case .lost(let device, let loss): .lost(side, device: device, loss)
            case .returned(let device): .returned(side, device: device)
            }
        }
    }
}
