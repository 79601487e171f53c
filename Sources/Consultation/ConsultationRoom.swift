internal import Invitation
internal import SecureChannel
internal import Signalling
internal import Wire

/// One room as its doctor runs it: who holds the link, who waits, the one who was admitted.
///
/// Composed by ``DoctorSeat``, which owns the socket. A person sees a guest only after that guest's CONFIRM verified.
///
/// Here: the state, who comes and goes, sending. In extensions: how a visitor becomes a guest (`+Handshakes`), what guests
/// say (`+Frames`), what the doctor does (`+Doctor`).
struct ConsultationRoom: Sendable {
    enum Output: Equatable, Sendable {
        case send(Envelope)
        case event(RoomEvent)
    }

    enum Visitor: Sendable {
        /// PEER_UP came; message 1 is awaited.
        case arrived(JoinMode, deadline: Instant)
        /// Message 2 is out.
        case confirming(AwaitedConfirmation, deadline: Instant)
        case waiting(Guest, LiveEpoch)
        case admitted(LiveEpoch)
    }

    /// What lasts from admission on.
    struct Admission: Sendable {
        var record: AdmissionRecord
        /// `nil` while the admitted guest is not connected.
        var connection: UInt32?
        var generation: UInt32?
    }

    let secrets: RoomSecrets
    let language: LanguageCode
    let relayOnly: Bool
    var random: RandomSource
    var visitors: [UInt32: Visitor] = [:]
    var admission: Admission?
    var guestCount = 0
    var waitingMessage = ""
    var allowance: HandshakeAllowance
    var seenEphemerals = RecentSet<[UInt8]>(capacity: 1024)
    var binding = BindingCheck()
    private(set) var isFinished = false
    var outputs: [Output] = []

    /// - Parameter record: of the guest whom an earlier life of this process admitted.
    init(
        secrets: RoomSecrets, language: LanguageCode, relayOnly: Bool, restoring record: AdmissionRecord? = nil,
        random: RandomSource, now: Instant
    ) {
        self.secrets = secrets
        self.language = language
        self.relayOnly = relayOnly
        self.random = random
        self.allowance = HandshakeAllowance(now: now)
        if let record {
            self.admission = Admission(record: record)
            self.guestCount = record.guestNumber
        }
    }

    var roomID: RoomID { self.secrets.keys.roomID }

    /// What the broker must know to let the admitted guest, and nobody else, come back.
    var rejoinHash: [UInt8]? { self.admission?.record.resumption.rejoinHash }

    mutating func takeOutputs() -> [Output] {
        defer { self.outputs.removeAll() }
        return self.outputs
    }

    // MARK: The broker

    mutating func peerUp(_ connection: UInt32, _ mode: JoinMode, now: Instant) {
        // A number that stands for somebody already: that one is gone.
        self.peerDown(connection)
        self.visitors[connection] = .arrived(mode, deadline: now + Timetable.messageOne)
    }

    mutating func peerDown(_ connection: UInt32) {
        guard let visitor = self.visitors.removeValue(forKey: connection) else { return }
        switch visitor {
        case .waiting(let guest, _): self.emit(.left(guest))
        case .admitted: self.loseAdmitted()
        case .arrived, .confirming: break
        }
    }

    /// This end's own socket is gone, and every connection with it.
    mutating func socketLost() {
        for connection in self.visitors.keys.sorted() { self.peerDown(connection) }
    }

    mutating func receive(_ payload: [UInt8], from connection: UInt32, now: Instant) {
        switch self.visitors[connection] {
        case .arrived(.fresh, _): self.receiveCall(payload, connection, now: now)
        case .arrived(.resume, _): self.receiveResume(payload, connection, now: now)
        case .confirming(let awaited, _): self.receiveConfirmation(payload, awaited, connection, now: now)
        case .waiting(let guest, let epoch): self.receiveFromWaiting(payload, guest, epoch, now: now)
        case .admitted(let epoch): self.receiveFromAdmitted(payload, epoch, connection, now: now)
        case nil: break
        }
    }

    mutating func handleTimeout(now: Instant) {
        for (connection, visitor) in self.visitors.sorted(by: { $0.key < $1.key }) {
            switch visitor {
            case .arrived(_, let deadline), .confirming(_, let deadline):
                if deadline <= now { self.drop(connection, .unknownOrExpired) }
            case .waiting(_, let epoch):
                if epoch.silenceDeadline <= now {
                    self.drop(connection, .unknownOrExpired)
                } else if epoch.keepAliveAt <= now {
                    self.send(.keepAlive, to: connection, now: now)
                }
            case .admitted(let epoch):
                if epoch.silenceDeadline <= now || (self.binding.deadline ?? .distantFuture) <= now {
                    self.drop(connection, .unknownOrExpired)
                } else if epoch.keepAliveAt <= now {
                    self.send(.keepAlive, to: connection, now: now)
                }
            }
        }
    }

    var deadline: Instant {
        var earliest = self.binding.deadline ?? .distantFuture
        for visitor in self.visitors.values {
            switch visitor {
            case .arrived(_, let deadline), .confirming(_, let deadline): earliest = min(earliest, deadline)
            case .waiting(_, let epoch), .admitted(let epoch): earliest = min(earliest, epoch.nextDeadline)
            }
        }
        return earliest
    }

    // MARK: Leaving

    mutating func drop(_ connection: UInt32, _ code: ErrorCode) {
        self.outputs.append(.send(.drop(connection: connection, code: code)))
        let visitor = self.visitors.removeValue(forKey: connection)
        switch visitor {
        case .waiting(let guest, _): self.emit(.left(guest))
        case .admitted: self.loseAdmitted()
        case .arrived, .confirming: self.emit(.turnedAway(code))
        case nil: break
        }
    }

    private mutating func loseAdmitted() {
        self.admission?.connection = nil
        self.binding.epochLost()
        self.emit(.connectionLost)
    }

    mutating func finish(_ reason: EndReason) {
        guard !self.isFinished else { return }
        self.isFinished = true
        self.visitors.removeAll()
        self.outputs.append(.send(.roomClose(room: self.roomID)))
        self.emit(.ended(reason))
    }

    // MARK: Sending

    var admittedEpoch: LiveEpoch? {
        guard let connection = self.admission?.connection,
            case .admitted(let epoch) = self.visitors[connection]
        else { return nil }
        return epoch
    }

    mutating func sendToAdmitted(_ frame: Frame, now: Instant) {
        guard let connection = self.admission?.connection else { return }
        self.send(frame, to: connection, now: now)
    }

    mutating func send(_ frame: Frame, to connection: UInt32, now: Instant) {
        do {
            let sealed: [UInt8]
            switch self.visitors[connection] {
            case .waiting(let guest, var epoch):
                sealed = try epoch.seal(frame, now: now)
                self.visitors[connection] = .waiting(guest, epoch)
            case .admitted(var epoch):
                sealed = try epoch.seal(frame, now: now)
                self.visitors[connection] = .admitted(epoch)
            case .arrived, .confirming, nil:
                return
            }
            self.outputs.append(.send(.relay(connection: connection, payload: sealed)))
        } catch {
            self.drop(connection, .closed)
        }
    }

    mutating func emit(_ event: RoomEvent) {
        self.outputs.append(.event(event))
    }
}
