internal import Consultation
internal import Endpoint
internal import Keystore
internal import Phrases
internal import Screens
internal import SecureChannel
internal import Sound
internal import Terminal
internal import Wire

/// Which screen stands before the doctor, and what follows from the keys.
struct Stage {
    enum Shown: Equatable {
        case desk(DeskScreen)
        case call(CallScreen)
    }

    private(set) var shown: Shown
    let phrases: Phrases
    /// One session only: its waiting room is the screen of its call.
    private let isSingle: Bool
    private let inSentences: Bool
    private(set) var wantsSuspension = false
    private var armedAt: Instant = .zero
    /// Nobody reads and answers a screen faster.
    private static let reaction: Duration = .milliseconds(500)

    private var isWriting: Bool {
        switch self.shown {
        case .desk(let screen): screen.isWriting
        case .call(let screen): screen.isWriting
        }
    }

    /// - Parameter inSentences: for a surface that prints what is new instead of drawing what is.
    init(phrases: Phrases, isSingle: Bool, inSentences: Bool) {
        self.inSentences = inSentences
        self.phrases = phrases
        self.isSingle = isSingle
        self.shown = .desk(DeskScreen(model: DeskModel(), phrases: phrases))
    }

    /// Whether meters move: the screen is worth drawing often.
    var isLively: Bool { if case .call(let screen) = self.shown { screen.model.phase == .connected } else { false } }

    /// What a key acts upon that cannot be taken back.
    private struct Aim: Equatable {
        var isCall: Bool
        var hasEnded: Bool
        var desk: DeskScreen.Target?
        var guest: UInt32?
    }

    private var aim: Aim {
        switch self.shown {
        case .desk(let screen):
            Aim(isCall: false, hasEnded: false, desk: screen.aim, guest: nil)
        case .call(let screen):
            Aim(isCall: true, hasEnded: screen.hasEnded, desk: nil, guest: screen.aim)
        }
    }

    mutating func update(_ practice: Practice, _ driver: CallDriver, now: Instant) {
        let before = self.aim
        self.take(practice, driver, now: now)
        // What came under the finger by itself was not meant by a key that was on its way.
        if self.aim != before { self.armedAt = now + Self.reaction }
    }

    private mutating func take(_ practice: Practice, _ driver: CallDriver, now: Instant) {
        let model =
            practice.callModel(driver.session, now: now, phrases: self.phrases, inSentences: self.inSentences)
            ?? (self.isSingle ? practice.waitingModel(now: now) : nil)
        if let model {
            if case .call(var screen) = self.shown {
                screen.update(model)
                self.shown = .call(screen)
            } else {
                self.shown = .call(CallScreen(model: model, phrases: self.phrases))
            }
        } else {
            let model = practice.deskModel(now: now, phrases: self.phrases)
            if case .desk(var screen) = self.shown {
                screen.update(model)
                self.shown = .desk(screen)
            } else {
                self.shown = .desk(DeskScreen(model: model, phrases: self.phrases))
            }
        }
    }

    mutating func handle(_ key: Key, _ practice: Practice, _ driver: CallDriver, now: Instant) {
        self.wantsSuspension = false
        if practice.isSuperseded, key == .character("b"), !self.isWriting {
            return practice.takeBack(driver: driver, now: now)
        }
        switch self.shown {
        case .desk(var screen):
            let actions = screen.handle(key)
            self.shown = .desk(screen)
            for action in actions where now >= self.armedAt || action.canBeTakenBack {
                self.perform(action, practice, driver, now: now)
            }
        case .call(var screen):
            let actions = screen.handle(key)
            self.shown = .call(screen)
            for action in actions where now >= self.armedAt || action.canBeTakenBack {
                self.perform(action, practice, driver, now: now)
            }
        }
    }

    private mutating func perform(_ action: DeskAction, _ practice: Practice, _ driver: CallDriver, now: Instant) {
        switch action {
        case .admit(let text, let guest):
            guard let session = SessionID(text) else { return }
            if guest == DeskRoom.interruptedGuest {
                practice.resume(session, in: driver, now: now)
            } else {
                practice.admit(guest, in: session, driver: driver, now: now)
            }
        case .refuse(let text, let guest):
            if let session = SessionID(text) { practice.refuse(guest, in: session, driver: driver, now: now) }
        case .message(let text, _, let message):
            if let session = SessionID(text) { practice.tellWaiting(message, in: session, driver: driver, now: now) }
        case .newSession: practice.makeSession(driver: driver, now: now)
        case .showLink: break
        case .end(let text):
            if let session = SessionID(text) { practice.end(session, driver: driver, now: now) }
        case .quit: practice.leave(driver: driver, now: now)
        case .suspend: self.wantsSuspension = true
        }
    }

    private mutating func perform(_ action: CallAction, _ practice: Practice, _ driver: CallDriver, now: Instant) {
        switch action {
        case .admit(let guest):
            if let room = practice.rooms.first { practice.admit(guest, in: room.session, driver: driver, now: now) }
        case .refuse(let guest):
            if let room = practice.rooms.first { practice.refuse(guest, in: room.session, driver: driver, now: now) }
        case .message(_, let text):
            if let room = practice.rooms.first {
                practice.tellWaiting(text, in: room.session, driver: driver, now: now)
            }
        case .wordsAreSame: practice.compare(same: true, driver: driver, now: now)
        case .wordsDiffer: practice.compare(same: false, driver: driver, now: now)
        case .setMuted(let isMuted): practice.setMuted(isMuted)
        case .setRaw(let isRaw):
            var choice = practice.sound
            choice.processing = isRaw ? .raw : .speech
            practice.select(choice)
        case .useDevice(let side, let id):
            var choice = practice.sound
            switch side {
            case .microphone: choice.capture = id
            case .loudspeaker: choice.playback = id
            }
            practice.select(choice)
        case .chat(let text): practice.chat(text, driver: driver, now: now)
        case .hangUp: practice.hangUp(driver: driver, now: now)
        case .leave:
            if practice.call == nil {
                practice.leave(driver: driver, now: now)
            } else {
                practice.dismissCall(driver: driver)
            }
        case .suspend: self.wantsSuspension = true
        }
    }
}

extension DeskAction {
    /// Whether nothing is lost by it that a person would miss.
    fileprivate var canBeTakenBack: Bool {
        switch self {
        case .admit, .refuse, .newSession, .end: false
        case .message, .showLink, .quit, .suspend: true
        }
    }
}

extension CallAction {
    fileprivate var canBeTakenBack: Bool {
        switch self {
        case .admit, .refuse, .leave: false
        default: true
        }
    }
}
