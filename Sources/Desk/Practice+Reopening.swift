internal import Consultation
internal import Endpoint
internal import Invitation
internal import Keystore
internal import Network
internal import Session
internal import Wire

/// Links that work again: the desk asks the broker, and writes the room when that has confirmed it.
///
/// In this order a broker out of reach, or a crash, does not spend the one time that a link has.
extension Practice {
    /// - Returns: `nil` for a room that cannot be re-opened.
    func reopen(_ session: SessionID, lasting seconds: UInt32, _ driver: CallDriver, now: Instant) -> RoomID? {
        // The end of its call may still be on the way to the disk.
        self.keeper.finish()
        guard let stored = try? self.identity.rooms.load(session),
            let reopened = stored.reopened(lasting: seconds, for: self.identity.keyPair, now: UnixClock.now)
        else { return nil }
        driver.session.withDoctorSeat(now: now) { self.open(reopened, at: &$0, reopens: true, now: now) }
        let room = RoomSecrets(reopened).keys.roomID
        self.reopenings[room] = reopened
        return room
    }

    /// The broker holds the room: what was asked of it is done.
    func confirmOpening(of room: RoomID, _ driver: CallDriver, now: Instant) {
        if let reopened = self.reopenings[room], !self.keeper.keep(reopened) {
            self.withdraw(room, driver, now: now)
            self.answerDoor(room, .unwritten)
            return
        }
        self.reopenings[room] = nil
        self.answerDoor(room, .done)
    }

    /// A room whose opening was not confirmed in time: who asked for it was told that nothing was done.
    ///
    /// A room that was made for this goes. One that was to work again is what it was: whoever was admitted by its link,
    /// and is to come back, can.
    func withdraw(_ room: RoomID, _ driver: CallDriver, now: Instant) {
        let reopened = self.reopenings.removeValue(forKey: room)
        guard let index = self.index(of: room), self.rooms[index].state == .opening || reopened != nil else { return }
        if let reopened, let stored = try? self.identity.rooms.load(reopened.session), AdmissionRecord(stored) != nil {
            driver.session.withDoctorSeat(now: now) { self.open(stored, at: &$0, now: now) }
        } else {
            self.rooms.remove(at: index)
            driver.session.withDoctorSeat(now: now) { $0.closeRoom(room) }
        }
    }
}
