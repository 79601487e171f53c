import Primitives
import Wire

/// Patients: joining, waiting, leaving.
extension Switchboard {
    mutating func join(
        _ id: ConnectionID, version: UInt8, room: RoomID, token: [UInt8], mode: JoinMode, now: Instant
    ) {
        guard let connection = self.connections[id] else { return }
        guard version == Envelope.version else {
            self.fail(id, .malformed, closing: .policyViolation, now: now)
            return
        }
        guard !connection.isReserved else {
            self.fail(id, .rate, closing: .tryAgainLater, now: now)
            return
        }
        guard self.limiter.mayTry(connection.source, now: now) else {
            self.fail(id, .rate, closing: .normal, now: now)
            return
        }
        let address = RoomAddress(of: room)
        let found = self.directory[address]
        guard self.verify(token, for: found, mode: mode, source: connection.source, now: now), let found else {
            self.connections[id]?.role = .refused
            self.refusals.append(id, now: now)
            return
        }
        if mode == .fresh {
            guard self.limiter.takeJoin(connection.source, now: now) else {
                self.fail(id, .rate, closing: .normal, now: now)
                return
            }
            guard !found.isConsumed else {
                self.noteStray(in: room, now: now)
                self.fail(id, .used, closing: .normal, now: now)
                return
            }
            let waiting = found.patients.count { self.patients[$0]?.isWaiting == true }
            guard waiting < Self.maximumWaiting else {
                self.fail(id, .full, closing: .normal, now: now)
                return
            }
        } else {
            let resumed = found.patients.filter { self.patients[$0]?.mode == .resume }
            if resumed.count >= Self.maximumResumed, let oldest = resumed.first {
                self.dismiss(oldest, .closed, now: now)
            }
        }
        self.seat(id, in: room, at: address, mode: mode)
    }

    mutating func relayToDoctor(_ payload: [UInt8], from number: UInt32) {
        guard let patient = self.patients[number], let attendant = self.directory[patient.address]?.attendant else {
            return
        }
        self.send(.relay(connection: number, payload: payload), to: attendant)
    }

    /// Tells a patient why and closes its socket.
    mutating func dismiss(_ number: UInt32, _ code: ErrorCode, now: Instant) {
        guard let patient = self.patients[number] else { return }
        self.fail(patient.connection, code, closing: .normal, now: now)
    }

    mutating func patientLeft(_ number: UInt32, now: Instant) {
        guard let patient = self.patients.removeValue(forKey: number) else { return }
        self.directory.update(patient.address) { room in
            room.patients.removeAll { $0 == number }
        }
        if let attendant = self.directory[patient.address]?.attendant {
            self.send(.peerDown(connection: number), to: attendant)
        }
    }

    /// Everybody in it is told it is closed, and it is forgotten, on disk too.
    mutating func end(_ room: RoomAddress, now: Instant) {
        for number in self.directory[room]?.patients ?? [] {
            self.dismiss(number, .closed, now: now)
        }
        self.directory.remove(room)
        self.emit(.delete(room))
    }

    /// Sends what the doctor has not heard yet, unless it heard something less than an interval ago.
    mutating func reportStrays(of room: RoomID, now: Instant) {
        let address = RoomAddress(of: room)
        guard let found = self.directory[address], let attendant = found.attendant, found.hasUnreportedStrays,
            !found.isStrayReportPending
        else { return }
        self.send(.stray(room: room, count: found.strays), to: attendant)
        self.strayReports.append(room, now: now)
        self.directory.update(address) { value in
            value.hasUnreportedStrays = false
            value.isStrayReportPending = true
        }
    }

    /// Whether the token opens the room. A room that is not there costs the same comparison as one that is.
    ///
    /// Only a wrong token for a room that exists counts as a failure: a patient who comes back before the doctor's
    /// end has re-opened the room, or before being admitted, has done nothing wrong.
    private mutating func verify(
        _ token: [UInt8], for room: Room?, mode: JoinMode, source: Source, now: Instant
    ) -> Bool {
        let expected =
            switch mode {
            case .fresh: room?.record.joinHash
            case .resume: room?.record.rejoinHash
            }
        let holds = constantTimeEquals(joinHash(ofToken: token), expected ?? Self.noHash)
        guard expected != nil, let room else { return false }
        guard holds else {
            self.limiter.noteFailure(source, now: now)
            return false
        }
        return room.takesFreshJoins(now: now)
    }

    private mutating func noteStray(in room: RoomID, now: Instant) {
        self.directory.update(RoomAddress(of: room)) { value in
            value.strays = value.strays == .max ? .max : value.strays + 1
            value.hasUnreportedStrays = true
        }
        self.reportStrays(of: room, now: now)
    }

    private mutating func seat(_ id: ConnectionID, in room: RoomID, at address: RoomAddress, mode: JoinMode) {
        var number: UInt32
        repeat {
            number = UInt32(truncatingIfNeeded: self.random.next())
        } while number == 0 || self.patients[number] != nil
        self.connections[id]?.role = .patient(number: number)
        self.patients[number] = Patient(
            connection: id, room: room, address: address, mode: mode, isWaiting: mode == .fresh)
        self.directory.update(address) { $0.patients.append(number) }
        let attendant = self.directory[address]?.attendant
        self.send(.state(doctorPresent: attendant != nil), to: id)
        if let attendant {
            self.send(.peerUp(connection: number, room: room, mode: mode), to: attendant)
        }
    }

    private static let noHash = [UInt8](repeating: 0, count: Envelope.hashCount)
}
