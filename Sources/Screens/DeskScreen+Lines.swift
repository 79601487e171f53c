internal import Phrases
internal import Terminal

extension DeskScreen {
    /// What changed, a sentence each: for screen readers and for output that is no terminal.
    /// - Parameter old: The screen as it was when lines were last printed; nil for the first time.
    package func lines(since old: DeskScreen?) -> [String] {
        var lines: [String] = []
        if old == nil { lines.append("\(self.phrases.deskTitle).") }
        lines += self.brokerLines(since: old)
        lines += self.sessionLines(since: old)
        if let notice = self.model.notice, notice != old?.model.notice { lines.append(notice) }
        lines += self.overlayLines(since: old)
        if self.overlay == nil, let selection, old?.selection != selection || old?.overlay != nil {
            lines.append(self.phrases.selected(self.describe(selection)))
        }
        if old == nil || old?.hints != self.hints, self.overlay == nil { lines.append(Self.spoken(self.hints)) }
        return lines
    }

    private func brokerLines(since old: DeskScreen?) -> [String] {
        switch (old?.model.broker, self.model.broker) {
        case (.online, .online), (.connecting, .connecting), (.away, .away): []
        case (_, .online): [Phrases.sentence(self.phrases.brokerOnline)]
        case (_, .connecting): [Phrases.sentence(self.phrases.brokerConnecting)]
        case (_, .away(let time)): [self.phrases.brokerAwayAdvice(since: self.phrases.span(time))]
        }
    }

    private func sessionLines(since old: DeskScreen?) -> [String] {
        var lines: [String] = []
        for session in self.model.sessions {
            let label = self.label(of: session)
            let before = old?.session(session.id)
            if before == nil || before?.state != session.state {
                switch session.state {
                case .open: lines.append(self.phrases.sessionOpened(label))
                case .opening, .opens, .inCall, .expired:
                    lines.append("\(label) : " + self.state(session) + ".")
                }
            }
            for guest in session.guests where before?.guests.contains(where: { $0.id == guest.id }) != true {
                lines.append(self.arrival(guest, label: label))
            }
            for guest in before?.guests ?? [] where !session.guests.contains(where: { $0.id == guest.id }) {
                lines.append(self.phrases.departed(self.phrases.pseudonym(guest.pseudonym)))
            }
            if session.guests.count > 1, before?.guests.count ?? 0 < 2 { lines.append(self.phrases.twoDevicesWarning) }
            if session.strayCount > before?.strayCount ?? 0 {
                lines.append(self.phrases.strayWarning(session.strayCount))
            }
        }
        for session in old?.model.sessions ?? [] where self.session(session.id) == nil {
            lines.append(self.phrases.sessionClosed(self.label(of: session)))
        }
        if self.model.sessions.isEmpty, old?.model.sessions.isEmpty != true {
            lines.append("\(self.phrases.noSessions) \(self.phrases.noSessionsAdvice)")
        }
        return lines
    }

    private func state(_ session: DeskModel.Session) -> String {
        switch session.state {
        case .opening: self.phrases.opening
        case .open: self.phrases.expiresIn(self.phrases.span(session.expiresIn))
        case .opens(let time): self.phrases.opensAt(self.phrases.clock(time))
        case .inCall: self.phrases.inCall
        case .expired: self.phrases.expired
        }
    }

    private func arrival(_ guest: WaitingGuest, label: String) -> String {
        let line = self.phrases.arrived(self.phrases.pseudonym(guest.pseudonym), at: label)
        return guest.name.isEmpty ? line : "\(line) \(Phrases.sentence(self.phrases.saysName(guest.name)))"
    }

    private func describe(_ target: Target) -> String {
        guard let session = self.session(target.session) else { return "" }
        let label = self.label(of: session)
        guard let guest = self.guest(target) else { return "\(label), \(self.state(session))" }
        let since = self.phrases.waitsSince(self.phrases.span(guest.waiting))
        return "\(self.name(of: target)), \(since), \(label)"
    }

    private func overlayLines(since old: DeskScreen?) -> [String] {
        guard let overlay = self.overlay, overlay != old?.overlay else { return [] }
        switch (overlay, old?.overlay) {
        case (.help, _): return self.allHints.map { "\($0.key) : \($0.label)" }
        case (.link(let id), _):
            guard let session = self.session(id), let link = session.link else { return [self.phrases.opening] }
            return [link.text]
        case (.refuse(_, let confirm), _), (.end(_, let confirm), _), (.quit(let confirm), _):
            return [confirm.line(self.phrases)]
        case (.messages(_, let picker), .messages): return [picker.line]
        case (.messages(_, let picker), _): return picker.spoken
        case (.writing, .writing): return []
        case (.writing(_, let prompt), _): return ["\(prompt.title). \(Self.spoken(prompt.hints(self.phrases)))"]
        }
    }

    static func spoken(_ hints: [Hint]) -> String {
        hints.map { "\($0.key) \($0.label)" }.joined(separator: ", ") + "."
    }
}
