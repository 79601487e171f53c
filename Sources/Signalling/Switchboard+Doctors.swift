import Primitives
import Wire

/// Doctors: authenticating, opening rooms, admitting, relaying.
extension Switchboard {
    /// - Parameter challenge: `nil` if it is too old.
    ///
    /// The signed time is not looked at: the challenge is fresh, and no step of the protocol needs equal clocks.
    mutating func authenticate(
        _ id: ConnectionID, key: [UInt8], time: UInt64, signature: [UInt8], challenge: [UInt8]?, now: Instant
    ) {
        guard let challenge, self.isSigned(signature, by: key, challenge: challenge, time: time),
            self.configuration.isEnrolled(key)
        else {
            self.send(.done(type: .authenticate, room: .none, code: .notEnrolled), to: id)
            self.close(id, .normal, now: now)
            return
        }
        if let older = self.doctors[key] {
            self.fail(older, .closed, closing: .normal, now: now)
        }
        self.doctors[key] = id
        self.connections[id]?.role = .doctor(key: key)
        self.send(.done(type: .authenticate, room: .none, code: .done), to: id)
    }

    mutating func handle(_ request: Envelope, from id: ConnectionID, key: [UInt8], now: Instant, unixTime: UInt64) {
        switch request {
        case .roomOpen(let room, let joinHash, let rejoinHash, let timeToLive, let flags):
            let address = RoomAddress(of: room)
            let code = self.directory.open(
                address, owner: key, joinHash: joinHash,
                rejoinHash: rejoinHash.allSatisfy { $0 == 0 } ? nil : rejoinHash,
                timeToLive: timeToLive, flags: flags, now: now, unixTime: unixTime)
            self.save(address, if: code)
            self.send(.done(type: .roomOpen, room: room, code: code), to: id)
            if code == .done {
                if flags.contains(.reopen) { self.endWaiting(in: address) }
                self.attend(room, by: id, now: now)
            }
        case .roomConsume(let room, let rejoinHash):
            let address = RoomAddress(of: room)
            let code = self.directory.consume(
                address, by: key, rejoinHash: rejoinHash, now: now, unixTime: unixTime)
            self.save(address, if: code)
            self.send(.done(type: .roomConsume, room: room, code: code), to: id)
            if code == .done {
                self.endWaiting(in: address)
            } else if self.directory[address]?.attendant == id {
                // The admission that follows on this socket must reach nobody.
                self.leave(address)
            }
        case .roomClose(let room):
            let address = RoomAddress(of: room)
            let owner = self.directory[address]?.record.owner
            let code: DoneCode = owner == key ? .done : owner == nil ? .unknown : .otherOwner
            if code == .done { self.end(address, now: now) }
            self.send(.done(type: .roomClose, room: room, code: code), to: id)
        case .drop(let number, let code):
            if self.patient(number, attendedBy: id) != nil { self.dismiss(number, code, now: now) }
        case .turnGrant(let number):
            if let patient = self.patient(number, attendedBy: id) {
                self.grantRelay(to: patient, number: number, doctor: id, unixTime: unixTime)
            }
        case .relay(let number, let payload):
            if let patient = self.patient(number, attendedBy: id) {
                self.send(.relay(connection: 0, payload: payload), to: patient.connection)
            }
        default:
            self.fail(id, .malformed, closing: .policyViolation, now: now)
        }
    }

    mutating func doctorLeft(_ id: ConnectionID, key: [UInt8]) {
        if self.doctors[key] == id { self.doctors[key] = nil }
        for room in self.directory.roomsByOwner[key, default: []] where self.directory[room]?.attendant == id {
            self.leave(room)
        }
    }

    /// Nobody answers for the room, until it is opened again.
    private mutating func leave(_ room: RoomAddress) {
        self.directory.update(room) { $0.attendant = nil }
        self.announce(doctorPresent: false, in: room)
    }

    /// From now on this socket answers for the room: it learns who is there, and they learn that it is.
    private mutating func attend(_ room: RoomID, by id: ConnectionID, now: Instant) {
        let address = RoomAddress(of: room)
        guard let found = self.directory[address], found.attendant != id else { return }
        self.directory.update(address) { $0.attendant = id }
        for number in found.patients {
            guard let patient = self.patients[number] else { continue }
            self.send(.peerUp(connection: number, room: room, mode: patient.mode), to: id)
        }
        self.announce(doctorPresent: true, in: address)
        self.reportStrays(of: room, now: now)
    }

    private mutating func announce(doctorPresent: Bool, in room: RoomAddress) {
        for number in self.directory[room]?.patients ?? [] {
            guard let patient = self.patients[number] else { continue }
            self.send(.state(doctorPresent: doctorPresent), to: patient.connection)
        }
    }

    private mutating func endWaiting(in room: RoomAddress) {
        for number in self.directory[room]?.patients ?? [] {
            self.patients[number]?.isWaiting = false
        }
    }

    private mutating func grantRelay(to patient: Patient, number: UInt32, doctor: ConnectionID, unixTime: UInt64) {
        if let credentials = self.configuration.relayCredentials(patient.room, .patient, unixTime) {
            self.send(.turn(connection: nil, credentials), to: patient.connection)
        }
        if let credentials = self.configuration.relayCredentials(patient.room, .doctor, unixTime) {
            self.send(.turn(connection: number, credentials), to: doctor)
        }
    }

    private func patient(_ number: UInt32, attendedBy id: ConnectionID) -> Patient? {
        guard let patient = self.patients[number], self.directory[patient.address]?.attendant == id else { return nil }
        return patient
    }

    private mutating func save(_ room: RoomAddress, if code: DoneCode) {
        if code == .done, let record = self.directory[room]?.record {
            self.emit(.save(record))
        }
    }

    private func isSigned(_ signature: [UInt8], by key: [UInt8], challenge: [UInt8], time: UInt64) -> Bool {
        self.configuration.hosts.contains { host in
            let message = Envelope.authenticationMessage(
                host: host, identityKey: key, challenge: challenge, time: time)
            return Ed25519.verify(signature: signature, message: message, publicKey: key)
        }
    }
}
