package import Phrases
package import Terminal

/// All open sessions at once: who waits, since when, and one key for each thing to do.
package struct DeskScreen: Equatable, Sendable {
    /// What stands in front of the list.
    enum Overlay: Equatable, Sendable {
        case help
        case link(session: String)
        case refuse(Target, Confirm)
        case end(session: String, Confirm)
        case quit(Confirm)
        case messages(Target, Picker)
        case writing(Target, Prompt)
    }

    /// A guest, or a session nobody waits for.
    package struct Target: Hashable, Sendable {
        package var session: String
        package var guest: UInt32?
    }

    package private(set) var model: DeskModel
    private(set) var overlay: Overlay?
    package private(set) var selection: Target?
    let phrases: Phrases

    package init(model: DeskModel, phrases: Phrases) {
        self.model = model
        self.phrases = phrases
        self.selection = self.targets.first { $0.guest != nil } ?? self.targets.first
    }

    /// Takes the state of now; what was selected stays so while it exists.
    package mutating func update(_ model: DeskModel) {
        let index = self.selection.flatMap { self.targets.firstIndex(of: $0) } ?? 0
        self.model = model
        let targets = self.targets
        if self.selection.map(targets.contains) != true {
            // Somebody else must not be under the cursor of a key that was meant for who has just left.
            let hadGuest = self.selection?.guest != nil
            let next =
                self.selection.flatMap { old in targets.first { $0.session == old.session } }
                ?? targets[safe: min(index, targets.count - 1)]
            self.selection = hadGuest && next?.guest != nil ? nil : next
        }
        self.dropStaleOverlay()
    }

    // MARK: Keys

    package mutating func handle(_ key: Key) -> [DeskAction] {
        if key == .control("z") { return [.suspend] }
        if let overlay = self.overlay { return self.handle(key, over: overlay) }
        switch key {
        case .up, .character("k"): self.move(by: -1)
        case .down, .character("j"), .tab: self.move(by: 1)
        case .home: self.selection = self.targets.first
        case .end: self.selection = self.targets.last
        case .enter, .character("a"): return self.admit()
        case .character("r"): self.askToRefuse()
        case .character("m"): self.offerMessages()
        case .character("n"): return [.newSession]
        case .character("l"): return self.showLink()
        case .character("e"): self.askToEnd()
        case .character("?"), .function(1): self.overlay = .help
        case .character("q"), .control("c"):
            self.overlay = .quit(
                Confirm(
                    question: self.phrases.confirmQuit,
                    detail: self.phrases.confirmQuitDetail(waiting: self.model.waitingCount), enterConfirms: true))
        case .character(let character):
            if let digit = character.wholeNumberValue, let target = self.targets[safe: digit - 1] {
                self.selection = target
            }
        default: break
        }
        return []
    }

    private mutating func handle(_ key: Key, over overlay: Overlay) -> [DeskAction] {
        switch overlay {
        case .help, .link:
            self.overlay = nil
            return []
        case .refuse(let target, let confirm):
            guard let guest = target.guest else { return [] }
            return self.settle(confirm.handle(key), [.refuse(session: target.session, guest: guest)])
        case .end(let session, let confirm): return self.settle(confirm.handle(key), [.end(session: session)])
        case .quit(let confirm): return self.settle(confirm.handle(key), [.quit])
        case .messages(let target, var picker):
            let outcome = picker.handle(key)
            self.overlay = .messages(target, picker)
            return self.choose(outcome, for: target)
        case .writing(let target, var prompt):
            let outcome = prompt.handle(key)
            self.overlay = .writing(target, prompt)
            switch outcome {
            case .none: return []
            case .cancelled:
                self.overlay = nil
                return []
            case .entered(let text):
                self.overlay = nil
                return self.send(text, to: target)
            }
        }
    }

    private mutating func settle(_ answer: Confirm.Answer, _ actions: [DeskAction]) -> [DeskAction] {
        if answer != .none { self.overlay = nil }
        return answer == .yes ? actions : []
    }

    private mutating func choose(_ outcome: Picker.Outcome, for target: Target) -> [DeskAction] {
        switch outcome {
        case .none: return []
        case .cancelled:
            self.overlay = nil
            return []
        case .chosen(let index):
            self.overlay = nil
            switch index {
            case 0: return self.send(self.phrases.fiveMoreMinutes, to: target)
            case 1: return self.send(self.phrases.fifteenMoreMinutes, to: target)
            default:
                self.overlay = .writing(target, Prompt(title: self.phrases.messageTo(self.name(of: target))))
                return []
            }
        }
    }

    private func send(_ text: String, to target: Target) -> [DeskAction] {
        guard let guest = target.guest, self.targets.contains(target) else { return [] }
        return [.message(session: target.session, guest: guest, text: text)]
    }

    private func admit() -> [DeskAction] {
        guard let target = self.selection, let guest = target.guest else { return [] }
        return [.admit(session: target.session, guest: guest)]
    }

    private mutating func askToRefuse() {
        guard let target = self.selection, target.guest != nil else { return }
        self.overlay = .refuse(
            target,
            Confirm(
                question: self.phrases.confirmRefuse(self.name(of: target)), detail: self.phrases.confirmRefuseDetail,
                enterConfirms: true))
    }

    private mutating func askToEnd() {
        guard let target = self.selection, let session = self.session(target.session) else { return }
        self.overlay = .end(
            session: session.id,
            Confirm(
                question: self.phrases.confirmEnd(self.label(of: session)), detail: self.phrases.confirmEndDetail,
                enterConfirms: false))
    }

    private mutating func offerMessages() {
        guard let target = self.selection, target.guest != nil else { return }
        self.overlay = .messages(
            target,
            Picker(
                title: self.phrases.messageTo(self.name(of: target)),
                items: [
                    self.phrases.fiveMoreMinutes, self.phrases.fifteenMoreMinutes, self.phrases.freeMessage,
                ]))
    }

    private mutating func showLink() -> [DeskAction] {
        guard let target = self.selection else { return [] }
        self.overlay = .link(session: target.session)
        return [.showLink(session: target.session)]
    }

    private mutating func move(by step: Int) {
        let targets = self.targets
        guard let selection, let index = targets.firstIndex(of: selection) else {
            self.selection = targets.first
            return
        }
        self.selection = targets[min(max(index + step, 0), targets.count - 1)]
    }

    /// A question about somebody who left is no question any more.
    private mutating func dropStaleOverlay() {
        switch self.overlay {
        case .refuse(let target, _), .messages(let target, _):
            if !self.targets.contains(target) { self.overlay = nil }
        // What is being written stays: its letters would be taken for keys.
        case .writing: break
        case .end(let session, _), .link(let session):
            if self.session(session) == nil { self.overlay = nil }
        case .quit, .help, nil: break
        }
    }

    /// Whom a key that cannot be taken back would meet: who is asked about, else who is under the cursor.
    package var aim: Target? {
        switch self.overlay {
        case .refuse(let target, _): target
        case .end(let session, _): Target(session: session, guest: nil)
        default: self.selection
        }
    }

    /// Whether letters go into a line.
    package var isWriting: Bool { if case .writing = self.overlay { true } else { false } }

    // MARK: What is there

    /// In the order of the screen.
    var targets: [Target] {
        self.model.sessions.flatMap { session in
            session.guests.isEmpty
                ? [Target(session: session.id, guest: nil)]
                : session.guests.map { Target(session: session.id, guest: $0.id) }
        }
    }

    func session(_ id: String) -> DeskModel.Session? { self.model.sessions.first { $0.id == id } }

    func guest(_ target: Target) -> WaitingGuest? {
        self.session(target.session)?.guests.first { $0.id == target.guest }
    }

    func name(of target: Target) -> String {
        self.guest(target).map { self.phrases.pseudonym($0.pseudonym) } ?? self.phrases.patient
    }

    func label(of session: DeskModel.Session) -> String {
        session.label.isEmpty ? self.phrases.unnamedSession : session.label.text
    }
}

extension Array {
    subscript(safe index: Int) -> Element? { self.indices.contains(index) ? self[index] : nil }
}
