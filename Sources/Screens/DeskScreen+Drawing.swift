internal import Phrases
package import Terminal

extension DeskScreen {
    /// Draws all of it; the frame must be blank.
    package func draw(into frame: inout Frame) {
        guard Chrome.fits(frame.size) else { return Chrome.drawTooSmall(into: &frame, phrases: self.phrases) }
        let margin = Chrome.margin(frame.size)
        let width = frame.size.columns - 2 * margin
        let rows = Chrome(title: self.title, status: self.status(width: width), hints: self.hints)
            .draw(into: &frame)
        var body = rows.lowerBound + (frame.size.rows >= 20 ? 1 : 0)..<rows.upperBound
        if self.overlay == nil || self.isQuestion {
            let notices = self.notices(width: width).prefix(max(0, body.count / 3))
            for (index, line) in notices.enumerated() {
                frame.draw(line, row: body.upperBound - notices.count + index, margin: margin)
            }
            if !notices.isEmpty { body = body.lowerBound..<body.upperBound - notices.count }
        }
        let lines = self.lines(width: width, rows: body.count)
        for (row, line) in zip(body, lines) { frame.draw(line, row: row, margin: margin) }
        if case .writing(_, let prompt) = self.overlay {
            prompt.draw(
                into: &frame, row: min(body.lowerBound + 2, body.upperBound - 1), margin: margin, phrases: self.phrases)
        }
    }

    private var isQuestion: Bool {
        switch self.overlay {
        case .refuse, .end, .quit: true
        default: false
        }
    }

    private var title: [Span] {
        [Span("Colloque", .bold), Span("  ·  ", .dim), Span(self.phrases.deskTitle)]
    }

    private func status(width: Int) -> [Span] {
        var parts: [Span] = []
        let count = self.model.waitingCount
        if width >= 70, self.model.broker == .online {
            parts.append(Span(self.phrases.waitingCount(count), count > 0 ? Style(.green, bold: true) : .dim))
        }
        switch self.model.broker {
        case .online: break
        case .connecting: parts.append(Span(self.phrases.brokerConnecting, Style(.yellow)))
        case .away: parts.append(Span(self.phrases.brokerAway, Style(.red, bold: true)))
        }
        if let clock = self.model.clock, width >= 56 { parts.append(Span(self.phrases.clock(clock))) }
        return Array(parts.map { [$0] }.joined(separator: [Span("  ·  ", .dim)]))
    }

    private func lines(width: Int, rows: Int) -> [Line] {
        switch self.overlay {
        case .help: return self.helpLines(width: width)
        case .link(let session): return self.linkLines(session, width: width, rows: rows)
        case .refuse(_, let confirm), .end(_, let confirm), .quit(let confirm): return confirm.lines(width: width)
        case .messages(_, let picker): return picker.lines(width: width)
        case .writing(_, let prompt): return [Line(prompt.title, .bold)]
        case nil: return self.listLines(width: width, rows: rows)
        }
    }

    // MARK: The list

    private func listLines(width: Int, rows: Int) -> [Line] {
        guard !self.model.sessions.isEmpty else {
            return Line.wrapped(self.phrases.noSessions, .bold, to: width) + [.empty]
                + Line.wrapped(self.phrases.noSessionsAdvice, to: width)
        }
        var lines: [Line] = []
        var focus = 0..<0
        var digit = 0
        for (index, session) in self.model.sessions.enumerated() {
            if index > 0 { lines.append(.empty) }
            let start = lines.count
            let isChosen = self.selection == Target(session: session.id, guest: nil)
            if session.guests.isEmpty { digit += 1 }
            lines.append(self.header(of: session, digit: digit, width: width, isSelected: isChosen))
            if isChosen { focus = start..<start + 2 }
            for guest in session.guests {
                digit += 1
                let isSelected = self.selection == Target(session: session.id, guest: guest.id)
                if isSelected { focus = (lines.count - start < 4 ? start : lines.count)..<lines.count + 1 }
                lines.append(self.row(of: guest, digit: digit, width: width, isSelected: isSelected))
            }
            if session.guests.isEmpty, session.state == .open {
                lines.append(Line("     \(self.phrases.nobodyYet)", .dim))
            }
            lines += self.warnings(of: session, width: width)
        }
        return Self.scrolled(lines, to: focus, rows: rows)
    }

    private func header(of session: DeskModel.Session, digit: Int, width: Int, isSelected: Bool) -> Line {
        let number = session.guests.isEmpty && digit <= 9 ? "\(digit)" : " "
        var line = Line(
            [Span("\(number)  ", .dim), Span(self.label(of: session), .bold)], right: self.state(of: session),
            isSelected: isSelected)
        if session.isRelayOnly, width >= 70 { line.right.insert(Span("\(self.phrases.relayOnly)  ·  ", .dim), at: 0) }
        return line
    }

    private func state(of session: DeskModel.Session) -> [Span] {
        switch session.state {
        case .opening: [Span(self.phrases.opening, Style(.yellow))]
        case .open: [Span(self.phrases.expiresIn(self.phrases.span(session.expiresIn)), .dim)]
        case .opens(let time): [Span(self.phrases.opensAt(self.phrases.clock(time)), .dim)]
        case .inCall: [Span("● \(self.phrases.inCall)", Style(.green, bold: true))]
        case .expired: [Span(self.phrases.expired, Style(.red))]
        }
    }

    private func row(of guest: WaitingGuest, digit: Int, width: Int, isSelected: Bool) -> Line {
        let number = digit <= 9 ? "\(digit)" : " "
        let name = self.phrases.pseudonym(guest.pseudonym)
        let since = self.phrases.waitsSince(self.phrases.span(guest.waiting))
        let column = min(20, max(14, width / 4))
        let padded = name + String(repeating: " ", count: max(2, column - CellWidth.of(name)))
        var line = Line(
            [
                Span("\(number)  ", .dim), Span(isSelected ? "› " : "  ", .bold),
                Span(padded, Style(.green, bold: true)),
            ],
            isSelected: isSelected)
        if guest.name.isEmpty || width < 60 {
            line.left.append(Span(since))
        } else {
            line.left.append(Span(self.phrases.saysName(guest.name)))
            line.right = [Span(since)]
        }
        return line
    }

    private func warnings(of session: DeskModel.Session, width: Int) -> [Line] {
        var lines: [Line] = []
        if session.guests.count > 1 {
            lines += Line.wrapped(self.phrases.twoDevicesWarning, Style(.yellow), mark: "     ! ", to: width)
        }
        if session.strayCount > 0 {
            lines += Line.wrapped(
                self.phrases.strayWarning(session.strayCount), Style(.yellow), mark: "     ! ", to: width)
        }
        return lines
    }

    /// The part of the list that shows the focus, with an ellipsis where it goes on.
    private static func scrolled(_ lines: [Line], to focus: Range<Int>, rows: Int) -> [Line] {
        guard lines.count > rows, rows > 2 else { return lines }
        let wanted = max(0, min(focus.upperBound + 1, lines.count) - rows)
        let start = min(wanted, focus.lowerBound, lines.count - rows)
        var shown = Array(lines[start..<start + rows])
        if start > 0, focus.lowerBound > start { shown[0] = Line("…", .dim) }
        if start + rows < lines.count, focus.upperBound < start + rows { shown[rows - 1] = Line("…", .dim) }
        return shown
    }

    private func notices(width: Int) -> [Line] {
        if case .away(let time) = self.model.broker {
            return Line.wrapped(
                self.phrases.brokerAwayAdvice(since: self.phrases.span(time)), Style(.red), mark: "! ", to: width)
        }
        return self.model.notice.map { Line.wrapped($0, Style(.cyan), to: width) } ?? []
    }

    // MARK: Overlays

    private func linkLines(_ id: String, width: Int, rows: Int) -> [Line] {
        guard let session = self.session(id) else { return [] }
        let card = LinkCard(title: self.label(of: session), link: session.link, qr: session.qr, phrases: self.phrases)
        return card.lines(width: width, rows: rows)
    }

    private func helpLines(width: Int) -> [Line] {
        let rows = self.allHints
        let column = rows.reduce(0) { max($0, CellWidth.of($1.key)) } + 3
        return [Line(self.phrases.helpTitle, .bold), .empty]
            + rows.map { hint in
                let space = String(repeating: " ", count: column - CellWidth.of(hint.key))
                return Line([Span(hint.key + space, Style(.cyan, bold: true)), Span(Phrases.sentence(hint.label))])
            }
    }

    /// All keys of the desk, for help.
    var allHints: [Hint] {
        [
            Hint("↑ ↓ j k 1–9", self.phrases.keySelect), Hint("a, \(self.phrases.keyEnter)", self.phrases.keyAdmit),
            Hint("r", self.phrases.keyRefuse), Hint("m", self.phrases.keyMessage), Hint("n", self.phrases.keyNew),
            Hint("l", self.phrases.keyLink), Hint("e", self.phrases.keyEnd), Hint("q", self.phrases.keyQuit),
        ]
    }

    /// What is possible now, the most useful first.
    var hints: [Hint] {
        switch self.overlay {
        case .help, .link: return [Hint(self.phrases.keyEscape, self.phrases.keyBack)]
        case .refuse(_, let confirm), .end(_, let confirm), .quit(let confirm): return confirm.hints(self.phrases)
        case .messages(_, let picker): return picker.hints(self.phrases)
        case .writing(_, let prompt): return prompt.hints(self.phrases)
        case nil: break
        }
        var hints: [Hint] = []
        if self.selection?.guest != nil {
            hints += [
                Hint("a", self.phrases.keyAdmit), Hint("r", self.phrases.keyRefuse), Hint("m", self.phrases.keyMessage),
            ]
        }
        hints.append(Hint("n", self.phrases.keyNew))
        if self.selection != nil { hints.append(Hint("l", self.phrases.keyLink)) }
        hints.append(Hint("q", self.phrases.keyQuit))
        if self.selection != nil { hints.append(Hint("e", self.phrases.keyEnd)) }
        return hints + [Hint("?", self.phrases.keyHelp)]
    }
}
