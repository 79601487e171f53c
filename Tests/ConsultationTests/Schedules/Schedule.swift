import Consultation
import Primitives
import SecureChannel
import Signalling
import Simulation
import Wire

/// One random schedule: a practice with rooms, desks and devices, some minutes of chaos, then calm.
///
/// Everything follows from the seed. The rules that must hold at every step are in `Watch`.
final class Schedule {
    let seed: UInt64
    let world: World
    let practice: Practice
    let chronicle = Chronicle()
    let desks: [Desk]
    let devices: [Device]
    var random: RandomSource
    /// No more accidents; people do what they came for.
    private(set) var isCalm = false
    private lazy var watch = Watch(self)

    /// - Parameters: how many of each there are; `nil` leaves it to the seed.
    init(seed: UInt64, rooms: Int? = nil, desks: Int? = nil, devicesPerRoom: Int? = nil) throws {
        self.seed = seed
        var random = RandomSource.seeded(seed)
        let practice = try Practice(roomCount: rooms ?? 1 + Int(random.next() % 3), random: &random)
        self.practice = practice
        let key = practice.identity.publicKey
        self.world = World(
            seed: random.next(),
            configuration: Switchboard.Configuration(hosts: [DoctorEnd.host], isEnrolled: { $0 == key }))
        let chronicle = self.chronicle
        var certificates = 0
        let certificate = {
            certificates += 1
            return certificates
        }
        self.desks = (0..<(desks ?? (random.unitInterval() < 0.4 ? 2 : 1))).map {
            Desk(
                $0, practice: practice, chronicle: chronicle, random: random.child(), certificate: certificate)
        }
        var devices: [Device] = []
        for room in practice.rooms.indices {
            for _ in 0..<(devicesPerRoom ?? (random.unitInterval() < 0.4 ? 2 : 1)) {
                devices.append(
                    Device(
                        devices.count, room: room, of: practice, chronicle: chronicle, random: random.child(),
                        certificate: certificate))
            }
        }
        self.devices = devices
        self.random = random
        for end in self.ends { self.world.add(end) }
        for device in devices {
            device.onAnswer = { [unowned self] in self.meet($0, $1) }
            device.onAdmission = { [unowned self] in self.watch.noteAdmission(of: $0) }
        }
        self.world.onStep = { [unowned self] world in
            self.chronicle.now = world.now
            self.watch.check(now: world.now)
        }
    }

    var ends: [any SimulatedEnd] { self.desks + self.devices }

    func endIndex(of desk: Desk) -> Int { desk.number }
    func endIndex(of device: Device) -> Int { self.desks.count + device.number }

    /// The desk that the broker listens to, as far as the desks know.
    var onlineDesk: Desk? { self.desks.last { $0.isOnline } }

    // MARK: The course of events

    /// Runs the schedule.
    /// - Returns: what went wrong, with the story; `nil` if nothing did.
    func run() -> String? {
        self.planChaos()
        self.world.run(for: Self.chaos) { !self.chronicle.violations.isEmpty }
        self.beginCalm()
        self.world.run(for: Self.calm) { !self.chronicle.violations.isEmpty }
        if self.chronicle.violations.isEmpty { self.watch.checkEnd() }
        guard !self.chronicle.violations.isEmpty else { return nil }
        return (["seed \(self.seed):"] + self.chronicle.violations + ["The story:"] + self.chronicle.lines)
            .joined(separator: "\n")
    }

    /// Does one thing, then lets time pass: for a schedule that is written by hand.
    func play(for duration: Duration, _ action: @escaping (Schedule) -> Void) {
        self.at(.zero, action)
        self.world.run(for: duration)
    }

    private func planChaos() {
        self.at(.zero) { $0.desks[0].begin(now: $0.now) }
        for device in self.devices {
            self.at(.seconds(25) * self.random.unitInterval()) { $0.knock(device) }
        }
        self.at(.seconds(2)) { $0.glance() }
        for _ in 0..<(4 + Int(self.random.next() % 8)) {
            let accident = Accident.allCases[Int(self.random.next() % UInt64(Accident.allCases.count))]
            self.at(Self.chaos * self.random.unitInterval()) { $0.happen(accident) }
        }
    }

    /// Opens the link, or waits until there is one.
    private func knock(_ device: Device) {
        guard self.practice.rooms[device.room].wasOpened else { return self.at(.seconds(1)) { $0.knock(device) } }
        device.knock(now: self.now)
    }

    private func beginCalm() {
        self.chronicle.note("--- calm ---")
        self.isCalm = true
        if !self.world.isBrokerUp { self.world.startBroker() }
        if !self.desks.contains(where: \.isWorking) { self.at(.zero) { $0.takeOver(at: $0.desks[0]) } }
    }

    /// The person at this desk begins, or takes the place back.
    func takeOver(at desk: Desk) {
        if desk.endReason == .superseded, self.random.unitInterval() < 0.7 {
            desk.takeBack(now: self.now)
        } else {
            desk.begin(now: self.now)
        }
    }

    var now: Instant { self.world.now }

    /// Does something later, then lets every end react.
    func at(_ delay: Duration, _ action: @escaping (Schedule) -> Void) {
        self.world.at(delay) { [unowned self] world in
            self.chronicle.now = world.now
            action(self)
            for end in self.ends.indices { world.touch(end) }
        }
    }

    /// The doctor looks at the desks and decides something or not.
    private func glance() {
        for desk in self.desks where desk.isWorking {
            for room in self.practice.rooms.indices { self.decide(at: desk, room) }
        }
        self.at(.seconds(2) + .seconds(6) * self.random.unitInterval()) { $0.glance() }
    }

    private func decide(at desk: Desk, _ room: Int) {
        let guests = desk.guests(in: room)
        let chance = self.random.unitInterval()
        if let guest = guests.isEmpty ? nil : guests[Int(self.random.next() % UInt64(guests.count))] {
            if chance < (self.isCalm ? 0.7 : 0.25) {
                desk.admit(guest, in: room, now: self.now)
            } else if !self.isCalm, chance < 0.3 {
                desk.refuse(guest, in: room, now: self.now)
            } else if chance > 0.9 {
                desk.tell("five minutes", in: room, now: self.now)
            }
        } else if !self.isCalm, chance < 0.02, desk.media[room] != nil {
            desk.hangUp(room, now: self.now)
        }
    }

    // MARK: Media

    /// Description and answer are exchanged: the transports find each other, if both are still there.
    private func meet(_ device: Device, _ media: Media) {
        self.at(.milliseconds(30) + .milliseconds(200) * self.random.unitInterval()) { schedule in
            guard device.standing == .admitted,
                let desk = schedule.desks.first(where: { $0.media[device.room]?.isPair(with: media) == true })
            else { return }
            var connected = media
            connected.isConnected = true
            device.connect(connected, now: schedule.now)
            desk.connect(connected, in: device.room, now: schedule.now)
        }
    }

    /// Media whose other end went away is noticed on this end after a while.
    func noticeLosses() {
        for device in self.devices {
            guard let media = device.media else { continue }
            let isHeld = self.desks.contains { $0.media[device.room]?.isPair(with: media) == true }
            if !isHeld { device.loseMedia(now: self.now) }
        }
        for desk in self.desks {
            for (room, media) in desk.media.sorted(by: { $0.key < $1.key }) where media.isConnected {
                let isHeld = self.devices.contains { $0.room == room && $0.media?.isPair(with: media) == true }
                if !isHeld { desk.loseMedia(in: room, now: self.now) }
            }
        }
    }

    static let chaos: Duration = .seconds(75)
    /// Longer than all that may still be due: a silence of 60 s, and what comes back after it.
    static let calm: Duration = .seconds(150)
}
