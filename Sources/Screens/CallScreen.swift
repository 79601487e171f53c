package import Phrases
package import Terminal

/// One consultation, from the empty room to the reason why it ended.
package struct CallScreen: Equatable, Sendable {
    enum Overlay: Equatable, Sendable {
        case help
        case link
        case refuse(guest: UInt32, Confirm)
        case different(Confirm)
        case hangUp(Confirm)
        case messages(guest: UInt32, Picker)
        case writing(guest: UInt32, Prompt)
        case chat(Prompt)
        case sound(Picker)
        case device(SoundSide, Picker)
    }

    package private(set) var model: CallModel
    private(set) var overlay: Overlay?
    private(set) var showsDetails = false
    /// The guest under the cursor.
    package private(set) var selection: UInt32?
    let phrases: Phrases

    package init(model: CallModel, phrases: Phrases) {
        self.model = model
        self.phrases = phrases
        self.selection = model.guests.first?.id
    }

    /// Takes the state of now.
    package mutating func update(_ model: CallModel) {
        let wasWaiting = self.isWaiting
        self.model = model
        if !model.guests.contains(where: { $0.id == self.selection }) {
            // Somebody else must not be under the cursor of a key that was meant for who has just left.
            self.selection = self.selection == nil ? model.guests.first?.id : nil
        }
        self.dropStaleOverlay(wasWaiting: wasWaiting)
    }

    var isWaiting: Bool { self.model.phase == .opening || self.model.phase == .waiting }
    var isTalking: Bool {
        switch self.model.phase {
        case .connected, .reconnecting: true
        default: false
        }
    }
    var ending: Ending? { if case .ended(let ending) = self.model.phase { ending } else { nil } }
    /// Whether the words are there and this doctor has not said anything of them.
    var mustCompare: Bool { self.isTalking && self.model.words?.isSame == false }

    // MARK: Keys

    package mutating func handle(_ key: Key) -> [CallAction] {
        if key == .control("z") { return [.suspend] }
        if let overlay = self.overlay { return self.handle(key, over: overlay) }
        if self.ending != nil { return self.handleEnded(key) }
        switch key {
        case .character("?"), .function(1): self.overlay = .help
        case .character("h"), .character("q"), .control("c"): self.askToHangUp()
        case .character("v"): self.overlay = .sound(self.soundPicker)
        case .character("m"), .character(" "):
            if self.isWaiting, key == .character("m") { self.offerMessages() } else { return self.toggleMute() }
        default: return self.isWaiting ? self.handleWaiting(key) : self.handleTalking(key)
        }
        return []
    }

    private mutating func handleWaiting(_ key: Key) -> [CallAction] {
        switch key {
        case .up, .character("k"): self.move(by: -1)
        case .down, .character("j"), .tab: self.move(by: 1)
        case .enter, .character("a"): return self.selection.map { [.admit(guest: $0)] } ?? []
        case .character("r"):
            guard let guest = self.selection else { break }
            self.overlay = .refuse(
                guest: guest,
                Confirm(
                    question: self.phrases.confirmRefuse(self.name(of: guest)),
                    detail: self.phrases.confirmRefuseDetail, enterConfirms: true))
        case .character("l"): self.overlay = .link
        case .character(let character):
            if let digit = character.wholeNumberValue, let guest = self.model.guests[safe: digit - 1] {
                self.selection = guest.id
            }
        default: break
        }
        return []
    }

    private mutating func handleTalking(_ key: Key) -> [CallAction] {
        switch key {
        case .character("s"), .character("="): if self.mustCompare { return [.wordsAreSame] }
        case .character("d"):
            guard self.model.words != nil else { break }
            self.overlay = .different(
                Confirm(
                    question: self.phrases.confirmDifferent, detail: self.phrases.confirmDifferentDetail,
                    enterConfirms: false))
        case .character("i"): self.showsDetails.toggle()
        case .character("t"), .enter: self.overlay = .chat(Prompt(title: self.phrases.chatTitle))
        default: break
        }
        return []
    }

    private func handleEnded(_ key: Key) -> [CallAction] {
        switch key {
        case .enter, .escape, .character("q"), .control("c"): [.leave]
        default: []
        }
    }

    private mutating func handle(_ key: Key, over overlay: Overlay) -> [CallAction] {
        switch overlay {
        case .help, .link:
            self.overlay = nil
            return []
        case .refuse(let guest, let confirm): return self.settle(confirm.handle(key), .refuse(guest: guest))
        case .different(let confirm): return self.settle(confirm.handle(key), .wordsDiffer)
        case .hangUp(let confirm): return self.settle(confirm.handle(key), self.isWaiting ? .leave : .hangUp)
        case .messages(let guest, var picker):
            let outcome = picker.handle(key)
            self.overlay = outcome == .none ? .messages(guest: guest, picker) : nil
            return self.choose(outcome, for: guest)
        case .writing(let guest, var prompt):
            let outcome = prompt.handle(key)
            self.overlay = outcome == .none ? .writing(guest: guest, prompt) : nil
            guard self.model.guests.contains(where: { $0.id == guest }) else { return [] }
            if case .entered(let text) = outcome { return [.message(guest: guest, text: text)] }
            return []
        case .chat(var prompt): return self.handleChat(key, &prompt)
        case .sound(var picker):
            let outcome = picker.handle(key)
            self.overlay = outcome == .none ? .sound(picker) : nil
            return self.chooseSound(outcome)
        case .device(let side, var picker):
            let outcome = picker.handle(key)
            self.overlay = outcome == .none ? .device(side, picker) : nil
            guard case .chosen(let index) = outcome, let device = self.sound(side).devices[safe: index] else {
                return []
            }
            return [.useDevice(side, id: device.id)]
        }
    }

    /// The line stays open after each message, until Esc.
    private mutating func handleChat(_ key: Key, _ prompt: inout Prompt) -> [CallAction] {
        switch prompt.handle(key) {
        case .none:
            self.overlay = .chat(prompt)
            return []
        case .cancelled:
            self.overlay = nil
            return []
        case .entered(let text):
            guard self.ending == nil else {
                self.overlay = nil
                return []
            }
            prompt.clear()
            self.overlay = .chat(prompt)
            return [.chat(text)]
        }
    }

    private mutating func settle(_ answer: Confirm.Answer, _ action: CallAction) -> [CallAction] {
        if answer != .none { self.overlay = nil }
        return answer == .yes ? [action] : []
    }

    private mutating func choose(_ outcome: Picker.Outcome, for guest: UInt32) -> [CallAction] {
        guard case .chosen(let index) = outcome else { return [] }
        switch index {
        case 0: return [.message(guest: guest, text: self.phrases.fiveMoreMinutes)]
        case 1: return [.message(guest: guest, text: self.phrases.fifteenMoreMinutes)]
        default:
            self.overlay = .writing(guest: guest, Prompt(title: self.phrases.messageTo(self.name(of: guest))))
            return []
        }
    }

    private mutating func chooseSound(_ outcome: Picker.Outcome) -> [CallAction] {
        guard case .chosen(let index) = outcome else { return [] }
        switch index {
        case 0: self.overlay = .device(.microphone, self.devicePicker(.microphone))
        case 1: self.overlay = .device(.loudspeaker, self.devicePicker(.loudspeaker))
        default: return [.setRaw(!self.model.isRaw)]
        }
        return []
    }

    private func toggleMute() -> [CallAction] { [.setMuted(!self.model.isMuted)] }

    private mutating func askToHangUp() {
        self.overlay = .hangUp(
            Confirm(
                question: self.isWaiting ? self.phrases.confirmLeave : self.phrases.confirmHangUp,
                detail: self.isWaiting
                    ? self.phrases.confirmQuitDetail(waiting: self.model.guests.count)
                    : self.phrases.confirmHangUpDetail,
                enterConfirms: true))
    }

    private mutating func offerMessages() {
        guard let guest = self.selection else { return }
        self.overlay = .messages(
            guest: guest,
            Picker(
                title: self.phrases.messageTo(self.name(of: guest)),
                items: [self.phrases.fiveMoreMinutes, self.phrases.fifteenMoreMinutes, self.phrases.freeMessage]))
    }

    private mutating func move(by step: Int) {
        guard let index = self.model.guests.firstIndex(where: { $0.id == self.selection }) else {
            self.selection = self.model.guests.first?.id
            return
        }
        self.selection = self.model.guests[min(max(index + step, 0), self.model.guests.count - 1)].id
    }

    private mutating func dropStaleOverlay(wasWaiting: Bool) {
        switch self.overlay {
        case .refuse(let guest, _), .messages(let guest, _):
            if !self.model.guests.contains(where: { $0.id == guest }) { self.overlay = nil }
        case .device(let side, let picker):
            // The list changed under the cursor: show the new one.
            let fresh = self.devicePicker(side)
            if fresh.items != picker.items { self.overlay = .device(side, fresh) }
        case .sound: self.overlay = .sound(Picker(self.soundPicker, keeping: self.overlay))
        case .hangUp, .link: if wasWaiting != self.isWaiting { self.overlay = nil }
        case .different: if self.model.words == nil { self.overlay = nil }
        // What is being written stays: its letters would be taken for keys.
        case .help, .chat, .writing, nil: break
        }
        guard self.ending != nil else { return }
        switch self.overlay {
        case .chat, .writing: break
        default: self.overlay = nil
        }
    }

    /// Whom a key that cannot be taken back would meet: who is asked about, else who is under the cursor.
    package var aim: UInt32? {
        switch self.overlay {
        case .refuse(let guest, _): guest
        case .hangUp, .different: nil
        default: self.selection
        }
    }

    /// Whether letters go into a line.
    package var isWriting: Bool {
        switch self.overlay {
        case .chat, .writing: true
        default: false
        }
    }

    package var hasEnded: Bool { self.ending != nil }

    // MARK: What is there

    func sound(_ side: SoundSide) -> CallModel.Sound {
        switch side {
        case .microphone: self.model.microphone
        case .loudspeaker: self.model.loudspeaker
        }
    }

    func name(of guest: UInt32) -> String {
        let found = self.model.guests.first { $0.id == guest }
        return found.map { self.phrases.pseudonym($0.pseudonym) } ?? self.phrases.patient
    }

    func deviceName(_ side: SoundSide) -> String {
        let sound = self.sound(side)
        return sound.devices.first { $0.id == sound.selected }?.name.text ?? self.phrases.noDevice
    }

    private var soundPicker: Picker {
        Picker(
            title: self.phrases.soundTitle,
            items: [
                "\(self.phrases.microphone)\(self.phrases.colon) \(self.deviceName(.microphone))",
                "\(self.phrases.loudspeaker)\(self.phrases.colon) \(self.deviceName(.loudspeaker))",
                "\(self.phrases.rawSound)\(self.phrases.colon) "
                    + "\(self.model.isRaw ? self.phrases.on : self.phrases.off)",
            ])
    }

    private func devicePicker(_ side: SoundSide) -> Picker {
        let sound = self.sound(side)
        return Picker(
            title: side == .microphone ? self.phrases.microphone : self.phrases.loudspeaker,
            items: sound.devices.map(\.name.text),
            selection: sound.devices.firstIndex { $0.id == sound.selected } ?? 0)
    }
}

extension Picker {
    /// A picker with fresh items under the old cursor.
    fileprivate init(_ fresh: Picker, keeping overlay: CallScreen.Overlay?) {
        guard case .sound(let old) = overlay else {
            self = fresh
            return
        }
        self.init(title: fresh.title, items: fresh.items, selection: old.selection)
    }
}
