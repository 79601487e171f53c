internal import ICE
internal import Wire

/// When a path that fell silent is checked, when it is restarted, and when the call is given up.
///
/// Sound never stops in a call: when it does, something is wrong, long before ICE's own checks would notice. So after
/// ``silenceLimit`` the path is checked, and if it proves dead a restart follows at once, then again and again with
/// growing gaps. A restart needs a sealed channel; while there is none it waits for the next one.
struct PathWatch: Sendable {
    enum Action: Equatable, Sendable {
        /// Ask peer, relays and broker for a sign of life.
        case check
        /// Have ICE restarted; tell ``restarted(now:)``.
        case restart
        case giveUp
    }

    private let outageLimit: Duration
    /// Since when silence means something: the voice is open.
    private var openedAt: Instant?
    private var lastCheck: Instant?
    private var isSecured = false
    private var outageSince: Instant?
    private var nextRestart: Instant?
    private var lastRestart: Instant?
    private var gap = Self.firstGap
    private var waitsForChannel = false
    private var isConnected = false
    /// This end left the path of before: the peer does not know, whatever ICE finds meanwhile.
    private var owesRestart = false

    init(outageLimit: Duration) {
        self.outageLimit = outageLimit
    }

    /// DTLS stands: from here on a broken path is an outage.
    mutating func secured() {
        self.isSecured = true
    }

    /// Sound flows from here on.
    mutating func voiceOpened(now: Instant) {
        self.openedAt = self.openedAt ?? now
    }

    /// The peer is another endpoint now: its path and its voice come as if for the first time.
    mutating func replaced() {
        self = PathWatch(outageLimit: self.outageLimit)
    }

    mutating func pathStateChanged(_ state: ICEAgent.State, now: Instant) {
        self.isConnected = state == .connected
        switch state {
        case .connected: if !self.owesRestart { self.outageIsOver() }
        // Who checks again once DTLS stood has lost the pair in use: its socket or its allocation is gone.
        case .disconnected, .failed, .checking:
            guard self.isSecured, self.outageSince == nil else { return }
            self.outageSince = now
            self.nextRestart = max(now, self.lastRestart.map { $0 + Self.firstGap } ?? now)
        case .new: break
        }
    }

    /// The address that the path stood on is gone. Checks from the new one may succeed before the peer has noticed that
    /// it sends to nobody: so a restart is due in any case.
    mutating func pathLeft(now: Instant) {
        guard self.isSecured else { return }
        self.owesRestart = true
        self.outageSince = self.outageSince ?? now
        self.nextRestart = now
    }

    /// A sealed channel stands anew: what was said on the one before may not have arrived.
    mutating func channelEstablished(now: Instant) {
        self.waitsForChannel = false
        if self.outageSince != nil { self.nextRestart = now }
    }

    /// An offer went out or came in, or one was asked for.
    mutating func restarted(now: Instant) {
        self.lastRestart = now
        self.owesRestart = false
        if self.isConnected { return self.outageIsOver() }
        guard self.outageSince != nil else { return }
        self.nextRestart = now + self.gap
        self.gap = min(self.gap * 3 / 2, Self.longestGap)
    }

    /// - Parameters:
    ///   - lastHeard: when the last packet of the peer's voice came.
    ///   - canRestart: whether a sealed channel could carry the wish.
    mutating func handleTimeout(now: Instant, lastHeard: Instant?, canRestart: Bool) -> Action? {
        if let since = self.outageSince {
            if now >= since + self.outageLimit {
                self.outageSince = nil
                return .giveUp
            }
            guard let due = self.nextRestart, due <= now else { return nil }
            self.waitsForChannel = !canRestart
            return canRestart ? .restart : nil
        }
        guard let due = self.checkDue(lastHeard: lastHeard), due <= now else { return nil }
        self.lastCheck = now
        return .check
    }

    func deadline(lastHeard: Instant?) -> Instant {
        guard let since = self.outageSince else { return self.checkDue(lastHeard: lastHeard) ?? .distantFuture }
        let restart = self.waitsForChannel ? nil : self.nextRestart
        return min(since + self.outageLimit, restart ?? .distantFuture)
    }

    private mutating func outageIsOver() {
        self.outageSince = nil
        self.nextRestart = nil
        self.gap = Self.firstGap
    }

    private func checkDue(lastHeard: Instant?) -> Instant? {
        guard let openedAt = self.openedAt else { return nil }
        return max(openedAt, lastHeard ?? openedAt, self.lastCheck ?? openedAt) + Self.silenceLimit
    }

    /// Sixty packets missed.
    private static let silenceLimit: Duration = .milliseconds(1200)
    private static let firstGap: Duration = .seconds(3)
    private static let longestGap: Duration = .seconds(10)
}
