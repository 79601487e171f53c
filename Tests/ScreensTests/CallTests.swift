import Phrases
import Screens
import Terminal
import Testing

@Suite("The call")
struct CallTests {
    static let phrases = Phrases(.french)

    static func model(_ phase: CallModel.Phase) -> CallModel {
        var model = CallModel(label: Neutralised("Suivi"), phase: phase, broker: .online)
        model.words = CallModel.Words(
            words: ["un", "deux", "trois", "quatre"].map { Neutralised($0) }, digits: "12345678")
        return model
    }

    static func screen(_ phase: CallModel.Phase, _ change: (inout CallModel) -> Void = { _ in }) -> CallScreen {
        var model = Self.model(phase)
        change(&model)
        return CallScreen(model: model, phrases: self.phrases)
    }

    static func press(_ keys: Key..., on screen: inout CallScreen) -> [CallAction] {
        keys.flatMap { key in
            screen.handle(key)
        }
    }

    @Test("s and = say same, once; d asks first and only its letter confirms")
    func words() {
        var screen = Self.screen(.connected)
        #expect(Self.press(.character("s"), on: &screen) == [.wordsAreSame])
        #expect(Self.press(.character("="), on: &screen) == [.wordsAreSame])
        #expect(Self.press(.character("d"), .enter, .escape, on: &screen) == [])
        #expect(Self.press(.character("d"), .character("o"), on: &screen) == [.wordsDiffer])
        screen = Self.screen(.connected) { $0.words?.isSame = true }
        #expect(Self.press(.character("s"), on: &screen) == [])
        screen = Self.screen(.connecting)
        #expect(Self.press(.character("s"), on: &screen) == [], "nothing to compare before there is a voice")
    }

    @Test("the patient's words are the first two, the doctor's the last two")
    func whose() {
        var frame = Frame(size: .standard)
        Self.screen(.connected).draw(into: &frame)
        let rows = frame.text.split(separator: "\n").map(String.init)
        let titles = rows.first { $0.contains(Self.phrases.patientReads) && $0.contains(Self.phrases.doctorReads) }
        #expect(titles != nil)
        let row = rows.first { $0.contains("U N") }
        #expect(row?.contains("T R O I S") == true, "side by side")
        if let row, let first = row.firstRange(of: "U N"), let third = row.firstRange(of: "T R O I S") {
            #expect(first.lowerBound < third.lowerBound)
        }
    }

    @Test("m and Space mute, both ways, unmistakably")
    func mute() {
        var screen = Self.screen(.connected)
        #expect(Self.press(.character("m"), .character(" "), on: &screen) == [.setMuted(true), .setMuted(true)])
        screen = Self.screen(.connected) { $0.isMuted = true }
        #expect(Self.press(.character(" "), on: &screen) == [.setMuted(false)])
        for columns in 40...132 {
            var frame = Frame(size: Size(columns: columns, rows: 12))
            screen.draw(into: &frame)
            #expect(frame.text.contains(Self.phrases.muted), "\(columns) columns")
        }
    }

    @Test("h, q and Ctrl-C hang up after a question, twice Ctrl-C does not")
    func hangUp() {
        var screen = Self.screen(.connected)
        for key: Key in [.character("h"), .character("q"), .control("c")] {
            #expect(Self.press(key, .character("o"), on: &screen) == [.hangUp])
            #expect(Self.press(key, .escape, on: &screen) == [])
        }
        #expect(Self.press(.control("c"), .control("c"), on: &screen) == [])
        screen = Self.screen(.waiting)
        #expect(Self.press(.character("q"), .enter, on: &screen) == [.leave])
        screen = Self.screen(.ended(.hungUp))
        #expect(Self.press(.character("x"), .enter, on: &screen) == [.leave])
    }

    @Test("chat takes lines until Esc; keys inside are text; a line has at most 1000 octets")
    func chat() {
        var screen = Self.screen(.connected)
        #expect(
            Self.press(
                .character("t"), .paste("déjà"), .character("h"), .enter, .character("q"), .enter, .escape, on: &screen)
                == [.chat("déjàh"), .chat("q")])
        _ = screen.handle(.enter)
        for _ in 0..<600 { _ = screen.handle(.character("é")) }
        let actions = screen.handle(.enter)
        guard case .chat(let text)? = actions.first else {
            Issue.record("no line")
            return
        }
        #expect(text.utf8.count == 1000)
    }

    @Test("devices are chosen by picker, and raw sound is one key more")
    func devices() {
        var screen = Self.screen(.connected) { model in
            model.microphone = CallModel.Sound(
                devices: [
                    CallModel.Device(id: "m1", name: Neutralised("one")),
                    CallModel.Device(id: "m2", name: Neutralised("two")),
                ], selected: "m1")
            model.loudspeaker.devices = [CallModel.Device(id: "s1", name: Neutralised("speaker"))]
        }
        #expect(Self.press(.character("v"), .enter, .down, .enter, on: &screen) == [.useDevice(.microphone, id: "m2")])
        #expect(
            Self.press(.character("v"), .character("2"), .enter, on: &screen) == [.useDevice(.loudspeaker, id: "s1")])
        #expect(Self.press(.character("v"), .character("3"), on: &screen) == [.setRaw(true)])
        screen = Self.screen(.connected)
        #expect(Self.press(.character("v"), .enter, .enter, on: &screen) == [], "no device to choose")
    }

    @Test("a question about the call is gone with the call")
    func stale() {
        var screen = Self.screen(.connected)
        _ = screen.handle(.character("d"))
        screen.update(Self.model(.ended(.peerHungUp)))
        #expect(Self.press(.character("o"), on: &screen) == [])
        screen = Self.screen(.waiting) { $0.guests = [DeskTests.guest(1)] }
        _ = screen.handle(.character("r"))
        screen.update(Self.model(.waiting))
        #expect(Self.press(.character("o"), on: &screen) == [])
    }

    @Test("a leave that was asked for while nobody was there does not hang up on who came since")
    func leaveIsNotHangUp() {
        var screen = Self.screen(.waiting)
        _ = screen.handle(.character("q"))
        screen.update(Self.model(.connected))
        #expect(Self.press(.character("o"), on: &screen) == [])
    }

    @Test("lines tell every change of state in a sentence, and nothing when only levels and clocks move")
    func lines() {
        var old = Self.screen(.waiting)
        func next(_ phase: CallModel.Phase, _ change: (inout CallModel) -> Void = { _ in }) -> [String] {
            var (screen, model) = (old, old.model)
            model.phase = phase
            change(&model)
            screen.update(model)
            defer { old = screen }
            return screen.lines(since: old)
        }
        #expect(next(.waiting) { $0.guests = [DeskTests.guest(1)] }.first?.hasPrefix("Bleuet\u{A0}3 attend") == true)
        #expect(next(.handshake) { $0.guests = [] }.contains(Self.phrases.patientConsents))
        #expect(next(.connecting).contains(Self.phrases.connectingAdvice))
        let connected = next(.connected) { $0.quality = .good }
        #expect(
            connected.contains {
                $0.contains("un, deux") && $0.contains("trois, quatre") && $0.contains("1 2 3 4 5 6 7 8")
            })
        #expect(connected.contains(Self.phrases.sameOrDifferent))
        #expect(next(.connected) { ($0.ownLevel, $0.patientLevel, $0.duration) = (0.7, 0.1, .seconds(3)) } == [])
        #expect(next(.connected) { $0.words?.isSame = true }.first == "Mots vérifiés.")
        #expect(next(.connected) { $0.isMuted = true }.first?.contains(Self.phrases.mutedAdvice) == true)
        #expect(next(.connected) { $0.isMuted = false }.first == Self.phrases.unmuted)
        #expect(next(.connected) { $0.microphone.trouble = .lost } == [Self.phrases.sound(.lost, .microphone).line])
        #expect(next(.connected) { $0.microphone.trouble = nil }.first?.contains("revenu") == true)
        #expect(next(.connected) { $0.broker = .away(.seconds(1)) } == [Self.phrases.brokerAwayVoiceGoesOn])
        #expect(next(.connected) { $0.broker = .online } == ["Serveur joint."])
        #expect(next(.reconnecting(.seconds(2))).contains(Self.phrases.reconnectingAdvice("2\u{A0}s")))
        let line = CallModel.ChatLine(isFromPatient: true, text: Neutralised("Bonjour\u{1B}[2J"))
        #expect(next(.connected) { $0.chat = [line] }.contains("Votre patient écrit\u{A0}: Bonjour\u{FFFD}[2J"))
        #expect(next(.connected) { $0.chat = [line] } == [])
        #expect(next(.connected) { $0.quality = .poor } == ["Qualité\u{A0}: mauvaise."])
        let ended = next(.ended(.peerHungUp))
        #expect(ended.contains(Self.phrases.ending(.peerHungUp).line))
    }

    @Test("random keys and states never trap", arguments: UInt64(1)...40)
    func random(seed: UInt64) {
        var chance = Chance(state: seed)
        let keys: [Key] =
            "sdmhqvitarlo?123= n".map { .character($0) } + [
                .up, .down, .enter, .escape, .paste("x\n"), .control("c"), .tab,
            ]
        let phases: [CallModel.Phase] = [
            .opening, .waiting, .handshake, .connecting, .connected, .reconnecting(.seconds(1)), .resuming, .connected,
            .ended(.expired),
        ]
        var screen = Self.screen(.opening)
        for _ in 0..<300 {
            if Int.random(in: 0..<5, using: &chance) == 0 {
                var model = Self.model(phases.randomElement(using: &chance) ?? .waiting)
                if Bool.random(using: &chance) { model.words = nil }
                model.guests = (0..<UInt32.random(in: 0...3, using: &chance)).map { DeskTests.guest($0) }
                model.isMuted = Bool.random(using: &chance)
                model.ownLevel = [.nan, -1, 0.5, .infinity].randomElement(using: &chance) ?? 0
                model.microphone.trouble = SoundTrouble.allCases.randomElement(using: &chance)
                model.microphone.devices = (0..<Int.random(in: 0...3, using: &chance)).map {
                    CallModel.Device(id: "\($0)", name: Neutralised("device \($0)"))
                }
                let old = screen
                screen.update(model)
                _ = screen.lines(since: old)
            }
            for action in screen.handle(keys.randomElement(using: &chance) ?? .enter) {
                if case .admit(let guest) = action { #expect(screen.model.guests.contains { $0.id == guest }) }
            }
            var frame = Frame(size: Size(columns: Int.random(in: 38...100, using: &chance), rows: 14))
            screen.draw(into: &frame)
        }
    }
}
