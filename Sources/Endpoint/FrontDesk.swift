package import Consultation
package import Network
package import Session
package import Wire

/// The doctor's seat of a ``CallPool``: one socket to the broker, for the broker keeps one of a key. It hands what is
/// said of a room to the session of that room, and does what the sessions say in theirs.
///
/// The attendant of a driver whose session has the seat and no room of its own.
package final class FrontDesk: CallAttendant {
    fileprivate enum Letter: Sendable {
        case act(@Sendable (inout DoctorSeat) -> Void)
        case closed
    }

    /// The way to the desk, from any thread.
    package struct Counter: Sendable {
        private let mailbox = Mailbox<Letter>()

        package init() {}

        package func ask(_ act: @escaping @Sendable (inout DoctorSeat) -> Void) { self.mailbox.post(.act(act)) }

        /// All sessions are over.
        package func close() { self.mailbox.post(.closed) }

        fileprivate var descriptor: Int32 { self.mailbox.descriptor }
        fileprivate func take() -> [Letter] { self.mailbox.take() }
    }

    private let pool: CallPool
    private let counter: Counter
    private let sessionOfRoom: [RoomID: Int]
    private var unopened: Set<RoomID>
    private let onOpen: () -> Void
    private var isGivenUp = false

    /// - Parameter onOpen: told once, when the broker holds all rooms.
    package init(_ pool: CallPool, counter: Counter, onOpen: @escaping () -> Void) {
        self.onOpen = onOpen
        self.pool = pool
        self.counter = counter
        var sessionOfRoom: [RoomID: Int] = [:]
        for (session, part) in pool.parts.enumerated() {
            if case .deputy(let room) = part.end { sessionOfRoom[room] = session }
        }
        self.sessionOfRoom = sessionOfRoom
        self.unopened = Set(sessionOfRoom.keys)
    }

    package func listen(on waiting: inout WaitList) { waiting.add(self.counter.descriptor) }
    package var deadline: Instant { .distantFuture }

    package func handle(_ event: SessionEvent, in driver: CallDriver, now: Instant) {
        switch event {
        case .online: self.pool.seatIsOnline(true)
        case .offline: self.pool.seatIsOnline(false)
        case .elsewhere(let room, let event):
            if let session = self.sessionOfRoom[room] { self.pool.post(event, to: session) }
            if event == .opened, self.unopened.remove(room) != nil, self.unopened.isEmpty { self.onOpen() }
        case .ended(let reason): self.endAll(reason)
        default: break
        }
    }

    package func serve(_ driver: CallDriver, now: Instant) {
        for letter in self.counter.take() {
            switch letter {
            case .act(let act): driver.session.withDoctorSeat(now: now, act)
            case .closed: driver.finish()
            }
        }
        // No room ends by itself where none was ever opened.
        if driver.brokerWasUnreachable, !self.isGivenUp {
            self.isGivenUp = true
            self.endAll(.retriesExhausted)
            driver.finish()
        }
    }

    private func endAll(_ reason: EndReason) {
        for session in self.sessionOfRoom.values { self.pool.post(.ended(reason), to: session) }
    }

    package func stop(_ driver: CallDriver, now: Instant) {
        self.pool.stop()
    }
}
