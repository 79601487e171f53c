package import Consultation
package import Network
package import Session
package import Wire

/// Decides in a call without a person.
package final class HeadlessAttendant: CallAttendant {
    package enum Admission: Sendable {
        /// Admits the first guest.
        case first
        case none
    }

    private let admission: Admission
    private let wordsAre: Bool?
    private let duration: Duration?
    private let onEvent: (SessionEvent) -> Void
    private var voiceSince: Instant?
    /// A seat that is elsewhere says only later that the call ended.
    private var hasHungUp = false
    /// Why the call ended, once it did.
    package private(set) var endReason: EndReason?

    /// - Parameters:
    ///   - wordsAre: what to say of the words; `nil` for nothing.
    ///   - duration: how long sound flows before this end hangs up; `nil` for until the other end does.
    ///   - onEvent: told of everything that happens, for progress.
    package init(
        admission: Admission = .first, wordsAre: Bool? = nil, duration: Duration? = nil,
        onEvent: @escaping (SessionEvent) -> Void = { _ in }
    ) {
        self.admission = admission
        self.wordsAre = wordsAre
        self.duration = duration
        self.onEvent = onEvent
    }

    package func listen(on waiting: inout WaitList) {}

    package var deadline: Instant {
        guard let start = self.voiceSince, let duration = self.duration, self.endReason == nil, !self.hasHungUp else {
            return .distantFuture
        }
        return start + duration
    }

    package func handle(_ event: SessionEvent, in driver: CallDriver, now: Instant) {
        self.onEvent(event)
        switch event {
        case .guestArrived(let guest):
            if case .first = self.admission { driver.session.admit(guest.connection, now: now) }
        case .admitted: if driver.session.isPatient { driver.session.consent(now: now) }
        case .bound:
            guard self.voiceSince == nil else { return }
            self.voiceSince = now
            if let same = self.wordsAre { driver.session.compare(same: same, now: now) }
        case .ended(let reason):
            self.endReason = reason
            driver.finish()
        default: break
        }
    }

    package func serve(_ driver: CallDriver, now: Instant) {
        guard self.deadline <= now else { return }
        self.hasHungUp = true
        driver.session.hangUp(now: now)
    }

    package func stop(_ driver: CallDriver, now: Instant) {
        driver.session.hangUp(now: now)
        // Who has said goodbye, or has another say it, waits until it has left.
        let saysGoodbye = driver.session.endReason != nil || driver.session.isDeputy
        driver.finish(after: saysGoodbye ? CallDriver.farewell : .zero)
    }
}
