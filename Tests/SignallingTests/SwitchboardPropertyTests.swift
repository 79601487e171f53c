import Primitives
import Signalling
import Testing
import Wire

/// Doctors, patients and vandals do whatever comes to mind; what must always hold is checked at every step.
@Suite("Switchboard under random schedules")
struct SwitchboardPropertyTests {
    @Test("no payload leaves its room, every PEER_UP has one PEER_DOWN, nothing traps")
    func schedules() throws {
        let base = UInt64.random(in: .min ... .max)
        let keys = (0..<3).map { _ in Ed25519.KeyPair() }
        for run in 0..<40 {
            let seed = base &+ UInt64(run)
            var schedule = Schedule(keys: keys, seed: seed)
            for _ in 0..<250 { try schedule.step() }
            try schedule.finish()
            #expect(schedule.complaints.isEmpty, "seed \(seed)")
        }
    }

    @Test("the same seed gives the same octets")
    func deterministic() throws {
        let key = try Ed25519.KeyPair(seed: SecretBytes(copying: [UInt8](repeating: 4, count: 32)))
        var first = Schedule(keys: [key], seed: 7)
        var second = Schedule(keys: [key], seed: 7)
        for _ in 0..<200 {
            try first.step()
            try second.step()
        }
        #expect(first.journal == second.journal)
    }
}

private struct Schedule {
    private let keys: [Ed25519.KeyPair]
    private var exchange: Exchange
    private var random: RandomSource
    /// Index of the key behind each live doctor's socket.
    private var doctors: [ConnectionID: Int] = [:]
    private var patients: [ConnectionID: UInt8] = [:]
    /// Patients' numbers each doctor's socket has heard of, with their room.
    private var known: [ConnectionID: [UInt32: RoomID]] = [:]
    private(set) var complaints: [String] = []
    private(set) var journal: [[UInt8]] = []

    init(keys: [Ed25519.KeyPair], seed: UInt64) {
        self.keys = keys
        self.random = .seeded(seed)
        self.exchange = Exchange(enrolled: keys.map(\.publicKey), seed: seed)
    }

    mutating func step() throws {
        switch self.random.next() % 16 {
        case 0: try self.doctorArrives()
        case 1, 2, 3: self.patientArrives()
        case 4: self.somebodyLeaves()
        case 5, 6: self.doctorOpens()
        case 7: self.doctorDecides()
        case 8: self.vandal()
        case 9: self.exchange.advance(by: .milliseconds(Int.random(in: 1...8000, using: &self.random)))
        default: self.somebodySpeaks()
        }
        try self.read()
    }

    mutating func finish() throws {
        for id in self.patients.keys.sorted() { self.exchange.disconnect(id) }
        try self.read()
        for (id, numbers) in self.known where self.exchange.closed[id] == nil && self.doctors[id] != nil {
            if !numbers.isEmpty { self.complaints.append("a PEER_UP without PEER_DOWN") }
        }
    }

    private mutating func pick<Value>(_ values: [ConnectionID: Value]) -> (ConnectionID, Value)? {
        guard let id = values.keys.sorted().randomElement(using: &self.random), let value = values[id] else {
            return nil
        }
        return (id, value)
    }

    private mutating func anyLink() -> UInt8 { UInt8(self.random.next() % 4) }

    private mutating func doctorArrives() throws {
        let index = Int(self.random.next() % UInt64(self.keys.count))
        self.doctors[try self.exchange.doctor(self.keys[index])] = index
    }

    private mutating func patientArrives() {
        let number = self.anyLink()
        let mode: JoinMode = self.random.next() % 3 == 0 ? .resume : .fresh
        let id = self.exchange.patient(Exchange.link(number), mode: mode, from: self.random.next() % 5)
        self.patients[id] = number
    }

    private mutating func somebodyLeaves() {
        if self.random.next() % 3 == 0, let (id, _) = self.pick(self.doctors) {
            self.exchange.disconnect(id)
            self.doctors[id] = nil
        } else if let (id, _) = self.pick(self.patients) {
            self.exchange.disconnect(id)
            self.patients[id] = nil
        }
    }

    private mutating func doctorOpens() {
        guard let (id, _) = self.pick(self.doctors) else { return }
        let isReopening = self.random.next() % 6 == 0
        self.exchange.open(
            Exchange.link(self.anyLink()), by: id, rejoin: !isReopening && self.random.next() % 4 == 0,
            flags: isReopening ? .reopen : [], timeToLive: UInt32(self.random.next() % 200))
    }

    private mutating func doctorDecides() {
        guard let (id, _) = self.pick(self.doctors) else { return }
        let link = Exchange.link(self.anyLink())
        let number = self.known[id]?.keys.sorted().randomElement(using: &self.random) ?? 5
        switch self.random.next() % 4 {
        case 0: self.exchange.send(.roomClose(room: link.room), from: id)
        case 1:
            self.exchange.send(
                .roomConsume(room: link.room, rejoinHash: joinHash(ofToken: link.rejoinToken)), from: id)
        case 2: self.exchange.send(.drop(connection: number, code: .closed), from: id)
        default: self.exchange.send(.turnGrant(connection: number), from: id)
        }
    }

    private mutating func vandal() {
        let all = self.doctors.keys.sorted() + self.patients.keys.sorted()
        let id = self.random.next() % 2 == 0 ? self.exchange.connect() : all.randomElement(using: &self.random)
        guard let id else { return }
        self.exchange.send(self.random.bytes(count: Int(self.random.next() % 120)), from: id)
    }

    /// A payload is the number of the room it was said in.
    private mutating func somebodySpeaks() {
        if self.random.next() % 2 == 0, let (id, number) = self.pick(self.patients) {
            self.exchange.send(.relay(connection: 0, payload: [number]), from: id)
        } else if let (id, _) = self.pick(self.doctors),
            let (number, room) = self.known[id]?.sorted(by: { $0.key < $1.key }).randomElement(using: &self.random)
        {
            self.exchange.send(.relay(connection: number, payload: [room.bytes[0]]), from: id)
        }
    }

    private mutating func read() throws {
        for id in self.exchange.inbox.keys.sorted() {
            self.journal += self.exchange.inbox[id] ?? []
            if self.doctors[id] != nil {
                for envelope in try self.exchange.received(id, as: .doctor) { self.check(envelope, at: id) }
            } else if let number = self.patients[id] {
                for case .relay(_, let payload) in try self.exchange.received(id, as: .patient)
                where payload != [number] {
                    self.complaints.append("a payload reached a patient of another room")
                }
            } else {
                self.exchange.inbox[id] = nil
            }
        }
    }

    private mutating func check(_ envelope: Envelope, at id: ConnectionID) {
        switch envelope {
        case .peerUp(let number, let room, _):
            if self.known[id, default: [:]].updateValue(room, forKey: number) != nil {
                self.complaints.append("a PEER_UP twice")
            }
        case .peerDown(let number):
            if self.known[id]?.removeValue(forKey: number) == nil {
                self.complaints.append("a PEER_DOWN without PEER_UP")
            }
        case .relay(let number, let payload):
            if self.known[id]?[number]?.bytes[0] != payload.first {
                self.complaints.append("a payload reached a doctor under another room's number")
            }
        default: break
        }
    }
}
