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
        case .elsewhere(let room, let event): return self.handle(event, in: room, now: now)
        case .online:
            self.isOnline = true
            self.awaySince = nil
            self.isSuperseded = false
        case .offline:
            // Of an admitted patient's connection too: that is told in the call alone.
            if !driver.session.isDoctorOnline { self.loseBroker(now: now) }
        case .superseded:
            self.isSuperseded = true
            self.loseBroker(now: now)
        case .roomOpened, .roomClosed: if let room = driver.session.room { self.answerDoor(room, .done) }
        case .stray(let count):
            if let room = driver.session.room, let index = self.index(of: room) { self.rooms[index].strayCount = count }
        case .admissionChanged(let record): self.keep(record)
        case .ended(let reason):
            guard self.call != nil else {
                self.fatal = reason
                self.answerDoors(DeskAnswer(reason))
                driver.finish()
                return
            }
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

    private func handle(_ event: RoomEvent, in id: RoomID, now: Instant) {
        guard let index = self.index(of: id) else { return self.answerDoor(id, .done) }
        switch event {
        case .opened: self.answerDoor(id, .done)
        case .closed: self.answerDoor(id, .done)
        case .ended(let reason):
            self.answerDoor(id, DeskAnswer(reason))
            self.rooms.remove(at: index)
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
