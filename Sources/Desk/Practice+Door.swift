internal import Consultation
internal import Endpoint
internal import Invitation
internal import Keystore
internal import Network
internal import Session
internal import Wire

/// What other commands of the same doctor ask.
extension Practice {
    func serveDoor(_ driver: CallDriver, now: Instant) {
        guard let door = self.door else { return }
        for (visitor, request) in door.take(now: now) {
            guard self.isHere(request.session) else {
                door.answer(.elsewhere, to: visitor)
                continue
            }
            // What the broker cannot hear now must not be done behind the back of who was told that it was not.
            guard self.isOnline || request.verb == .close else {
                door.answer(.unreachable, to: visitor)
                continue
            }
            guard let room = self.carryOut(request, driver, now: now) else {
                door.answer(.refused, to: visitor)
                continue
            }
            self.doorVisitors[room, default: []].append((visitor, now + Self.doorPatience))
            self.surface.changed()
        }
        for (room, visitors) in self.doorVisitors {
            for visitor in visitors where visitor.until <= now {
                door.answer(.unreachable, to: visitor.0)
                self.withdraw(room, driver, now: now)
            }
            let rest = visitors.filter { $0.until > now }
            self.doorVisitors[room] = rest.isEmpty ? nil : rest
        }
    }

    /// - Returns: the room whose next word from the broker is the answer; `nil` for what cannot be done.
    private func carryOut(_ request: DeskRequest, _ driver: CallDriver, now: Instant) -> RoomID? {
        let known = self.index(of: request.session).map { self.rooms[$0] }
        switch request.verb {
        case .open:
            guard known?.state != .inCall, self.open(request.session, driver: driver, now: now) else { return nil }
            return self.index(of: request.session).map { self.rooms[$0].id }
        case .reopen:
            guard known?.state != .inCall else { return nil }
            return self.reopen(request.session, lasting: request.seconds, driver, now: now)
        case .close:
            guard known?.state != .inCall else { return nil }
            let room = known?.id ?? (try? self.identity.rooms.load(request.session)).map { RoomSecrets($0).keys.roomID }
            guard let room else { return nil }
            self.keeper.note(.ended, request.session, "reason=closed")
            self.keeper.end(request.session)
            self.rooms.removeAll { $0.session == request.session }
            driver.session.withDoctorSeat(now: now) { $0.closeRoom(room) }
            return room
        }
    }

    private func isHere(_ session: SessionID) -> Bool {
        guard let stored = try? self.identity.rooms.load(session) else { return true }
        return WebSocketURL(stored.origin)?.authority == self.broker.authority
    }

    /// - Returns: whether a command waited for it.
    @discardableResult
    func answerDoor(_ room: RoomID, _ answer: DeskAnswer) -> Bool {
        guard let visitors = self.doorVisitors.removeValue(forKey: room) else { return false }
        for visitor in visitors { self.door?.answer(answer, to: visitor.0) }
        return true
    }

    /// Nothing more will come from the broker.
    func answerDoors(_ answer: DeskAnswer, _ driver: CallDriver, now: Instant) {
        for room in self.doorVisitors.keys {
            self.answerDoor(room, answer)
            self.withdraw(room, driver, now: now)
        }
    }

    private static let doorPatience: Duration = .seconds(8)
}

extension DeskAnswer {
    init(_ reason: EndReason) {
        switch reason {
        case .notEnrolled: self = .notEnrolled
        case .roomTaken: self = .roomTaken
        case .tooManyRooms: self = .tooManyRooms
        case .expired: self = .expired
        case .superseded: self = .superseded
        default: self = .violated
        }
    }
}
