internal import Audio
internal import Consultation
internal import Endpoint
internal import Glibc
internal import ICE
internal import Keystore
internal import Network
package import Phrases
internal import RTP
internal import Screens
internal import SecureChannel
internal import Session
package import Sound
internal import TURN
internal import Terminal
internal import Wire

/// From what the practice knows to what a screen shows. Text of peers becomes harmless here.
extension Practice {
    func deskModel(now: Instant, phrases: Phrases) -> DeskModel {
        var model = DeskModel(broker: self.brokerState(now: now), clock: WallTime.ofNow)
        if let failure = self.roomFailure {
            model.notice = phrases.roomLost(Neutralised(failure.label), phrases.ending(Ending(failure.reason)).line)
        }
        if let failure = self.keystoreFailure { model.notice = phrases.keystore(KeystoreTrouble(failure)).line }
        if self.isSuperseded { model.notice = phrases.takenOver }
        model.sessions = self.rooms.map { room in
            let opens = room.opens > UnixClock.now
            return DeskModel.Session(
                id: room.session.text, label: Neutralised(room.label),
                state: room.state == .inCall
                    ? .inCall
                    : room.expires <= UnixClock.now && room.guests.isEmpty
                        ? .expired
                        : room.state == .opening ? .opening : opens ? .opens(WallTime(unix: room.opens)) : .open,
                expiresIn: .seconds(Int(clamping: room.expires) - Int(clamping: UnixClock.now)),
                isRelayOnly: room.isRelayOnly, guests: room.waitingGuests(now: now), strayCount: Int(room.strayCount),
                link: Neutralised(room.link), qr: room.qr)
        }
        return model
    }

    func brokerState(now: Instant) -> BrokerState {
        if self.isOnline { return .online }
        guard let since = self.awaySince, now - since > .seconds(3) else { return .connecting }
        return .away(now - since)
    }

    /// How long a line of the peer has to stand before it is read out.
    private static let settled: Duration = .milliseconds(1500)

    /// - Parameter inSentences: for a surface that prints what is new instead of drawing what is.
    func callModel(_ session: PeerSession, now: Instant, phrases: Phrases, inSentences: Bool) -> CallModel? {
        guard let call = self.call else { return nil }
        var model = CallModel(label: Neutralised(call.label), phase: call.phase(now: now))
        model.broker = self.brokerState(now: now)
        model.othersWaiting = self.rooms.reduce(0) { $0 + $1.guests.count }
        model.patient = call.words?.pseudonym
        model.words = call.words.map { words in
            CallModel.Words(
                words: (words.words(in: call.language) ?? []).map { Neutralised($0) }, digits: words.digits,
                isSame: call.comparison == true, peerSaysSame: call.peerComparison)
        }
        model.isMuted = call.isMuted
        model.isRaw = self.sound.processing == .raw
        model.quality = call.quality.word.map { CallModel.Quality($0) } ?? .none
        if call.quality.word == nil, call.boundAt != nil, call.pathBrokenSince == nil { model.quality = .good }
        model.details = call.details(session)
        model.duration = call.boundAt.map { (call.ended?.at ?? now) - $0 } ?? .zero
        model.microphone = self.side(.capture, call)
        model.loudspeaker = self.side(.playback, call)
        // A line that still grows would be read out with each letter.
        model.chat = call.chat.suffix(50).filter { $0.isMine || !inSentences || now - $0.changedAt >= Self.settled }.map
        {
            CallModel.ChatLine(isFromPatient: !$0.isMine, text: $0.text, id: $0.id)
        }
        model.strayCount = Int(self.rooms.first { $0.session == call.session }?.strayCount ?? 0)
        if let failure = self.keystoreFailure { model.notice = phrases.keystore(KeystoreTrouble(failure)).line }
        if self.isSuperseded { model.notice = phrases.takenOver }
        let levels = self.levels
        model.ownLevel = levels.own
        model.patientLevel = levels.peer
        return model
    }

    /// Before anybody is in, for a desk of one session.
    func waitingModel(now: Instant) -> CallModel? {
        guard let room = self.rooms.first else { return nil }
        var model = CallModel(
            label: Neutralised(room.label), phase: room.state == .opening ? .opening : .waiting,
            broker: self.brokerState(now: now))
        model.guests = room.waitingGuests(now: now)
        model.strayCount = Int(room.strayCount)
        model.link = Neutralised(room.link)
        return model
    }

    private func side(_ side: Sound.SoundSide, _ call: CallFacts) -> CallModel.Sound {
        CallModel.Sound(
            devices: (side == .capture ? self.devices.captures : self.devices.playbacks).map {
                CallModel.Device(id: $0.name, name: Neutralised($0.title))
            },
            selected: (side == .capture ? self.sound.capture : self.sound.playback) ?? call.soundDevices[side],
            trouble: call.soundLosses[side].map { SoundTrouble($0) })
    }
}

extension SoundLevel {
    /// 0 for silence to 1 for the loudest, even steps for even steps of loudness.
    var meter: Double { min(1, max(0, (self.rms + 54) / 48)) }
}

extension DeskRoom {
    /// Stands for the patient of an interrupted call, whom the broker gives another number.
    static let interruptedGuest = UInt32.max

    func waitingGuests(now: Instant) -> [WaitingGuest] {
        if case .interrupted(let record) = self.state {
            return [
                WaitingGuest(id: Self.interruptedGuest, pseudonym: record.authentication.pseudonym, waiting: .zero)
            ]
        }
        return self.guests.map {
            WaitingGuest(
                id: $0.guest.connection, pseudonym: $0.guest.authentication.pseudonym,
                name: Neutralised($0.guest.displayName, limit: 40),
                waiting: now - $0.since)
        }
    }
}

extension CallFacts {
    func phase(now: Instant) -> CallModel.Phase {
        if let ended = self.ended { return .ended(Ending(ended.reason)) }
        if let broken = self.pathBrokenSince { return .reconnecting(now - broken) }
        if self.boundAt != nil { return .connected }
        if self.isResumed { return .resuming }
        return self.words == nil ? .handshake : .connecting
    }

    func details(_ session: PeerSession) -> CallModel.Details? {
        guard let media = session.media, let voice = media.voice, let pair = media.selectedPair else { return nil }
        let delay =
            (voice.audio.delay.p50 ?? 0)
            + ((media.roundTripTime ?? voice.sendStatistics.roundTripTime)?.milliseconds ?? 0) / 2
            + CallReport.fixedDelayMilliseconds
        return CallModel.Details(
            loss: self.quality.lostShare, delay: .milliseconds(Int(delay)),
            jitter: .milliseconds(Int(voice.audio.jitterMilliseconds)), isRelayed: pair.isRelayed,
            transport: session.pathTransport.map { CallModel.Transport($0) } ?? .udp, codec: "Opus 48 kHz",
            restarts: session.restartCount)
    }
}

extension CallModel.Quality {
    init(_ word: QualityWatch.Word) {
        switch word {
        case .good: self = .good
        case .fair: self = .fair
        case .poor: self = .poor
        case .none: self = .none
        }
    }
}

extension CallModel.Transport {
    init(_ transport: TURNClient.Transport) {
        switch transport {
        case .udp: self = .udp
        case .tcp: self = .tcp
        case .tls: self = .tls
        }
    }
}

extension SoundTrouble {
    package init(_ loss: SoundLoss) {
        switch loss {
        case .busy: self = .busy
        case .denied: self = .denied
        case .missing: self = .absent
        case .unplugged, .unresponsive, .failed: self = .lost
        }
    }
}

extension WallTime {
    /// - Parameter unix: seconds; told in the time zone of this machine.
    package init(unix: UInt64) {
        var seconds = time_t(clamping: unix)
        var fields = tm()
        localtime_r(&seconds, &fields)
        self.init(
            year: Int(fields.tm_year) + 1900, month: Int(fields.tm_mon) + 1, day: Int(fields.tm_mday),
            weekday: Int(fields.tm_wday), hour: Int(fields.tm_hour), minute: Int(fields.tm_min))
    }

    static var ofNow: WallTime { WallTime(unix: UnixClock.now) }
}
