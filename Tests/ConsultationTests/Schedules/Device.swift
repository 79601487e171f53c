import Invitation
import SecureChannel
import Signalling
import Simulation
import Wire

@testable import Consultation

/// A patient's device with the link: a page that can be reloaded, and somebody who wants in.
final class Device: SimulatedEnd {
    enum Standing: Equatable {
        case away
        /// The page is there and tries.
        case trying
        /// The doctor let this device in, once at least.
        case admitted
        case over(EndReason)
        /// The tab was closed.
        case closed
    }

    let number: Int
    let room: Int
    let name: String
    private let invitation: Invitation
    private let chronicle: Chronicle
    private(set) var seat: PatientSeat?
    private(set) var standing: Standing = .away
    /// The words on the screen of this tab, of each fresh join.
    private(set) var words: [ShortAuthenticationString] = []
    private(set) var media: Media?
    private(set) var isBound = false
    /// The doctor's desk has confirmed on this very socket that this device waits.
    private(set) var waitsSince: Instant?
    /// When the page last got a socket that is its own.
    private(set) var presentSince: Instant?
    /// When this page tries again although its seat gave up, or offers again although nothing came of it.
    var patience: Instant = .distantFuture
    private(set) var endings = 0
    private var unknownCount = 0
    private var isDisconnecting = false
    private var certificateSerial: Int = 0
    private var random: RandomSource
    private let certificate: () -> Int
    /// The answer came: the transports may meet.
    var onAnswer: ((Device, Media) -> Void)?
    var onAdmission: ((Device) -> Void)?

    init(
        _ number: Int, room: Int, of practice: Practice, chronicle: Chronicle, random: RandomSource,
        certificate: @escaping () -> Int
    ) {
        self.number = number
        self.room = room
        self.name = "device \(number + 1) of \(practice.rooms[room].name)"
        self.invitation = practice.rooms[room].secrets.invitation
        self.chronicle = chronicle
        self.random = random
        self.certificate = certificate
    }

    var isThere: Bool { self.standing == .trying || self.standing == .admitted }
    /// The seat gave up, and somebody will press the button again.
    var triesAgain: Bool { self.patience != .distantFuture }
    var wasAdmitted: Bool { self.seat?.isAdmitted == true }

    // MARK: The person

    /// Opens the link in a new tab, which knows nothing.
    func knock(now: Instant) {
        guard !self.isThere else { return }
        self.chronicle.note("\(self.name) opens the link")
        self.words = []
        self.unknownCount = 0
        self.seat = self.freshSeat()
        self.begin(now: now)
    }

    /// The same tab again: what session storage keeps is all that is left.
    func reload(now: Instant) {
        guard let old = self.seat else { return }
        self.chronicle.note("\(self.name) reloads")
        self.leave()
        var seat = self.freshSeat()
        seat.resumption = old.resumption
        seat.latest = old.latest
        seat.formers = old.formers
        seat.epochIndex = old.epochIndex
        seat.isAdmitted = old.isAdmitted
        seat.hasConsented = old.hasConsented
        seat.generation = old.generation
        seat.comparison = old.comparison
        self.seat = seat
        self.begin(now: now)
    }

    func closeTab() {
        guard self.isThere else { return }
        self.chronicle.note("\(self.name) closes the tab")
        self.leave()
        self.seat = nil
        self.standing = .closed
    }

    func hangUp(now: Instant) {
        guard self.isThere else { return }
        self.chronicle.note("\(self.name) hangs up")
        self.seat?.hangUp(now: now)
    }

    private func freshSeat() -> PatientSeat {
        PatientSeat(
            invitation: self.invitation,
            configuration: PatientSeat.Configuration(
                displayName: "", language: .french, consentTextHash: Media.certificate(3)),
            unixTimeAtZero: Int64(World.unixTimeAtZero), random: self.random.child())
    }

    private func begin(now: Instant) {
        self.certificateSerial = self.certificate()
        self.standing = self.wasAdmitted ? .admitted : .trying
        self.patience = .distantFuture
        self.seat?.start(now: now)
    }

    private func leave() {
        self.isDisconnecting = true
        self.media = nil
        self.isBound = false
        self.forgetSocket()
    }

    private func forgetSocket() {
        self.presentSince = nil
        self.waitsSince = nil
    }

    // MARK: Media

    func connect(_ media: Media, now: Instant) {
        self.media = media
        self.seat?.transportConnected(media.seen, now: now)
    }

    /// The other end is gone: this page starts a connection of its own anew.
    func loseMedia(now: Instant) {
        guard self.media != nil else { return }
        self.chronicle.note("\(self.name) hears nothing any more")
        self.media = nil
        self.isBound = false
        self.certificateSerial = self.certificate()
        self.seat?.transportReplaced()
        self.offer(now: now)
    }

    private func offer(now: Instant) {
        if self.seat?.offer(String(self.certificateSerial), now: now) != nil { self.patience = now + .seconds(10) }
    }

    // MARK: The world

    func start(now: Instant) {}

    func socketOpened(now: Instant) {
        self.presentSince = now
        self.seat?.socketOpened(now: now)
    }

    func socketClosed(now: Instant) {
        self.forgetSocket()
        self.seat?.socketClosed(now: now)
    }

    func receive(_ message: [UInt8], now: Instant) { self.seat?.receive(message, now: now) }
    func receive(_ datagram: SimulatedDatagram, now: Instant) {}

    func handleTimeout(now: Instant) {
        if self.patience <= now {
            self.patience = .distantFuture
            if case .over = self.standing {
                self.reload(now: now)
            } else if self.standing == .admitted, self.media == nil {
                self.certificateSerial = self.certificate()
                self.offer(now: now)
            }
        }
        self.seat?.handleTimeout(now: now)
    }

    func pollOutput(now: Instant) -> EndOutput {
        if self.isDisconnecting {
            self.isDisconnecting = false
            return .disconnect
        }
        while true {
            switch self.seat?.pollOutput() {
            case .connect:
                self.forgetSocket()
                return .connect
            case .send(let message): return .send(message)
            case .disconnect:
                self.forgetSocket()
                return .disconnect
            case .wait(let until): return .wait(until: min(until, self.patience))
            case nil: return .wait(until: .distantFuture)
            case .event(let event): self.react(to: event, now: now)
            }
        }
    }

    private func react(to event: PatientEvent, now: Instant) {
        switch event {
        case .introduced(_, let words): self.words.append(words)
        case .waiting: self.waitsSince = self.waitsSince ?? now
        case .admitted:
            self.chronicle.note("\(self.name) is let in")
            self.standing = .admitted
            self.onAdmission?(self)
            self.seat?.consent(now: now)
            self.offer(now: now)
        case .resumed:
            self.chronicle.note("\(self.name) is back in")
            self.unknownCount = 0
            if self.media == nil { self.offer(now: now) }
        case .restartRequested: self.offer(now: now)
        case .answer(_, let text):
            guard let doctor = Int(text) else { return self.chronicle.blame("an answer nobody made") }
            self.onAnswer?(self, Media(patient: self.certificateSerial, doctor: doctor))
        case .bound: self.isBound = true
        case .connectionLost: self.waitsSince = nil
        case .ended(let reason): self.finish(reason, now: now)
        case .doctorPresent, .epochEstablished, .relay, .remoteCandidate, .peerCompared, .chat: break
        }
    }

    private func finish(_ reason: EndReason, now: Instant) {
        self.chronicle.note("\(self.name) stops: \(reason)")
        self.media = nil
        self.isBound = false
        self.forgetSocket()
        self.standing = .over(reason)
        self.endings += 1
        self.patience = .distantFuture
        switch reason {
        case .retriesExhausted, .turnedAway(.rate), .turnedAway(.full):
            self.patience = now + .seconds(5) + .seconds(10) * self.random.unitInterval()
        case .turnedAway(.unknownOrExpired) where self.wasAdmitted:
            // A person tries once or twice more, and believes it then.
            self.unknownCount += 1
            guard self.unknownCount < 3 else { return }
            self.patience = now + .seconds(10) + .seconds(10) * self.random.unitInterval()
        case .hungUp, .peerHungUp, .refused, .turnedAway: break
        default: self.chronicle.blame("\(self.name) ends: \(reason)")
        }
    }
}
