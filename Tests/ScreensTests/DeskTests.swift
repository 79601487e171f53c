import Phrases
import Screens
import Terminal
import Testing

@Suite("The desk")
struct DeskTests {
    static let phrases = Phrases(.english)

    static func guest(_ id: UInt32, _ pseudonym: UInt32 = 64) -> WaitingGuest {
        WaitingGuest(id: id, pseudonym: pseudonym, waiting: .seconds(5))
    }

    static func session(_ id: String, _ guests: WaitingGuest...) -> DeskModel.Session {
        DeskModel.Session(id: id, label: Neutralised("session \(id)"), expiresIn: .seconds(600), guests: guests)
    }

    static func desk(_ sessions: DeskModel.Session...) -> DeskScreen {
        DeskScreen(model: DeskModel(sessions: sessions, broker: .online), phrases: self.phrases)
    }

    /// Presses keys and collects what is decided.
    static func press(_ keys: Key..., on screen: inout DeskScreen) -> [DeskAction] {
        keys.flatMap { key in
            screen.handle(key)
        }
    }

    @Test("the first who waits is selected; Enter and a admit")
    func admit() {
        var screen = Self.desk(Self.session("a"), Self.session("b", Self.guest(7)))
        let first = Self.press(.enter, on: &screen)
        let second = Self.press(.character("a"), on: &screen)
        #expect(first == [.admit(session: "b", guest: 7)] && second == first)
    }

    @Test("arrows, letters and digits select; nobody can be admitted where nobody waits")
    func selection() {
        var screen = Self.desk(Self.session("a"), Self.session("b", Self.guest(1), Self.guest(2, 7)), Self.session("c"))
        #expect(Self.press(.character("k"), .enter, .character("r"), .character("m"), on: &screen) == [])
        #expect(Self.press(.down, .character("j"), .enter, on: &screen) == [.admit(session: "b", guest: 2)])
        #expect(Self.press(.character("2"), .enter, on: &screen) == [.admit(session: "b", guest: 1)])
        #expect(Self.press(.character("9"), .up, .up, .up, .character("l"), on: &screen) == [.showLink(session: "a")])
    }

    @Test("refusing, ending and quitting ask first; n, Esc and Ctrl-C are no")
    func questions() {
        var screen = Self.desk(Self.session("a", Self.guest(1)))
        for no: Key in [.character("n"), .escape, .control("c")] {
            for question: Key in [.character("r"), .character("e"), .character("q"), .control("c")] {
                #expect(Self.press(question, .character("x"), no, on: &screen) == [])
            }
        }
        #expect(Self.press(.character("r"), .enter, on: &screen) == [.refuse(session: "a", guest: 1)])
        #expect(Self.press(.character("e"), .enter, .character("y"), on: &screen) == [.end(session: "a")])
        #expect(Self.press(.character("q"), .character("o"), on: &screen) == [.quit])
        #expect(Self.press(.character("n"), .control("z"), on: &screen) == [.newSession, .suspend])
    }

    @Test("five more minutes is two keys, a message of one's own three")
    func messages() {
        var screen = Self.desk(Self.session("a", Self.guest(1)))
        #expect(
            Self.press(.character("m"), .character("1"), on: &screen)
                == [.message(session: "a", guest: 1, text: Self.phrases.fiveMoreMinutes)])
        #expect(
            Self.press(.character("m"), .character("3"), .paste("À tout de suite"), .enter, on: &screen)
                == [.message(session: "a", guest: 1, text: "À tout de suite")])
        #expect(Self.press(.character("m"), .character("3"), .character(" "), .enter, .escape, on: &screen) == [])
    }

    @Test("who is selected stays selected when others come and go")
    func stays() {
        var screen = Self.desk(Self.session("a", Self.guest(1), Self.guest(2)))
        _ = screen.handle(.down)
        screen.update(
            DeskModel(sessions: [Self.session("z", Self.guest(9)), Self.session("a", Self.guest(2))], broker: .online))
        #expect(Self.press(.enter, on: &screen) == [.admit(session: "a", guest: 2)])
        screen.update(
            DeskModel(sessions: [Self.session("z", Self.guest(9)), Self.session("a", Self.guest(3))], broker: .online))
        #expect(Self.press(.enter, on: &screen) == [], "a key for who has just left lets nobody else in")
        #expect(Self.press(.down, .down, .enter, on: &screen) == [.admit(session: "a", guest: 3)])
    }

    @Test("what is being written to somebody who leaves stays a line: its letters are no keys")
    func writingOn() {
        var screen = Self.desk(Self.session("a", Self.guest(1), Self.guest(2)))
        _ = Self.press(.character("m"), .character("3"), .character("p"), on: &screen)
        screen.update(DeskModel(sessions: [Self.session("a", Self.guest(2))], broker: .online))
        #expect(screen.isWriting)
        #expect(Self.press(.character("a"), .character("n"), .character("e"), .enter, on: &screen) == [])
        #expect(!screen.isWriting)
    }

    @Test(
        "who is asked about stays the aim of the next key, whoever comes or goes under the cursor",
        arguments: ["e", "r"])
    func asked(key: Character) {
        var screen = Self.desk(Self.session("a", Self.guest(1), Self.guest(2)))
        let aim = screen.aim
        _ = screen.handle(.character(key))
        let asked = screen.aim
        screen.update(DeskModel(sessions: [Self.session("a", Self.guest(1), Self.guest(3))], broker: .online))
        #expect(aim?.guest == 1 && screen.aim == asked, "an answer to the question is not held up")
        _ = screen.handle(.escape)
        screen.update(DeskModel(sessions: [Self.session("a", Self.guest(3))], broker: .online))
        #expect(screen.aim != aim, "a key for who has left meets nobody at once")
    }

    @Test("a question about somebody who left is gone: a late yes refuses nobody")
    func stale() {
        var screen = Self.desk(Self.session("a", Self.guest(1)))
        _ = screen.handle(.character("r"))
        screen.update(DeskModel(sessions: [Self.session("a", Self.guest(2))], broker: .online))
        #expect(Self.press(.character("y"), on: &screen) == [])
    }

    @Test("a list longer than the screen keeps the selected row in sight", arguments: [12, 14, 24])
    func scrolling(rows: Int) {
        let sessions = (0..<30).map { index in
            index % 2 == 0
                ? Self.session("\(index)") : Self.session("\(index)", Self.guest(UInt32(index), UInt32(index)))
        }
        var screen = DeskScreen(model: DeskModel(sessions: sessions, broker: .online), phrases: Self.phrases)
        _ = screen.handle(.home)
        for index in 0..<30 {
            var frame = Frame(size: Size(columns: 80, rows: rows))
            screen.draw(into: &frame)
            let wanted = index % 2 == 0 ? "session \(index) " : "\(Self.phrases.pseudonym(UInt32(index))) "
            let row = (0..<rows).first { frame.cell(row: $0, column: 4).style.isReverse }
            #expect(row != nil, "row \(index)")
            if let row {
                #expect(frame.text.split(separator: "\n", omittingEmptySubsequences: false)[row].contains(wanted))
            }
            _ = screen.handle(.down)
        }
    }

    @Test("lines announce each change once, in a sentence")
    func lines() {
        var old = Self.desk(Self.session("a"))
        let first = old.lines(since: nil)
        #expect(first.contains(Self.phrases.sessionOpened("session a")))
        func next(_ model: DeskModel) -> [String] {
            var screen = old
            screen.update(model)
            defer { old = screen }
            return screen.lines(since: old)
        }
        let arrived = next(DeskModel(sessions: [Self.session("a", Self.guest(1))], broker: .online))
        #expect(arrived.first == "Cornflower\u{A0}3 is waiting for “session a”.")
        #expect(arrived.last?.contains("a admit") == true, "what can be done now")
        let two = next(DeskModel(sessions: [Self.session("a", Self.guest(1), Self.guest(2, 7))], broker: .online))
        #expect(two.contains(Self.phrases.twoDevicesWarning))
        let away = next(
            DeskModel(sessions: [Self.session("a", Self.guest(1), Self.guest(2, 7))], broker: .away(.seconds(3))))
        #expect(away == [Self.phrases.brokerAwayAdvice(since: "3\u{A0}s")])
        #expect(next(DeskModel(sessions: old.model.sessions, broker: .away(.seconds(9)))) == [])
        let gone = next(DeskModel(sessions: [], broker: .online))
        #expect(gone.contains(Self.phrases.sessionClosed("session a")))
    }

    @Test("random keys and models never trap and never admit who is not there", arguments: UInt64(1)...40)
    func random(seed: UInt64) {
        var chance = Chance(state: seed)
        let keys: [Key] =
            "aremnlqjk?123oy ".map { .character($0) } + [.up, .down, .enter, .escape, .paste("x"), .home, .end]
        var screen = Self.desk()
        for _ in 0..<300 {
            if Int.random(in: 0..<4, using: &chance) == 0 {
                let sessions = (0..<Int.random(in: 0...4, using: &chance)).map { index in
                    DeskModel.Session(
                        id: "\(index)", label: Neutralised(""), expiresIn: .zero,
                        guests: (0..<UInt32.random(in: 0...2, using: &chance)).map { _ in
                            Self.guest(UInt32.random(in: 0...5, using: &chance))
                        })
                }
                screen.update(DeskModel(sessions: sessions, broker: .online))
            }
            let before = screen.model
            for action in screen.handle(keys.randomElement(using: &chance) ?? .enter) {
                switch action {
                case .admit(let session, let guest), .refuse(let session, let guest),
                    .message(let session, let guest, _):
                    let found = before.sessions.first { $0.id == session }?.guests.contains { $0.id == guest }
                    #expect(found == true, "seed \(seed): \(action)")
                case .end(let session), .showLink(let session):
                    #expect(before.sessions.contains { $0.id == session }, "seed \(seed)")
                case .newSession, .quit, .suspend: break
                }
            }
            var frame = Frame(size: Size(columns: 60, rows: 15))
            screen.draw(into: &frame)
        }
    }
}

/// A small generator with a seed: the tests' chance.
struct Chance: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return self.state ^ (self.state >> 29)
    }
}
