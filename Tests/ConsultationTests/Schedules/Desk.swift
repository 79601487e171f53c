import Consultation
import SecureChannel
import Signalling
import Simulation
import Wire

/// One machine of the doctor's with the desk on its screen; the person in front of it is the schedule's.
final class Desk: SimulatedEnd {
    /// A decision at this desk, checked against what the seat makes of it.
    private struct Call: Hashable {
        let room: Int
        let words: ShortAuthenticationString
    }

    let number: Int
    let practice: Practice
    let chronicle: Chronicle
    /// `nil` while the program does not run.
    private(set) var seat: DoctorSeat?
    /// Why the seat that runs does nothing any more.
    private(set) var endReason: EndReason?
    /// By room: the one call this desk holds there.
    private(set) var media: [Int: Media] = [:]
    /// On this machine's disk: whom it admitted, and which rooms were over.
    private(set) var records: [Int: AdmissionRecord] = [:]
    private(set) var over: Set<Int> = []
    /// Rooms whose re-opening the broker has not confirmed yet; the disk knows of it only then.
    private var reopening: Set<Int> = []
    private(set) var onlineSince: Instant?
    private var calls: Set<Call> = []
    private var isDisconnecting = false
    private var random: RandomSource
    private let certificate: () -> Int

    init(
        _ number: Int, practice: Practice, chronicle: Chronicle, random: RandomSource,
        certificate: @escaping () -> Int
    ) {
        self.number = number
        self.practice = practice
        self.chronicle = chronicle
        self.random = random
        self.certificate = certificate
    }

    var name: String { "desk \(self.number + 1)" }
    var isWorking: Bool { self.seat != nil && self.endReason == nil }
    var isOnline: Bool { self.isWorking && self.seat?.isOnline == true }

    // MARK: The program

    /// Opens the desk from what the practice keeps; whatever ran here before is gone.
    func begin(now: Instant) {
        self.crash()
        self.chronicle.note("\(self.name) opens")
        var seat = DoctorSeat(
            identity: self.practice.identity, host: DoctorEnd.host, language: .french,
            unixTimeAtZero: Int64(World.unixTimeAtZero), random: self.random.child())
        for (index, room) in self.practice.rooms.enumerated() {
            if self.over.contains(index) {
                seat.closeRoom(room.id)
            } else {
                seat.openRoom(
                    room.secrets, relayOnly: false, expiry: .zero + .seconds(7200), restoring: self.records[index],
                    now: now)
            }
        }
        seat.start(now: now)
        self.seat = seat
    }

    /// The person in front of a desk that another took over wants the place back.
    func takeBack(now: Instant) {
        guard self.endReason == .superseded else { return }
        self.chronicle.note("\(self.name) takes the place back")
        self.endReason = nil
        self.seat?.takeBack(now: now)
    }

    func crash() {
        guard self.seat != nil else { return }
        self.chronicle.note("\(self.name) is gone")
        self.seat = nil
        self.endReason = nil
        self.onlineSince = nil
        self.media = [:]
        self.reopening = []
        self.isDisconnecting = true
    }

    // MARK: The person

    func guests(in room: Int) -> [Guest] {
        self.seat?.guests(in: self.practice.rooms[room].id) ?? []
    }

    func admit(_ guest: Guest, in room: Int, now: Instant) {
        self.chronicle.note("\(self.name) admits guest \(guest.number) of \(self.practice.rooms[room].name)")
        self.calls.insert(Call(room: room, words: guest.authentication))
        self.seat?.admit(guest.connection, in: self.practice.rooms[room].id, now: now)
    }

    func refuse(_ guest: Guest, in room: Int, now: Instant) {
        self.chronicle.note("\(self.name) refuses guest \(guest.number) of \(self.practice.rooms[room].name)")
        self.practice.rooms[room].refused.insert(guest.authentication)
        self.seat?.refuse(guest.connection, .notNow, in: self.practice.rooms[room].id, now: now)
    }

    func tell(_ message: String, in room: Int, now: Instant) {
        self.seat?.tellWaiting(message, in: self.practice.rooms[room].id, now: now)
    }

    /// The link is to work again: whoever was let in by it is not expected back.
    func reopen(_ room: Int, now: Instant) {
        guard self.isOnline, self.records[room] != nil, !self.over.contains(room) else { return }
        self.chronicle.note("\(self.name) re-opens \(self.practice.rooms[room].name)")
        self.reopening.insert(room)
        self.loseMedia(in: room, now: now)
        self.seat?.openRoom(
            self.practice.rooms[room].secrets, relayOnly: false, expiry: .zero + .seconds(7200), reopens: true, now: now
        )
    }

    func hangUp(_ room: Int, now: Instant) {
        self.chronicle.note("\(self.name) hangs up in \(self.practice.rooms[room].name)")
        self.seat?.hangUp(in: self.practice.rooms[room].id, now: now)
    }

    // MARK: Media

    /// The page's transport met this desk's.
    func connect(_ media: Media, in room: Int, now: Instant) {
        self.media[room]?.isConnected = true
        self.seat?.transportConnected(media.seen, in: self.practice.rooms[room].id, now: now)
    }

    func loseMedia(in room: Int, now: Instant) {
        guard self.media.removeValue(forKey: room) != nil else { return }
        self.seat?.transportReplaced(in: self.practice.rooms[room].id)
    }

    // MARK: The world

    func start(now: Instant) {}
    func socketOpened(now: Instant) { self.seat?.socketOpened(now: now) }
    func socketClosed(now: Instant) { self.seat?.socketClosed(now: now) }
    func receive(_ message: [UInt8], now: Instant) { self.seat?.receive(message, now: now) }
    func receive(_ datagram: SimulatedDatagram, now: Instant) {}
    func handleTimeout(now: Instant) { self.seat?.handleTimeout(now: now) }

    func pollOutput(now: Instant) -> EndOutput {
        if self.isDisconnecting {
            self.isDisconnecting = false
            return .disconnect
        }
        while true {
            switch self.seat?.pollOutput() {
            case .connect: return .connect
            case .send(let message): return .send(message)
            case .disconnect: return .disconnect
            case .wait(let until): return .wait(until: until)
            case nil: return .wait(until: .distantFuture)
            case .event(let event): self.react(to: event, now: now)
            }
        }
    }

    private func react(to event: DoctorEvent, now: Instant) {
        switch event {
        case .online:
            self.onlineSince = now
            self.chronicle.note("\(self.name) is online")
        case .offline:
            self.onlineSince = nil
            self.chronicle.note("\(self.name) is offline")
        case .ended(let reason):
            self.onlineSince = nil
            self.endReason = reason
            self.chronicle.note("\(self.name) stops: \(reason)")
            if reason != .superseded { self.chronicle.blame("\(self.name) ends by itself: \(reason)") }
        case .room(let id, let event):
            guard let room = self.practice.index(of: id) else {
                return self.chronicle.blame("\(self.name) hears of a room it does not have")
            }
            self.react(to: event, in: room, now: now)
        }
    }

    private func react(to event: RoomEvent, in room: Int, now: Instant) {
        let name = self.practice.rooms[room].name
        switch event {
        case .arrived(let guest): self.chronicle.note("\(self.name): guest \(guest.number) knocks at \(name)")
        case .left(let guest): self.chronicle.note("\(self.name): guest \(guest.number) leaves \(name)")
        case .admitted(let guest):
            if !self.calls.contains(Call(room: room, words: guest.authentication)) {
                self.chronicle.blame("\(self.name) admitted somebody to \(name) whom the doctor did not admit")
            }
            self.practice.rooms[room].admissions.append(guest.authentication)
        case .admissionChanged(let record):
            if let known = self.records[room], known.authentication != record.authentication {
                self.chronicle.blame("\(self.name) admitted a second guest to \(name)")
            }
            self.records[room] = record
        case .epochEstablished(let index): self.chronicle.note("\(self.name): epoch \(index) in \(name)")
        case .connectionLost: self.chronicle.note("\(self.name): connection lost in \(name)")
        case .offer(let generation, let text):
            guard let patient = Int(text) else { return self.chronicle.blame("an offer nobody made") }
            if self.media[room]?.patient != patient {
                if self.media[room] != nil { self.seat?.transportReplaced(in: self.practice.rooms[room].id) }
                self.media[room] = Media(patient: patient, doctor: self.certificate())
            }
            let answer = self.media[room].map { String($0.doctor) } ?? ""
            self.seat?.answer(answer, generation: generation, in: self.practice.rooms[room].id, now: now)
        case .turnedAway(let code):
            self.chronicle.note("\(self.name) turns somebody away from \(name): \(code.rawValue)")
        case .ended(let reason):
            self.chronicle.note("\(self.name): \(name) is over: \(reason)")
            self.media[room] = nil
            self.over.insert(room)
            switch reason {
            case .hungUp, .peerHungUp:
                self.practice.rooms[room].isOver = true
                self.practice.rooms[room].letIn = []
            case .roomTaken where self.practice.rooms[room].admissions.count > 1: break
            default: self.chronicle.blame("\(self.name): \(name) ends: \(reason)")
            }
        case .opened:
            self.practice.rooms[room].wasOpened = true
            if self.reopening.remove(room) != nil {
                self.records[room] = nil
                self.practice.rooms[room].wasReopened = true
                self.practice.rooms[room].letIn = []
            }
        case .closed, .relay, .consented, .remoteCandidate, .bound, .peerCompared, .chat, .stray: break
        }
    }
}
