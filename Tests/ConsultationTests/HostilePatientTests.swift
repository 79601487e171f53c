import Consultation
import Invitation
import Primitives
import SecureChannel
import Signalling
import Testing
import Wire

/// A doctor's seat with two rooms, fed by hand: the broker, and whoever sits behind it, may say anything.
private struct Besieged {
    let invitations: [Invitation]
    let rooms: [RoomID]
    var seat: DoctorSeat
    var random: RandomSource
    var now: Instant = .zero
    private(set) var events: [DoctorEvent] = []
    /// What the seat last relayed to each connection.
    private(set) var relayed: [UInt32: [UInt8]] = [:]

    init(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        let identity = try Ed25519.KeyPair(seed: SecretBytes(copying: random.bytes(count: 32)))
        let secrets = (0..<2).map { _ in RoomSecrets(validity: 0...7200, identity: identity, random: &random) }
        self.invitations = secrets.map(\.invitation)
        self.rooms = secrets.map(\.keys.roomID)
        self.seat = DoctorSeat(
            identity: identity, host: DoctorEnd.host, language: .french, unixTimeAtZero: 0, random: random.child())
        self.random = random
        for room in secrets { self.seat.openRoom(room, relayOnly: false, expiry: .zero + .seconds(7200), now: .zero) }
        self.seat.start(now: .zero)
        self.say(.challenge(self.random.bytes(count: 32)))
        self.say(.done(type: .authenticate, room: .none, code: .done))
    }

    mutating func say(_ envelope: Envelope) { self.say(envelope.encoded) }

    mutating func say(_ message: [UInt8]) {
        self.seat.receive(message, now: self.now)
        self.drain()
    }

    mutating func drain() {
        while true {
            switch self.seat.pollOutput() {
            case .event(let event): self.events.append(event)
            case .send(let message):
                if case .relay(let connection, let payload)? = try? Envelope(decoding: message, for: .broker) {
                    self.relayed[connection] = payload
                }
            case .connect, .disconnect: break
            case .wait: return
            }
        }
    }

    mutating func pass(_ duration: Duration) {
        self.now += duration
        self.seat.handleTimeout(now: self.now)
        self.drain()
    }

    mutating func below(_ bound: Int) -> Int { Int(self.random.next() % UInt64(bound)) }

    var roomEvents: [RoomEvent] {
        self.events.compactMap { if case .room(_, let event) = $0 { event } else { nil } }
    }

    /// Somebody with the link of the first room comes as far as CONFIRM.
    mutating func enter(_ connection: UInt32, name: String = "") throws -> EstablishedEpoch {
        self.say(.peerUp(connection: connection, room: self.rooms[0], mode: .fresh))
        var handshake = try PatientHandshake(
            calling: RoomKeys(self.invitations[0]), sessionPublicKey: self.invitations[0].sessionPublicKey,
            language: .french, random: &self.random)
        self.say(.relay(connection: connection, payload: handshake.messageOne))
        let answer = try #require(self.relayed[connection])
        var epoch = try handshake.readMessageTwo(answer, unixTime: 0)
        self.say(
            .relay(connection: connection, payload: try epoch.channel.seal(epoch.confirmation(displayName: name))))
        return epoch.channel
    }
}

@Suite("A hostile patient or broker before the doctor's seat")
struct HostilePatientTests {
    @Test("random envelopes and random acts of the doctor: no crash, no guest, no admission", arguments: 0..<300)
    func randomEnvelopes(seed: UInt64) throws {
        var besieged = try Besieged(seed: seed)
        for _ in 0..<80 {
            let connection = UInt32(besieged.below(4))
            let room = besieged.below(5) == 0 ? RoomID.none : besieged.rooms[besieged.below(2)]
            switch besieged.below(16) {
            case 0...2:
                besieged.say(
                    .peerUp(connection: connection, room: room, mode: besieged.below(2) == 0 ? .fresh : .resume))
            case 3: besieged.say(.peerDown(connection: connection))
            case 4...6:
                let length = [1, 48, 112, 116, 272, 304, 1040, 65_535][besieged.below(8)]
                besieged.say(.relay(connection: connection, payload: besieged.random.bytes(count: length)))
            case 7: besieged.say(.stray(room: room, count: .max))
            case 8:
                let type = EnvelopeType(rawValue: UInt8(1 + besieged.below(7)))
                if type != .authenticate {
                    besieged.say(.done(type: type, room: room, code: DoneCode(rawValue: UInt16(besieged.below(2)))))
                }
            case 9: besieged.say(.challenge(besieged.random.bytes(count: 32)))
            case 10: besieged.say(besieged.random.bytes(count: besieged.below(80)))
            case 11:
                var message = Envelope.peerUp(connection: connection, room: room, mode: .fresh).encoded
                message[besieged.below(message.count)] ^= UInt8(1 + besieged.below(255))
                besieged.say(message)
            case 12:
                besieged.seat.admit(connection, in: room, now: besieged.now)
                besieged.seat.tellWaiting("soon", in: room, now: besieged.now)
                besieged.seat.chat(id: .max, text: "hello", in: room, now: besieged.now)
                besieged.drain()
            case 13:
                besieged.seat.socketClosed(now: besieged.now)
                besieged.pass(.seconds(10))
                besieged.say(.done(type: .authenticate, room: .none, code: .done))
            default: besieged.pass(.seconds(15) * besieged.random.unitInterval())
            }
            #expect(besieged.rooms.allSatisfy { besieged.seat.guests(in: $0).isEmpty }, "seed \(seed)")
        }
        for event in besieged.roomEvents {
            switch event {
            case .opened, .closed, .turnedAway, .stray, .ended: break
            default: Issue.record("seed \(seed): \(event)")
            }
        }
    }

    @Test("random frames from somebody with the link are heard only after admission and consent", arguments: 0..<400)
    func randomFrames(seed: UInt64) throws {
        var besieged = try Besieged(seed: seed)
        var epoch = try besieged.enter(7)
        let guest = try #require(besieged.seat.guests(in: besieged.rooms[0]).first)
        let isAdmitted = seed % 2 == 0
        if isAdmitted { besieged.seat.admit(guest.connection, in: besieged.rooms[0], now: besieged.now) }
        besieged.drain()
        var hasConsented = false
        for _ in 0..<12 {
            let frame = besieged.frame()
            guard var sealed = try? epoch.seal(frame) else { continue }
            if besieged.below(20) == 0 { sealed[besieged.below(sealed.count)] ^= 1 }
            let before = besieged.roomEvents.count
            besieged.say(.relay(connection: 7, payload: sealed))
            for event in besieged.roomEvents.dropFirst(before) {
                switch event {
                case .left, .ended, .connectionLost, .turnedAway, .closed: break
                case .consented: hasConsented = true
                case .admissionChanged(let record): #expect(record.hasConsented && record.comparison == nil)
                case .offer, .remoteCandidate: #expect(hasConsented, "seed \(seed): \(event) without consent")
                case .chat(_, let text): #expect(text.utf16.count <= 2000, "seed \(seed)")
                case .peerCompared, .bound: break
                default: Issue.record("seed \(seed): \(event)")
                }
                if !isAdmitted, event != .left(guest) { Issue.record("seed \(seed): \(event) before admission") }
            }
            besieged.pass(.seconds(1))
        }
        #expect(!besieged.roomEvents.contains(.bound))
        #expect(besieged.seat.isOnline)
        besieged.say(.done(type: .roomOpen, room: besieged.rooms[1], code: .done))
        #expect(besieged.events.last == .room(besieged.rooms[1], .opened), "the other room is not served any more")
    }

    @Test("a name is cut to 64 octets between two letters", arguments: ["é", "🩺", "a", "e\u{301}", "\u{202E}"])
    func names(letter: String) throws {
        var besieged = try Besieged(seed: 1)
        _ = try besieged.enter(7, name: String(repeating: letter, count: 5000 / letter.utf8.count))
        let name = try #require(besieged.seat.guests(in: besieged.rooms[0]).first).displayName
        #expect(name.utf8.count <= 64 && name.utf8.count > 60)
        #expect(String(repeating: letter, count: 64).unicodeScalars.starts(with: name.unicodeScalars))
    }

    @Test("what a person writes at length is cut, and breaks no connection")
    func longTexts() throws {
        var besieged = try Besieged(seed: 2)
        var epoch = try besieged.enter(7)
        let text = String(repeating: "🩺", count: 20_000)
        let room = besieged.rooms[0]
        besieged.seat.tellWaiting(text, in: room, now: besieged.now)
        besieged.seat.admit(7, in: room, now: besieged.now)
        besieged.seat.chat(id: 1, text: text, in: room, now: besieged.now)
        besieged.drain()
        #expect(besieged.seat.canRequestRestart(in: room))
        let chat = try epoch.seal(.chat(id: 1, text: String(repeating: "🩺", count: 3000)))
        besieged.say(.relay(connection: 7, payload: chat))
        #expect(besieged.roomEvents.last == .chat(id: 1, text: String(repeating: "🩺", count: 1000)))
    }

    @Test("another desk of this doctor admitted somebody else: the room is over at this one")
    func admittedElsewhere() throws {
        var besieged = try Besieged(seed: 4)
        _ = try besieged.enter(7)
        besieged.seat.admit(7, in: besieged.rooms[0], now: besieged.now)
        besieged.say(.done(type: .roomConsume, room: besieged.rooms[0], code: .otherOwner))
        #expect(besieged.roomEvents.last == .ended(.roomTaken))
    }

    @Test("the broker gives a number a second time: whoever had it is gone, in either room", arguments: [0, 1])
    func numberTwice(room: Int) throws {
        var besieged = try Besieged(seed: 3)
        _ = try besieged.enter(7)
        let guest = try #require(besieged.seat.guests(in: besieged.rooms[0]).first)
        besieged.say(.peerUp(connection: 7, room: besieged.rooms[room], mode: .fresh))
        #expect(besieged.seat.guests(in: besieged.rooms[0]).isEmpty)
        #expect(besieged.roomEvents.last == .left(guest))
    }
}

extension Besieged {
    /// Any frame, with any content that can be written.
    mutating func frame() -> Frame {
        let text = String(repeating: ["a", "\u{1B}[2J", "🩺", "\0"][self.below(4)], count: self.below(3500))
        let number = [0, 1, 2, UInt32.max][self.below(4)]
        switch self.below(18) {
        case 0:
            return .confirm(
                Frame.Confirmation(nonce: self.random.bytes(count: 32), receiptKey: nil, displayName: text))
        case 1: return .waiting(message: text)
        case 2: return .admit(Frame.AdmissionFlags(rawValue: UInt8(self.below(256))))
        case 3: return .refuse(RefusalReason(rawValue: UInt8(self.below(256))))
        case 4, 5: return .sessionDescription(.offer, generation: number, text: text)
        case 6: return .sessionDescription(self.below(2) == 0 ? .answer : .restart, generation: number, text: text)
        case 7: return .candidate(generation: number, text: text)
        case 8: return .wordsResult(isSame: self.below(2) == 0)
        case 9: return .transportBinding(tag: self.random.bytes(count: 32))
        case 10, 11: return .chat(id: number, text: text)
        case 12: return .keyEncapsulation(self.random.bytes(count: 1088))
        case 13: return .keepAlive
        case 14: return .receipt(.body, octets: self.random.bytes(count: self.below(2000)))
        case 15: return .bye(ByeReason(rawValue: UInt8(self.below(256))))
        case 16: return .identityCheck(IdentityCheck(rawValue: UInt8(self.below(256))))
        default:
            return .consent(
                Frame.Consent(
                    version: UInt8(self.below(256)), language: .french, textHash: self.random.bytes(count: 32),
                    time: .max))
        }
    }
}
