internal import Phrases
internal import Screens
internal import Terminal

/// A pattern of the right shape; no code.
private let checkered = QRPattern(
    side: 33,
    modules: (0..<33 * 33).map { index in
        let (row, column) = (index / 33, index % 33)
        let corner = min(row, 32 - row) < 7 && min(column, 32 - column) < 7 && !(row > 16 && column > 16)
        if !corner { return (row * 7 + column * 5 + row * column) % 3 == 0 }
        let (y, x) = (min(row, 32 - row), min(column, 32 - column))
        return y == 0 || y == 6 || x == 0 || x == 6 || ((2...4).contains(y) && (2...4).contains(x))
    })

private func guest(_ id: UInt32, _ pseudonym: UInt32, _ name: String = "", seconds: Int) -> WaitingGuest {
    WaitingGuest(id: id, pseudonym: pseudonym, name: Neutralised(name), waiting: .seconds(seconds))
}

private func session(
    _ id: String, _ label: String, _ state: DeskModel.Session.State = .open, minutes: Int = 90,
    guests: [WaitingGuest] = []
) -> DeskModel.Session {
    DeskModel.Session(
        id: id, label: Neutralised(label), state: state, expiresIn: .seconds(60 * minutes), guests: guests,
        link: Neutralised("https://consult.example/#AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdEfGhIjKlMnOp"),
        qr: checkered)
}

extension Specimen {
    @Sendable private static func busy(_ model: inout DeskModel) {
        model.sessions = [
            session("a", "Suivi, 14 h 30", guests: [guest(1, 64, "Jeanne", seconds: 190)]),
            session("b", "Résultats", minutes: 125),
            session(
                "c", "Première consultation",
                .opens(WallTime(year: 2026, month: 11, day: 26, weekday: 4, hour: 15, minute: 0)), minutes: 240),
            session("d", "Renouvellement", .inCall, minutes: 45),
        ]
    }

    @Sendable private static func double(_ model: inout DeskModel) {
        model.sessions = [
            session(
                "a", "Suivi, 14 h 30",
                guests: [guest(1, 64, "Jeanne", seconds: 190), guest(2, 7, seconds: 12)])
        ]
    }

    static let desks: [Specimen] = [
        .desk("empty") { _ in },
        .desk("connecting") {
            $0.broker = .connecting
            $0.sessions = [session("a", "Suivi, 14 h 30", .opening)]
        },
        .desk("busy") { Self.busy(&$0) },
        .desk("two-devices") { Self.double(&$0) },
        .desk("stray") {
            $0.sessions = [session("a", "Renouvellement", .inCall), session("b", "", .expired, minutes: 0)]
            $0.sessions[0].strayCount = 2
        },
        .desk("broker-away") {
            Self.busy(&$0)
            $0.broker = .away(.seconds(75))
        },
        .desk("notice") {
            Self.busy(&$0)
            $0.notice = "OK"
        },
        .desk("many") { model in
            model.sessions = (0..<14).map { index in
                session(
                    "\(index)", "Consultation \(index + 1)",
                    guests: index % 3 == 0 ? [guest(UInt32(index), UInt32(index * 5), seconds: 40 * index + 5)] : [])
            }
        },
        .desk("many-end", keys: [.end]) { model in
            model.sessions = (0..<14).map { session("\($0)", "Consultation \($0 + 1)") }
        },
        .desk("refuse", keys: [.character("r")]) { Self.busy(&$0) },
        .desk("end", keys: [.character("e")]) { Self.busy(&$0) },
        .desk("quit", keys: [.character("q")]) { Self.busy(&$0) },
        .desk("messages", keys: [.character("m"), .down]) { Self.busy(&$0) },
        .desk(
            "writing",
            keys: [.character("m"), .character("3"), .paste("Le cabinet vous rappelle à 15 h.")]
        ) { Self.busy(&$0) },
        .desk("link", keys: [.character("l")]) { Self.busy(&$0) },
        .desk("help", keys: [.character("?")]) { Self.busy(&$0) },
        .desk("hostile") {
            $0.sessions = [
                session(
                    "a", "Suivi\u{1B}[2J",
                    guests: [
                        guest(
                            1, 3,
                            "\u{202E}lmth\u{1B}]0;x\u{07}🇫🇷 漢字 "
                                + "e\u{301}\u{301}\u{301}\u{301}", seconds: 5)
                    ])
            ]
        },
    ]

    @Sendable private static func talking(_ model: inout CallModel) {
        model.phase = .connected
        model.patient = 64
        model.ownLevel = 0.55
        model.patientLevel = 0.3
        model.quality = .good
        model.duration = .seconds(272)
        model.words = CallModel.Words(
            words: ["cerise", "marteau", "violon", "tambour"].map { Neutralised($0) }, digits: "48219930", isSame: true,
            peerSaysSame: true)
        model.details = CallModel.Details(
            loss: 0.008, delay: .milliseconds(84), jitter: .milliseconds(6), isRelayed: true, transport: .tls,
            codec: "Opus 32\u{A0}kbit/s", restarts: 1)
        model.microphone = CallModel.Sound(
            devices: [
                CallModel.Device(id: "m1", name: Neutralised("USB Headset Mono")),
                CallModel.Device(id: "m2", name: Neutralised("HDA Intel PCH, ALC295 Analog")),
            ], selected: "m1")
        model.loudspeaker = CallModel.Sound(
            devices: [
                CallModel.Device(id: "s1", name: Neutralised("USB Headset Mono")),
                CallModel.Device(id: "s2", name: Neutralised("HDMI 0")),
            ], selected: "s1")
    }

    @Sendable private static func comparing(_ model: inout CallModel) {
        Self.talking(&model)
        model.duration = .seconds(9)
        model.words?.isSame = false
        model.words?.peerSaysSame = nil
    }

    @Sendable private static func writing(_ model: inout CallModel) {
        Self.talking(&model)
        model.chat = [
            CallModel.ChatLine(isFromPatient: false, text: Neutralised("L’ordonnance est prête.")),
            CallModel.ChatLine(
                isFromPatient: true,
                text: Neutralised(
                    "Merci docteur ! C’est bien celle avec le comprimé du soir, et le sirop trois fois par jour "
                        + "pendant une semaine ?")),
            CallModel.ChatLine(isFromPatient: false, text: Neutralised("Oui, exactement."), isPending: true),
        ]
    }

    static let calls: [Specimen] = [
        .call("opening") { model, _ in (model.phase, model.broker) = (.opening, .connecting) },
        .call("waiting") { _, _ in },
        .call("waiting-broker-away") { model, _ in model.broker = .away(.seconds(75)) },
        .call("guest") { model, _ in model.guests = [guest(1, 64, "Jeanne", seconds: 190)] },
        .call("two-guests") { model, _ in
            model.guests = [guest(1, 64, "Jeanne", seconds: 190), guest(2, 7, seconds: 12)]
        },
        .call("refuse", keys: [.character("r")]) { model, _ in model.guests = [guest(1, 64, seconds: 190)] },
        .call("handshake") { model, _ in model.phase = .handshake },
        .call("connecting") { model, _ in model.phase = .connecting },
        .call("resuming") { model, _ in model.phase = .resuming },
        .call("words") { model, _ in Self.comparing(&model) },
        .call("words-peer-same") { model, _ in
            Self.comparing(&model)
            model.words?.peerSaysSame = true
        },
        .call("words-digits-only") { model, _ in
            Self.comparing(&model)
            model.words?.words = []
        },
        .call("words-trouble") { model, _ in
            Self.writing(&model)
            Self.comparing(&model)
            model.microphone.trouble = .busy
            model.isMuted = true
            model.othersWaiting = 2
        },
        .call("different", keys: [.character("d")]) { model, _ in Self.comparing(&model) },
        .call("connected") { model, _ in Self.talking(&model) },
        .call("chatting") { model, _ in Self.writing(&model) },
        .call("chat-line", keys: [.character("t"), .paste("À jeudi, prenez soin de vous.")]) { model, _ in
            Self.writing(&model)
        },
        .call("muted") { model, _ in
            Self.talking(&model)
            model.isMuted = true
        },
        .call("details", keys: [.character("i")]) { model, _ in Self.talking(&model) },
        .call("devices", keys: [.character("v")]) { model, _ in Self.talking(&model) },
        .call("microphones", keys: [.character("v"), .enter]) { model, _ in Self.talking(&model) },
        .call("microphone-lost") { model, _ in
            Self.talking(&model)
            model.microphone.trouble = .lost
            model.microphone.selected = nil
        },
        .call("broker-away") { model, _ in
            Self.talking(&model)
            model.broker = .away(.seconds(20))
        },
        .call("reconnecting") { model, _ in
            Self.talking(&model)
            (model.phase, model.quality) = (.reconnecting(.seconds(4)), .none)
            (model.patientLevel, model.ownLevel) = (0, 0.4)
        },
        .call("resumed") { model, phrases in
            Self.talking(&model)
            model.notice = phrases.resumed
        },
        .call("others-waiting") { model, _ in
            Self.talking(&model)
            model.othersWaiting = 1
            model.strayCount = 1
        },
        .call("hang-up", keys: [.character("h")]) { model, _ in Self.talking(&model) },
        .call("help", keys: [.character("?")]) { model, _ in Self.talking(&model) },
        .call("ended") { model, _ in
            Self.talking(&model)
            model.phase = .ended(.peerHungUp)
            model.othersWaiting = 1
        },
        .call("ended-alarm") { model, _ in
            Self.talking(&model)
            model.phase = .ended(.wordsDiffer)
        },
        .call("ended-early") { model, _ in model.phase = .ended(.notEnrolled) },
    ]
}
