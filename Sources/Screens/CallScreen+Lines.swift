internal import Phrases
internal import Terminal

extension CallScreen {
    /// What changed, a sentence each: for screen readers and for output that is no terminal. Levels and clocks are
    /// not announced; quality is when its word changes, details when they are asked for.
    /// - Parameter old: The screen as it was when lines were last printed; nil for the first time.
    package func lines(since old: CallScreen?) -> [String] {
        var lines = self.phaseLines(since: old)
        lines += self.guestLines(since: old)
        lines += self.wordsLines(since: old)
        lines += self.soundLines(since: old)
        if let patient = self.model.chat.newLines(since: old?.model.chat) {
            lines += patient.map {
                $0.isFromPatient ? self.phrases.patientWrites($0.text) : self.phrases.youWrote($0.text)
            }
        }
        lines += self.circumstanceLines(since: old)
        lines += self.overlayLines(since: old)
        if self.overlay == nil, old == nil || old?.hints != self.hints { lines.append(DeskScreen.spoken(self.hints)) }
        return lines
    }

    private func phaseLines(since old: CallScreen?) -> [String] {
        switch (self.model.phase, old?.model.phase) {
        case (.opening, .opening), (.waiting, .waiting), (.handshake, .handshake), (.connecting, .connecting),
            (.connected, .connected), (.reconnecting, .reconnecting), (.resuming, .resuming), (.ended, .ended):
            return []
        case (.opening, _): return [self.phrases.openingRoom]
        case (.waiting, _):
            return self.model.guests.isEmpty
                ? [self.phrases.waitingForPatient, self.phrases.waitingForPatientAdvice] : []
        case (.handshake, _): return [self.phrases.patientConsents]
        case (.connecting, _): return [self.phrases.connectingAdvice]
        case (.connected, _): return [Phrases.sentence(self.phrases.stateConnected)]
        case (.reconnecting(let time), _): return [self.phrases.reconnectingAdvice(self.phrases.span(time))]
        case (.resuming, _): return [self.phrases.resuming]
        case (.ended(let ending), _):
            let lasted =
                self.model.duration > .zero ? [self.phrases.lasted(self.phrases.span(self.model.duration))] : []
            return [Phrases.sentence(self.phrases.endedTitle), self.phrases.ending(ending).line] + lasted
        }
    }

    private func guestLines(since old: CallScreen?) -> [String] {
        guard self.isWaiting else { return [] }
        let label = self.model.label.isEmpty ? self.phrases.unnamedSession : self.model.label.text
        let before = old?.model.guests ?? []
        var lines: [String] = []
        for guest in self.model.guests where !before.contains(where: { $0.id == guest.id }) {
            lines.append(self.phrases.arrived(self.phrases.pseudonym(guest.pseudonym), at: label))
            if !guest.name.isEmpty { lines.append(Phrases.sentence(self.phrases.saysName(guest.name))) }
        }
        for guest in before where !self.model.guests.contains(where: { $0.id == guest.id }) {
            lines.append(self.phrases.departed(self.phrases.pseudonym(guest.pseudonym)))
        }
        if self.model.guests.count > 1, before.count < 2 { lines.append(self.phrases.twoDevicesWarning) }
        if let selection, selection != old?.selection {
            lines.append(self.phrases.selected(self.name(of: selection)))
        }
        return lines
    }

    private func wordsLines(since old: CallScreen?) -> [String] {
        guard let words = self.model.words, self.isTalking else { return [] }
        var lines: [String] = []
        if self.mustCompare, old?.mustCompare != true || old?.model.words?.digits != words.digits {
            let digits = words.digits.map(String.init).joined(separator: " ")
            lines.append(
                self.phrases.wordsAloud(
                    patient: Array(words.words.prefix(2)), doctor: Array(words.words.suffix(2)), digits: digits))
            lines.append(self.phrases.sameOrDifferent)
        }
        if words.peerSaysSame == true, old?.model.words?.peerSaysSame != true {
            lines.append(self.phrases.peerSaysSame)
        }
        if words.isSame, old?.model.words?.isSame != true { lines.append(Phrases.sentence(self.phrases.verified)) }
        return lines
    }

    private func soundLines(since old: CallScreen?) -> [String] {
        var lines: [String] = []
        if self.model.isMuted != (old?.model.isMuted ?? false) {
            lines.append(
                self.model.isMuted
                    ? "\(Phrases.sentence(self.phrases.muted)) \(self.phrases.mutedAdvice)" : self.phrases.unmuted)
        }
        for side in SoundSide.allCases {
            let (now, before) = (self.sound(side), old?.sound(side))
            let device = Neutralised(self.deviceName(side))
            if let trouble = now.trouble {
                if before?.trouble != trouble { lines.append(self.phrases.sound(trouble, side).line) }
            } else if before?.trouble != nil {
                lines.append(self.phrases.soundReturned(side, device: device))
            } else if let before, before.selected != now.selected {
                lines.append(self.phrases.soundChanged(side, device: device))
            }
        }
        if let old, old.model.isRaw != self.model.isRaw {
            let state = self.model.isRaw ? self.phrases.on : self.phrases.off
            lines.append("\(self.phrases.rawSound)\(self.phrases.colon) \(state).")
        }
        return lines
    }

    private func circumstanceLines(since old: CallScreen?) -> [String] {
        var lines: [String] = []
        let (away, wasAway) = (self.model.broker.isAway, old?.model.broker.isAway ?? false)
        if away, !wasAway, self.ending == nil {
            let text = self.notices.first { $0.mark == "! " && $0.worth == 7 }?.text
            lines += text.map { [$0] } ?? []
        } else if wasAway, !away {
            lines.append(Phrases.sentence(self.phrases.brokerOnline))
        }
        if self.model.strayCount > old?.model.strayCount ?? 0 {
            lines.append(self.phrases.strayWarning(self.model.strayCount))
        }
        if self.model.othersWaiting > old?.model.othersWaiting ?? 0 {
            lines.append(Phrases.sentence(self.phrases.othersWaiting(self.model.othersWaiting)))
        }
        if let notice = self.model.notice, notice != old?.model.notice { lines.append(notice) }
        if self.model.phase == .connected, self.model.quality != old?.model.quality {
            lines.append("\(self.phrases.quality)\(self.phrases.colon) \(self.qualitySpan.text).")
        }
        if self.showsDetails, old?.showsDetails != true, let details = self.model.details {
            lines += self.details(details).map { "\($0)\(self.phrases.colon) \($1)." }
        }
        return lines
    }

    private func overlayLines(since old: CallScreen?) -> [String] {
        guard let overlay = self.overlay, overlay != old?.overlay else { return [] }
        switch (overlay, old?.overlay) {
        case (.help, _): return self.allHints.map { "\($0.key)\(self.phrases.colon) \($0.label)" }
        case (.link, _): return [self.model.link?.text ?? self.phrases.opening]
        case (.refuse(_, let confirm), _), (.different(let confirm), _), (.hangUp(let confirm), _):
            return [confirm.line(self.phrases)]
        case (.messages(_, let picker), .messages), (.sound(let picker), .sound), (.device(_, let picker), .device):
            return [picker.line]
        case (.messages(_, let picker), _), (.sound(let picker), _), (.device(_, let picker), _): return picker.spoken
        case (.writing, .writing), (.chat, .chat): return []
        case (.writing(_, let prompt), _), (.chat(let prompt), _):
            return ["\(prompt.title). \(DeskScreen.spoken(prompt.hints(self.phrases)))"]
        }
    }
}

extension BrokerState {
    var isAway: Bool { if case .away = self { true } else { false } }
}

extension [CallModel.ChatLine] {
    /// Those that were not there before, or read otherwise; a line that was only sent is not new.
    fileprivate func newLines(since old: [CallModel.ChatLine]?) -> [CallModel.ChatLine]? {
        guard let old, !old.isEmpty else { return self.isEmpty ? nil : self }
        return self.filter { line in !old.contains { $0.isSameLine(as: line) } }
    }
}

extension CallModel.ChatLine {
    fileprivate func isSameLine(as other: CallModel.ChatLine) -> Bool {
        self.isFromPatient == other.isFromPatient && self.id == other.id && self.text == other.text
    }
}
