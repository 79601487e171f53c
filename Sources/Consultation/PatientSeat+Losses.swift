internal import SecureChannel
internal import Signalling
internal import Wire

/// What is late or broken, and the way back.
extension PatientSeat {
    mutating func handleEpochTimeout(_ epoch: LiveEpoch, now: Instant) {
        if epoch.silenceDeadline <= now || (self.answerDeadline ?? .distantFuture) <= now
            || (self.binding.deadline ?? .distantFuture) <= now
        {
            return self.leaveAndRetry(now: now)
        }
        if epoch.keepAliveAt <= now { self.send(.keepAlive, now: now) }
        if epoch.isSettled(now: now) { self.forgiveFailures() }
    }

    private mutating func forgiveFailures() {
        self.backoff.reset()
        self.failedAttempts = 0
        self.mustResume = false
    }

    var deadline: Instant {
        switch self.connection {
        case .offline(let until): until
        case .opening(let deadline), .joining(_, _, let deadline), .handshaking(_, let deadline): deadline
        case .established(let epoch):
            min(
                epoch.nextDeadline, self.answerDeadline ?? .distantFuture, self.binding.deadline ?? .distantFuture)
        case .doctorAway, .finished: .distantFuture
        }
    }

    mutating func cryptographicLoss(_ error: ChannelError, now: Instant) {
        guard self.resumption != nil else { return self.end(.cryptographicFailure(error)) }
        self.outputs.append(.disconnect)
        self.mustResume = true
        self.retry(now: now)
    }

    /// - Parameter refusal: what the broker said, if it did: the reason to give when this was once too often.
    mutating func leaveAndRetry(refusedWith refusal: ErrorCode? = nil, now: Instant) {
        self.outputs.append(.disconnect)
        self.retry(refusedWith: refusal, now: now)
    }

    mutating func leaveAndRejoin(now: Instant) {
        self.outputs.append(.disconnect)
        self.loseEpoch()
        self.open(now: now)
    }

    mutating func retry(refusedWith refusal: ErrorCode? = nil, now: Instant) {
        let isPatient = self.isAdmitted && self.hasMedia && !self.mustResume
        self.failedAttempts += 1
        guard isPatient || self.failedAttempts <= Self.maximumFailedAttempts else {
            return self.end(refusal.map(EndReason.turnedAway) ?? .retriesExhausted)
        }
        self.loseEpoch()
        self.connection = .offline(until: now + self.backoff.next(random: &self.random))
        self.emit(.connectionLost)
    }

    mutating func loseEpoch() {
        self.binding.epochLost()
        self.answerDeadline = nil
    }

    mutating func end(_ reason: EndReason) {
        guard !self.isFinished else { return }
        self.connection = .finished
        self.outputs.append(.disconnect)
        self.emit(.ended(reason))
    }
}
