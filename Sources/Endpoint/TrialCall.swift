internal import Audio
internal import Consultation
internal import Foundation
internal import Invitation
internal import NIOConcurrencyHelpers
internal import NIOPosix
package import Network
package import Primitives
internal import SecureChannel
internal import Session
internal import Signalling
package import TURN
internal import Wire

/// A call of a doctor with themselves, from this machine to this machine by way of the broker: what works in it works
/// for a patient.
///
/// Takes the place of the key at the broker: not while a desk or a call of the same key runs.
package struct TrialCall: Sendable {
    package enum Way: Equatable, Sendable {
        case direct
        case relay(TURNClient.Transport)
    }

    package enum Outcome: Equatable, Sendable {
        /// Sound flowed both ways, so long after the admission.
        case heard(Duration)
        /// The broker offers no such way.
        case notOffered
        /// It is offered, and nothing came through.
        case blocked
    }

    package struct Result: Sendable {
        package var outcome: Outcome
        /// What the broker handed out: `stun:` and `turn:` addresses.
        package var urls: [String]
    }

    package let identity: Ed25519.KeyPair
    package let broker: WebSocketURL
    package var trust = ServerTrust.system

    package init(identity: Ed25519.KeyPair, broker: WebSocketURL) {
        self.identity = identity
        self.broker = broker
    }

    /// Blocks for a second or two, at most for ``patience``.
    package func run(over way: Way) -> Result {
        let now = monotonicNow()
        let unixTime = UnixClock.timeAtZero(now: now)
        let start = UnixClock.now
        var random = RandomSource.system
        let secrets = RoomSecrets(
            validity: (start - min(start, 300))...start + 600, identity: self.identity, random: &random)
        var configuration = PeerSession.Configuration()
        configuration.setupLimit = Self.patience
        if case .relay(let transport) = way {
            configuration.relayOnly = true
            configuration.relayTransports = [transport]
        }
        var seat = DoctorSeat(
            identity: self.identity, host: self.broker.authority, language: .french, unixTimeAtZero: unixTime,
            random: .system)
        seat.openRoom(secrets, relayOnly: configuration.relayOnly, expiry: now + .seconds(600), now: now)
        let doctor = PeerSession(
            doctor: seat, room: secrets.keys.roomID, language: .french, configuration: configuration, random: .system,
            now: now)
        let patientSeat = PatientSeat(
            invitation: secrets.invitation,
            configuration: PatientSeat.Configuration(
                displayName: "", language: .french, consentTextHash: [UInt8](repeating: 0, count: 32)),
            unixTimeAtZero: unixTime, random: .system)
        let patient = PeerSession(
            patient: patientSeat, configuration: configuration, random: .system, now: now)
        return self.run(TrialEnd(doctor), TrialEnd(patient))
    }

    private func run(_ doctor: TrialEnd, _ patient: TrialEnd) -> Result {
        let finished = DispatchSemaphore(value: 0)
        let opened = DispatchSemaphore(value: 0)
        doctor.prepare(at: self.broker, trust: self.trust) { if $0 == .roomOpened { opened.signal() } }
        patient.prepare(at: self.broker, trust: self.trust) { _ in }
        Thread.detachNewThread {
            doctor.run(for: Self.patience + .seconds(4))
            // A room that never opened has nobody to wait for either.
            opened.signal()
            finished.signal()
        }
        Thread.detachNewThread {
            // Who comes before the room is open reads that there is none.
            opened.wait()
            patient.run(for: Self.patience + .seconds(2))
            finished.signal()
        }
        finished.wait()
        finished.wait()
        let (atDoctor, atPatient) = (doctor.finding, patient.finding)
        let urls = atDoctor.urls.isEmpty ? atPatient.urls : atDoctor.urls
        if atDoctor.hasNoRelay || atPatient.hasNoRelay { return Result(outcome: .notOffered, urls: urls) }
        guard let one = atDoctor.heard, let other = atPatient.heard else {
            return Result(outcome: .blocked, urls: urls)
        }
        return Result(outcome: .heard(max(one, other)), urls: urls)
    }

    package static let patience: Duration = .seconds(8)
}

/// One end of a trial and its driver.
///
/// Unchecked: prepared on the caller's thread, run on one of its own, and read by the caller again only after the semaphore
/// told that it ended. What the driver holds is confined to a thread, which the compiler cannot follow across that.
private final class TrialEnd: @unchecked Sendable {
    struct Finding {
        /// From admission to sound of the other end.
        var heard: Duration?
        var hasNoRelay = false
        var urls: [String] = []
    }

    private let session: PeerSession
    private var driver: CallDriver?
    private(set) var finding = Finding()

    init(_ session: PeerSession) {
        self.session = session
    }

    func prepare(at broker: WebSocketURL, trust: ServerTrust, onEvent: @escaping (SessionEvent) -> Void) {
        let attendant = HeadlessAttendant(wordsAre: true, duration: .milliseconds(900), onEvent: onEvent)
        let driver = CallDriver(
            session: self.session, broker: broker, trust: trust, group: MultiThreadedEventLoopGroup.singleton,
            attendant: attendant, sound: HeadlessSound(source: .tone(hertz: 600)),
            includesLoopback: broker.isLoopback)
        driver.givesUpUnreachable = true
        self.driver = driver
    }

    func run(for patience: Duration) {
        self.driver?.run(until: monotonicNow() + patience)
        let steps = self.session.milestones
        self.finding.hasNoRelay = self.session.endReason == .noRelay
        self.finding.urls = self.session.relay?.urls ?? []
        if let admitted = steps.admitted, let first = self.session.media?.voice?.firstDecoded {
            self.finding.heard = first - admitted
        }
    }
}
