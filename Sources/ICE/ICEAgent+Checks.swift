internal import STUN
internal import Wire

/// When checks leave (RFC 8445 §§6.1.4, 14).
extension ICEAgent {
    private enum Start {
        case triggered, gathering
        case ordinary(PairID)

        var isTriggered: Bool { if case .triggered = self { true } else { false } }
    }

    mutating func startTransactions(now: Instant) {
        while let start = self.nextStart, self.pacer.nextStart(isTriggered: start.isTriggered, now: now) <= now {
            switch start {
            case .triggered:
                guard let id = self.current.checklist.nextTriggered() else { return }
                self.startCheck(of: id, now: now)
            case .gathering:
                let transmit = self.gathering.startNext(
                    now: now, configuration: self.configuration, random: &self.random)
                if let transmit { self.transmit(transmit) }
                self.pacer.spend(now: now)
            case .ordinary(let id):
                self.startCheck(of: id, now: now)
            }
        }
    }

    func nextTransactionStart(now: Instant) -> Instant? {
        self.nextStart.map { self.pacer.nextStart(isTriggered: $0.isTriggered, now: now) }
    }

    private var nextStart: Start? {
        if self.current.remote != nil, self.current.checklist.hasTriggered { return .triggered }
        if self.gathering.hasQueued { return .gathering }
        guard self.current.remote != nil else { return nil }
        return self.current.checklist.nextOrdinary.map { .ordinary($0) }
    }

    /// Sends one check, unless the pair has become valid and nobody nominates it.
    private mutating func startCheck(of id: PairID, now: Instant) {
        guard let pair = self.current.checklist[id], let remote = self.current.remote else { return }
        let isNominating = self.role == .controlling && self.current.nominating == id
        guard pair.state != .succeeded || isNominating else { return }
        let transactionID = TransactionID(random: &self.random)
        let request = CheckRequest(
            local: self.current.local, remote: remote, role: self.role, tieBreaker: self.tieBreaker,
            priority: pair.checkPriority, isNominating: isNominating)
        let check = CheckTransaction(
            id: transactionID, pair: id, path: pair.path, bytes: request.encode(transactionID), role: self.role,
            isNominating: isNominating, sentAt: now,
            retransmission: RequestRetransmission(startedAt: now, schedule: self.checkSchedule))
        self.current.cancelChecks(of: id)
        self.current.checks.append(check)
        self.current.checklist.update(id) { if $0.state != .succeeded { $0.state = .inProgress } }
        self.pacer.spend(now: now)
        self.transmit(Transmit(path: check.path, bytes: check.bytes, isCheck: true))
    }

    /// RTO grows with the pairs under check, as RFC 8445 §14.3 has it, from our smaller base.
    private var checkSchedule: RequestRetransmission.Schedule {
        let pending = self.current.checklist.pairs.count { $0.isPending }
        var schedule = self.configuration.checkSchedule
        schedule.timeout = max(schedule.timeout, self.configuration.burstPacing * pending)
        return schedule
    }

    mutating func retransmitChecks(now: Instant) {
        var failed: [PairID] = []
        for index in self.current.checks.indices.reversed() {
            let check = self.current.checks[index]
            switch self.current.checks[index].retransmission.timeoutFired(now: now) {
            case .none: break
            case .retransmit:
                if !check.isCancelled { self.transmit(Transmit(path: check.path, bytes: check.bytes)) }
            case .fail:
                self.current.checks.remove(at: index)
                if !check.isCancelled { failed.append(check.pair) }
            }
        }
        for id in failed { self.pairFailed(id) }
    }
}
