internal import Consultation
package import Endpoint
internal import Keystore
package import Session
package import Wire

/// What the session tells: of the desk, and of the call.
extension Practice {
    package func handle(_ event: SessionEvent, in driver: CallDriver, now: Instant) {
        self.surface.changed()
        switch event {
        case .elsewhere(let room, let event): return self.handle(event, in: room, driver, now: now)
        case .online:
            self.isOnline = true
            self.awaySince = nil
            self.isSuperseded = false
        case .offline:
            // Of an admitted patient's connection too: that is told in the call alone.
            if !driver.session.isDoctorOnline { self.loseBroker(now: now) }
        case .placeLost(let reason):
            self.loseBroker(now: now)
            self.answerDoors(DeskAnswer(reason), driver, now: now)
            if reason == .superseded {
                self.isSuperseded = true
            } else {
                // Sound needs no broker: a call that is on goes on, and the desk ends with it.
                self.fatal = reason
                if self.call == nil || self.call?.ended != nil { driver.finish() }
            }
        case .roomOpened, .roomClosed: if let room = driver.session.room { self.answerDoor(room, .done) }
        case .stray(let count):
            if let room = driver.session.room, let index = self.index(of: room) { self.rooms[index].strayCount = count }
        case .admissionChanged(let record): self.keep(record)
        case .ended(let reason):
            guard self.call?.ended == nil else { return }
            self.call?.handle(event, now: now)
            self.ended(reason, driver, now: now)
            return
        default: break
        }
        self.call?.handle(event, now: now)
    }

    private func loseBroker(now: Instant) {
        self.isOnline = false
        self.awaySince = self.awaySince ?? now
        for index in self.rooms.indices where self.rooms[index].state == .open { self.rooms[index].state = .opening }
    }

    private func handle(_ event: RoomEvent, in id: RoomID, _ driver: CallDriver, now: Instant) {
        guard let index = self.index(of: id) else {
            self.answerDoor(id, .done)
            return
        }
        switch event {
        case .opened: self.confirmOpening(of: id, driver, now: now)
        case .closed: self.answerDoor(id, .done)
        case .ended(let reason):
            let isCommands = self.answerDoor(id, DeskAnswer(reason))
            self.reopenings[id] = nil
            let room = self.rooms.remove(at: index)
            // Ended from here, nobody wonders; anything else the doctor has to know: a link may have been sent.
            if reason != .hungUp { self.roomFailure = (room.label, reason, now) }
            // A command that asked for the room does with it what it told the doctor.
            if reason == .tooManyRooms, !isCommands { self.keeper.end(room.session) }
            if self.setting.endsAfterCall, self.call == nil {
                self.fatal = reason
                driver.finish()
            }
            return
        case .arrived(let guest): self.surface.arrived(guest, in: self.rooms[index])
        default: break
        }
        self.rooms[index].handle(event, now: now)
    }

    private func keep(_ record: AdmissionRecord) {
        guard let session = self.call?.session else { return }
        // The first of an admission has nothing but the admission.
        let isNew = record.lastEpoch == 0 && !record.hasConsented && record.comparison == nil
        self.keeper.keep(StoredRoom.Admission(record), of: session, isNew: isNew)
    }
}
