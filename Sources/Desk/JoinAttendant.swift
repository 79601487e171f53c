package import Consultation
package import Endpoint
package import Network
package import Phrases
internal import Screens
internal import SecureChannel
package import Session
package import Sound
internal import Terminal
package import Wire

/// A patient at a terminal: one sentence for each change, one key for each thing to do. Confined to the driver's thread.
package final class JoinAttendant: CallAttendant {
    private let phrases: Phrases
    private let input = KeyInput()
    private let print: (String) -> Void
    private let sound: SoundCard.Choice
    private var card: CardSound?
    private var facts: CallFacts
    private var prompt: Prompt?
    private var nextChat: UInt32 = 1
    private var saidWaiting = false
    /// Why the call ended, once it did.
    package private(set) var endReason: EndReason?

    package init(phrases: Phrases, sound: SoundCard.Choice, now: Instant, print: @escaping (String) -> Void) {
        self.phrases = phrases
        self.sound = sound
        self.print = print
        self.facts = CallFacts(session: nil, label: "", isAdmitted: false, startedAt: now)
    }

    package func listen(on waiting: inout WaitList) {
        if let descriptor = self.input.descriptor { waiting.add(descriptor) }
    }

    package var deadline: Instant { self.input.deadline }

    // MARK: What happens

    package func handle(_ event: SessionEvent, in driver: CallDriver, now: Instant) {
        let before = self.facts
        self.facts.handle(event, now: now)
        switch event {
        case .doctorPresent(false): if !self.facts.isAdmitted { self.print(self.phrases.joinDoctorAway) }
        case .waiting(let message):
            if !self.saidWaiting { self.print(self.phrases.joinWaiting) }
            self.saidWaiting = true
            if !message.isEmpty { self.print(self.phrases.joinDoctorSays(Neutralised(message))) }
        case .admitted:
            self.print(self.phrases.joinAdmitted)
            driver.session.consent(now: now)
            let card = CardSound(self.sound)
            self.card = card
            driver.sound = card
        case .bound: if before.boundAt == nil { self.talk() }
        case .pathState:
            if self.facts.pathBrokenSince != nil, before.pathBrokenSince == nil {
                self.print(self.phrases.joinReconnecting)
            }
        case .peerCompared(let same):
            if before.peerComparison != same { self.print(self.phrases.joinDoctorCompared(same: same)) }
        case .chat(_, let text): self.print(self.phrases.joinDoctorWrites(Neutralised(text)))
        case .ended(let reason):
            self.endReason = reason
            driver.finish()
        default: break
        }
    }

    private func talk() {
        if let words = self.facts.words {
            let list = words.words(in: self.facts.language) ?? []
            let lines = self.phrases.joinWords(
                yours: list.prefix(2).joined(separator: " "), theirs: list.dropFirst(2).joined(separator: " "),
                digits: "\(words.digits.prefix(4)) \(words.digits.suffix(4))")
            for line in lines { self.print(line) }
        }
        self.print(self.phrases.joinTalking)
    }

    package func serve(_ driver: CallDriver, now: Instant) {
        if let card = self.card {
            for event in card.card.takeEvents() { self.tell(event) }
        }
        for key in self.input.read(now: now) { self.handle(key, driver, now: now) }
    }

    private func tell(_ event: SoundEvent) {
        switch event {
        case .lost(let side, _, let loss):
            self.print(
                self.phrases.sound(SoundTrouble(loss), side == .capture ? .microphone : .loudspeaker).line)
        case .returned(let side, let device):
            self.print(
                self.phrases.soundReturned(
                    side == .capture ? .microphone : .loudspeaker, device: Neutralised(device)))
        case .opened: break
        }
    }

    // MARK: What the person does

    private func handle(_ key: Key, _ driver: CallDriver, now: Instant) {
        if var prompt = self.prompt {
            let outcome = prompt.handle(key)
            self.prompt = outcome == .none ? prompt : nil
            if case .entered(let text) = outcome {
                driver.session.chat(id: self.nextChat, text: text, now: now)
                self.nextChat += 1
                self.print(self.phrases.youWrote(Neutralised(text)))
            }
            return
        }
        switch key {
        case .character("s"), .character("="): self.compare(same: true, driver, now: now)
        case .character("d"): self.compare(same: false, driver, now: now)
        case .character("m"), .character(" "):
            self.facts.isMuted.toggle()
            self.card?.isMuted = self.facts.isMuted
            self.print(self.phrases.joinMuted(self.facts.isMuted))
        case .character("t"):
            guard self.facts.isAdmitted else { return }
            self.prompt = Prompt(title: self.phrases.joinChatPrompt)
            self.print(self.phrases.joinChatPrompt)
        case .character("h"), .character("q"), .control("c"): driver.session.hangUp(now: now)
        default: break
        }
    }

    private func compare(same: Bool, _ driver: CallDriver, now: Instant) {
        guard self.facts.words != nil, self.facts.boundAt != nil, self.facts.comparison == nil else { return }
        self.facts.comparison = same
        driver.session.compare(same: same, now: now)
    }

    package func stop(_ driver: CallDriver, now: Instant) {
        driver.session.hangUp(now: now)
        if self.endReason == nil { driver.finish() }
    }

    /// Gives the keyboard back.
    package func close() {
        self.input.close()
    }

    /// Asks before anything is sent; blocks until there is an answer.
    /// - Returns: whether the person agreed; `false` at the end of input.
    package static func asksConsent(
        phrases: Phrases, host: String, isGiven: Bool, print: (String) -> Void
    ) -> Bool {
        for line in phrases.joinConsent(host: host) { print(line) }
        if isGiven { return true }
        print(phrases.joinConsentQuestion)
        let input = KeyInput()
        defer { input.close() }
        let question = Confirm(question: "", detail: "", enterConfirms: false)
        while let descriptor = input.descriptor {
            input.wait(for: descriptor)
            for key in input.read(now: .zero) {
                switch question.handle(key) {
                case .yes: return true
                case .no: return false
                case .none: break
                }
            }
        }
        return false
    }
}
