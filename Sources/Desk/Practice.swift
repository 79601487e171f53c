package import Consultation
package import Endpoint
internal import Handout
internal import Invitation
package import Keystore
package import Network
internal import Screens
package import SecureChannel
package import Session
package import Sound
package import Wire

/// A doctor at work: every open room at the broker, who waits in them, and one call at a time.
///
/// Decides nothing a person should: the ``DeskSurface`` calls ``admit(_:in:now:)`` and the like. Here is what follows
/// from a decision: what is kept on disk, which session the driver runs, when sound is on. Confined to the driver's
/// thread.
///
/// In extensions: what the session tells (`+Events`), what the person decides (`+Person`), what other commands ask
/// (`+Door`, `+Reopening`).
package final class Practice: CallAttendant {
    package struct Setting {
        package var language: LanguageCode
        /// Every call through a relay, whatever the room says.
        package var relayOnly = false
        /// Microphone and loudspeaker to begin with.
        package var sound = SoundCard.Choice()
        /// Leave after the first call.
        package var endsAfterCall = false

        package init(language: LanguageCode) {
            self.language = language
        }
    }

    package internal(set) var rooms: [DeskRoom] = []
    package internal(set) var call: CallFacts?
    /// The broker answered, and holds this place.
    package internal(set) var isOnline = false
    /// Since when it does not.
    package internal(set) var awaySince: Instant?
    package internal(set) var isSuperseded = false
    /// Why the desk cannot go on at all.
    package internal(set) var fatal: EndReason?
    /// A room that the broker does not hold, or no longer, and why.
    package internal(set) var roomFailure: (label: String, reason: EndReason, at: Instant)?
    /// What was to be kept last could not be written to the disk.
    package internal(set) var keystoreFailure: KeystoreError?
    package internal(set) var sound: SoundCard.Choice
    /// What there was to choose from when it was looked for last.
    package internal(set) var devices: (captures: [SoundDevices.Device], playbacks: [SoundDevices.Device]) = ([], [])
    /// How loud both sides were since the last look, 0 to 1.
    package internal(set) var levels: (own: Double, peer: Double) = (0, 0)
    package private(set) var report: CallReport?
    /// Of the last call.
    package private(set) var endReason: EndReason?

    let identity: UnlockedIdentity
    let broker: WebSocketURL
    let keeper: RoomKeeper
    let door: DeskDoor?
    let surface: any DeskSurface
    let setting: Setting
    var card: CardSound?
    var nextChat: UInt32 = 1
    /// When the session of an ended call makes room for the next.
    var followsAt: Instant?
    var nextSample: Instant = .distantFuture
    private var nextLevel: Instant = .zero
    private var nextSweep: Instant = .zero
    /// Of ``RoomKeeper/outcomes``, when last looked.
    private var keeperOutcomes = 0
    var doorVisitors: [RoomID: [(DeskDoor.Visitor, until: Instant)]] = [:]
    /// Rooms whose link is to work again, as they are written once the broker has confirmed it.
    var reopenings: [RoomID: StoredRoom] = [:]

    /// - Parameter door: where other commands find this desk; `nil` for none.
    package init(
        identity: UnlockedIdentity, broker: WebSocketURL, surface: any DeskSurface, setting: Setting, home: String,
        hasDoor: Bool = true
    ) {
        self.identity = identity
        self.broker = broker
        self.keeper = RoomKeeper(identity.rooms, identity.journal)
        self.door = hasDoor ? DeskDoor(home: home) : nil
        self.surface = surface
        self.setting = setting
        self.sound = setting.sound
    }

    /// The session to begin with: it holds the rooms open, and goes back into the call that was interrupted, if one was.
    package func firstSession(_ stored: [StoredRoom], now: Instant) -> PeerSession {
        var seat = DoctorSeat(
            identity: self.identity.keyPair, host: self.broker.authority, language: self.setting.language,
            unixTimeAtZero: UnixClock.timeAtZero(now: now), random: .system)
        for room in stored { self.open(room, at: &seat, now: now) }
        let session = self.idleSession(seat, now: now)
        self.awaySince = now
        return session
    }

    /// Comes back into the call that an earlier life of this process left, if there is exactly one.
    package func resumeInterrupted(in driver: CallDriver, now: Instant) {
        let interrupted = self.rooms.filter { if case .interrupted = $0.state { true } else { false } }
        guard interrupted.count == 1, let room = interrupted.first else { return }
        self.resume(room.session, in: driver, now: now)
    }

    func open(_ stored: StoredRoom, at seat: inout DoctorSeat, reopens: Bool = false, now: Instant) {
        let secrets = RoomSecrets(stored)
        let isRelayOnly = self.setting.relayOnly || stored.invitation.flags.contains(.relayOnly)
        let record = AdmissionRecord(stored)
        // Whoever is in may come back after the link's own time.
        let unixTime = Int64(clamping: stored.expires) - UnixClock.timeAtZero(now: now)
        var expiry = Instant(nanoseconds: unixTime.multipliedReportingOverflow(by: 1_000_000_000).partialValue)
        if record != nil { expiry = max(expiry, now + Self.longestCall) }
        seat.openRoom(secrets, relayOnly: isRelayOnly, expiry: expiry, restoring: record, reopens: reopens, now: now)
        self.rooms.removeAll { $0.session == stored.session }
        let link = stored.linkText ?? ""
        self.rooms.append(
            DeskRoom(
                session: stored.session, id: secrets.keys.roomID, label: stored.label, opens: stored.opens,
                expires: stored.expires, isRelayOnly: isRelayOnly, link: link,
                qr: QRCode(link).flatMap { QRPattern(side: $0.side, modules: $0.modules) },
                state: record.map { .interrupted($0) } ?? .opening))
        self.rooms.sort { ($0.opens, $0.expires, $0.session.text) < ($1.opens, $1.expires, $1.session.text) }
    }

    func idleSession(_ seat: DoctorSeat, now: Instant) -> PeerSession {
        var configuration = PeerSession.Configuration()
        configuration.relayOnly = self.setting.relayOnly
        configuration.endsWithoutPlace = false
        return PeerSession(
            doctor: seat, room: nil, language: self.setting.language, configuration: configuration, random: .system,
            now: now)
    }

    func index(of room: RoomID) -> Int? { self.rooms.firstIndex { $0.id == room } }
    func index(of session: SessionID) -> Int? { self.rooms.firstIndex { $0.session == session } }

    // MARK: The driver

    package func listen(on waiting: inout WaitList) {
        self.surface.listen(on: &waiting)
        self.door?.listen(on: &waiting)
    }

    package var deadline: Instant {
        var earliest = min(self.surface.deadline, self.followsAt ?? .distantFuture, self.nextSample)
        for visitors in self.doorVisitors.values { for visitor in visitors { earliest = min(earliest, visitor.until) } }
        return earliest
    }

    package func serve(_ driver: CallDriver, now: Instant) {
        self.lookAtKeeper()
        self.dropExpired(driver, now: now)
        self.serveDoor(driver, now: now)
        self.sampleCall(driver, now: now)
        if let followsAt = self.followsAt, followsAt <= now { self.returnToDesk(driver, now: now) }
        self.surface.serve(self, driver: driver, now: now)
    }

    private func lookAtKeeper() {
        let outcomes = self.keeper.outcomes
        guard outcomes != self.keeperOutcomes else { return }
        self.keeperOutcomes = outcomes
        let failure = self.keeper.failure
        guard failure != self.keystoreFailure else { return }
        self.keystoreFailure = failure
        self.surface.changed()
    }

    /// Leaves without ending anything: rooms stay open, and a call can be returned to.
    package func stop(_ driver: CallDriver, now: Instant) {
        driver.session.leave(now: now)
        self.keeper.finish()
        driver.finish()
    }

    /// The session of the ended call gives its seat to the next one; what the person saw of it stays until dismissed.
    func returnToDesk(_ driver: CallDriver, now: Instant) {
        self.followsAt = nil
        self.card = nil
        driver.follow { self.idleSession($0, now: now) }
    }

    func ended(_ reason: EndReason, _ driver: CallDriver, now: Instant) {
        let report = CallReport(driver.session, reason: reason)
        self.report = report
        self.endReason = reason
        self.call?.report = report
        self.nextSample = .distantFuture
        self.card?.finish()
        if let call = self.call, let session = call.session {
            let words = call.comparison.map { $0 ? "same" : "different" } ?? "not-compared"
            let minutes = call.boundAt.map { Int((now - $0).milliseconds / 60_000) } ?? 0
            self.keeper.note(
                .ended, session,
                "reason=\(reason.description.prefix(80)) words=\(words) path=\(report.path?.kind ?? "none") minutes=\(minutes)"
            )
            self.keeper.end(session, brokeOff: call.brokeOff(by: reason))
            self.rooms.removeAll { $0.session == session }
        }
        if self.setting.endsAfterCall {
            self.keeper.finish()
        }
        self.followsAt = now + CallDriver.farewell
    }

    private func sampleCall(_ driver: CallDriver, now: Instant) {
        if let card = self.card {
            let events = card.card.takeEvents()
            for event in events { self.call?.handle(event) }
            if !events.isEmpty {
                self.findDevices()
                self.surface.changed()
            }
            if self.nextLevel <= now {
                self.nextLevel = now + Self.levelPeriod
                let levels = card.card.takeLevels()
                self.levels = (levels.capture.meter, levels.playback.meter)
            }
        }
        guard self.nextSample <= now else { return }
        self.nextSample = now + Self.samplePeriod
        if let voice = driver.session.media?.voice { self.call?.quality.sample(voice, now: now) }
        self.surface.changed()
    }

    /// Links whose time is over, with nobody waiting: the desk shows them no longer, and the broker is told.
    private func dropExpired(_ driver: CallDriver, now: Instant) {
        guard now >= self.nextSweep else { return }
        self.nextSweep = now + .seconds(10)
        if let failure = self.roomFailure, now - failure.at > .seconds(60) { self.roomFailure = nil }
        let unixTime = UnixClock.now
        for room in self.rooms where room.expires + Self.afterExpiry < unixTime && room.guests.isEmpty {
            guard room.state == .open || room.state == .opening else { continue }
            driver.session.withDoctorSeat(now: now) { $0.closeRoom(room.id) }
            self.rooms.removeAll { $0.session == room.session }
            self.surface.changed()
        }
    }

    /// Seconds for which a link that is over is still shown as such.
    private static let afterExpiry: UInt64 = 60

    func findDevices() {
        self.devices = (SoundDevices.list(.capture), SoundDevices.list(.playback))
    }

    private static let levelPeriod: Duration = .milliseconds(80)
    static let samplePeriod: Duration = .milliseconds(500)
    /// As long as a broker holds a room at most.
    private static let longestCall: Duration = .seconds(4 * 3600)
}
