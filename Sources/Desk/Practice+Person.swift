internal import Consultation
package import Endpoint
internal import Invitation
package import Keystore
internal import Network
internal import SecureChannel
internal import Session
package import Sound
internal import Terminal
package import Wire

/// What the doctor decides.
extension Practice {
    /// Whether somebody can be admitted: one call at a time.
    package var isFree: Bool { self.call == nil }

    /// Lets in the guest who holds this connection.
    package func admit(_ connection: UInt32, in session: SessionID, driver: CallDriver, now: Instant) {
        guard self.isFree, let index = self.index(of: session),
            self.rooms[index].guests.contains(where: { $0.guest.connection == connection })
        else { return }
        // Whoever is quick need not wait for the last datagrams of the call before.
        if self.followsAt != nil { self.returnToDesk(driver, now: now) }
        let room = self.rooms[index]
        guard driver.session.admit(connection, in: room.id, relayOnly: room.isRelayOnly, now: now) else { return }
        self.begin(room, isResumed: false, driver, now: now)
        self.keeper.note(.admitted, session)
        self.rooms[index].state = .inCall
        self.rooms[index].guests = []
    }

    /// Goes back into a call that an earlier life of this process left.
    package func resume(_ session: SessionID, in driver: CallDriver, now: Instant) {
        guard self.isFree, let index = self.index(of: session), case .interrupted(let record) = self.rooms[index].state
        else { return }
        if self.followsAt != nil { self.returnToDesk(driver, now: now) }
        self.begin(self.rooms[index], isResumed: true, driver, now: now)
        self.rooms[index].state = .inCall
        self.keeper.note(.resumed, session)
        self.call?.comparison = record.comparison
        driver.session.resume(
            in: self.rooms[index].id, relayOnly: self.rooms[index].isRelayOnly, authentication: record.authentication,
            comparison: record.comparison, now: now)
    }

    private func begin(_ room: DeskRoom, isResumed: Bool, _ driver: CallDriver, now: Instant) {
        self.call = CallFacts(
            session: room.session, label: room.label, isResumed: isResumed, isAdmitted: isResumed, startedAt: now)
        self.nextChat = 1
        self.nextSample = now + Self.samplePeriod
        self.findDevices()
        // Opening a device takes a moment: it is ready when sound flows.
        let card = CardSound(self.sound)
        self.card = card
        driver.sound = card
    }

    package func refuse(_ connection: UInt32, in session: SessionID, driver: CallDriver, now: Instant) {
        guard let index = self.index(of: session) else { return }
        let room = self.rooms[index].id
        self.keeper.note(.refused, session)
        driver.session.withDoctorSeat(now: now) { $0.refuse(connection, .notNow, in: room, now: now) }
    }

    /// A line that everybody who waits with this link reads, now and later.
    package func tellWaiting(_ message: String, in session: SessionID, driver: CallDriver, now: Instant) {
        guard let index = self.index(of: session) else { return }
        self.rooms[index].message = message
        let room = self.rooms[index].id
        driver.session.withDoctorSeat(now: now) { $0.tellWaiting(message, in: room, now: now) }
    }

    /// Ends a session that is not in a call: its link opens nothing any more.
    package func end(_ session: SessionID, driver: CallDriver, now: Instant) {
        guard let index = self.index(of: session), self.rooms[index].state != .inCall else { return }
        let room = self.rooms[index].id
        self.keeper.note(.ended, session, "reason=closed")
        self.keeper.end(session)
        driver.session.withDoctorSeat(now: now) { $0.hangUp(.hungUp, in: room, now: now) }
        self.rooms.removeAll { $0.session == session }
    }

    /// Makes a session with the usual life and holds it open.
    package func makeSession(label: String = "", driver: CallDriver, now: Instant) {
        let room = StoredRoom.made(
            label: label, origin: self.broker.origin, isRelayOnly: self.setting.relayOnly, lasting: Self.usualLife,
            for: self.identity.keyPair, now: UnixClock.now)
        guard self.keeper.keep(room) else { return }
        self.keeper.note(.made, room.session)
        self.open(room.session, driver: driver, now: now)
    }

    /// Seconds.
    private static let usualLife: UInt32 = 7200

    /// Holds a room open that the keystore has.
    /// - Returns: `false` when it has none, or one that is over.
    @discardableResult
    package func open(_ session: SessionID, driver: CallDriver, now: Instant) -> Bool {
        guard let stored = try? self.identity.rooms.load(session), !stored.isOver,
            stored.expires > UnixClock.now || AdmissionRecord(stored) != nil
        else { return false }
        driver.session.withDoctorSeat(now: now) { self.open(stored, at: &$0, now: now) }
        return true
    }

    // MARK: In the call

    package func compare(same: Bool, driver: CallDriver, now: Instant) {
        guard self.call?.words != nil, self.call?.ended == nil else { return }
        self.call?.comparison = same
        driver.session.compare(same: same, now: now)
    }

    package func setMuted(_ isMuted: Bool) {
        self.call?.isMuted = isMuted
        self.card?.isMuted = isMuted
    }

    package func chat(_ text: String, driver: CallDriver, now: Instant) {
        guard self.call?.ended == nil, self.call?.isAdmitted == true else { return }
        driver.session.chat(id: self.nextChat, text: text, now: now)
        self.call?.append(CallFacts.ChatLine(isMine: true, text: Neutralised(text), id: self.nextChat, changedAt: now))
        self.nextChat += 1
    }

    package func select(_ choice: SoundCard.Choice) {
        self.sound = choice
        self.card?.card.select(choice)
    }

    package func hangUp(driver: CallDriver, now: Instant) {
        driver.session.hangUp(now: now)
    }

    /// The person has seen how the call ended.
    package func dismissCall(driver: CallDriver) {
        guard self.call?.ended != nil else { return }
        self.call = nil
        if self.setting.endsAfterCall || self.fatal != nil { driver.finish() }
    }

    /// Takes the place at the broker back from another computer of the same key.
    package func takeBack(driver: CallDriver, now: Instant) {
        driver.session.withDoctorSeat(now: now) { $0.takeBack(now: now) }
    }

    /// Leaves the desk; rooms stay open at the broker.
    package func leave(driver: CallDriver, now: Instant) {
        self.stop(driver, now: now)
    }
}
