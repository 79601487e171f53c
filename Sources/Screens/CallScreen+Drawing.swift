internal import Phrases
package import Terminal

extension CallScreen {
    /// Draws all of it; the frame must be blank.
    package func draw(into frame: inout Frame) {
        guard Chrome.fits(frame.size) else { return Chrome.drawTooSmall(into: &frame, phrases: self.phrases) }
        let margin = Chrome.margin(frame.size)
        let width = frame.size.columns - 2 * margin
        let rows = Chrome(title: self.title, status: self.status, hints: self.hints).draw(into: &frame)
        var body = rows.lowerBound + (frame.size.rows >= 20 ? 1 : 0)..<rows.upperBound
        if let prompt = self.prompt {
            prompt.draw(into: &frame, row: body.upperBound - 1, margin: margin, phrases: self.phrases)
            body = body.lowerBound..<body.upperBound - 1
        }
        for (row, line) in zip(body, self.lines(width: width, rows: body.count)) {
            frame.draw(line, row: row, margin: margin)
        }
    }

    private var prompt: Prompt? {
        switch self.overlay {
        case .chat(let prompt), .writing(_, let prompt): prompt
        default: nil
        }
    }

    // MARK: Around

    private var title: [Span] {
        let label = self.model.label.isEmpty ? self.phrases.unnamedSession : self.model.label.text
        return [Span("Colloque", .bold), Span("  ·  ", .dim), Span(label)]
    }

    private var status: [Span] {
        let time =
            self.model.duration > .zero ? [Span("  ·  ", .dim), Span(Phrases.stopwatch(self.model.duration))] : []
        let muted =
            self.model.isMuted && self.isTalking
            ? [Span(" \(self.phrases.muted) ", Style(.white, on: .red, bold: true)), Span("  ")] : []
        return muted + [self.state] + time
    }

    /// The one word of the state, as the title shows it.
    var state: Span {
        switch self.model.phase {
        case .opening: Span(self.phrases.opening, Style(.yellow))
        case .waiting: Span(self.phrases.stateWaiting, .dim)
        case .handshake: Span(self.phrases.stateHandshake, Style(.yellow))
        case .connecting: Span(self.phrases.stateConnecting, Style(.yellow))
        case .connected: Span("● \(self.phrases.stateConnected)", Style(.green, bold: true))
        case .reconnecting, .resuming: Span(self.phrases.stateReconnecting, Style(.red, bold: true))
        case .ended: Span(self.phrases.stateEnded, .bold)
        }
    }

    var hints: [Hint] {
        switch self.overlay {
        case .help, .link: return [Hint(self.phrases.keyEscape, self.phrases.keyBack)]
        case .refuse(_, let confirm), .different(let confirm), .hangUp(let confirm): return confirm.hints(self.phrases)
        case .messages(_, let picker), .sound(let picker), .device(_, let picker): return picker.hints(self.phrases)
        case .writing(_, let prompt), .chat(let prompt): return prompt.hints(self.phrases)
        case nil: break
        }
        if self.ending != nil { return [Hint(self.phrases.keyEnter, self.phrases.keyClose)] }
        let help = [Hint("?", self.phrases.keyHelp)]
        if self.isWaiting {
            let guest = [
                Hint("a", self.phrases.keyAdmit), Hint("r", self.phrases.keyRefuse), Hint("m", self.phrases.keyMessage),
            ]
            return (self.selection == nil ? [] : guest)
                + [
                    Hint("l", self.phrases.keyLink), Hint("v", self.phrases.keyDevices),
                    Hint("q", self.phrases.keyQuit),
                ]
                + help
        }
        let compare =
            self.mustCompare ? [Hint("s", self.phrases.keySame), Hint("d", self.phrases.keyDifferent)] : []
        let talk = [
            Hint(self.phrases.keySpace, self.model.isMuted ? self.phrases.keyUnmute : self.phrases.keyMute),
            Hint("h", self.phrases.keyHangUp), Hint("t", self.phrases.keyChat),
        ]
        let rest = self.mustCompare ? [] : [Hint("v", self.phrases.keyDevices), Hint("i", self.phrases.keyDetails)]
        return compare + talk + rest + help
    }

    /// All keys of a call, for help.
    var allHints: [Hint] {
        [
            Hint("s, =", self.phrases.keySame), Hint("d", self.phrases.keyDifferent),
            Hint("m, \(self.phrases.keySpace)", self.phrases.keyMute),
            Hint("t, \(self.phrases.keyEnter)", self.phrases.keyChat),
            Hint("v", self.phrases.keyDevices), Hint("i", self.phrases.keyDetails),
            Hint("h, q, Ctrl-C", self.phrases.keyHangUp),
        ]
    }

    // MARK: The body

    private func lines(width: Int, rows: Int) -> [Line] {
        switch self.overlay {
        case .help: return self.helpLines
        case .link:
            let label = self.model.label.isEmpty ? self.phrases.unnamedSession : self.model.label.text
            let card = LinkCard(title: label, link: self.model.link, qr: self.model.qr, phrases: self.phrases)
            return card.lines(width: width, rows: rows)
        case .refuse(_, let confirm), .different(let confirm), .hangUp(let confirm): return confirm.lines(width: width)
        case .messages(_, let picker), .sound(let picker), .device(_, let picker): return picker.lines(width: width)
        case .writing(_, let prompt): return [Line(prompt.title, .bold)]
        case .chat:
            // Close to where the next one is written.
            let lines = self.chatLines(width: width, rows: rows)
            return Array(repeating: .empty, count: max(0, rows - lines.count)) + lines
        case nil: break
        }
        switch self.model.phase {
        case .opening, .waiting: return Block.fitted(self.waitingBlocks(width: width), rows: rows)
        case .handshake, .connecting, .resuming: return Block.fitted(self.settingUpBlocks(width: width), rows: rows)
        case .connected, .reconnecting: return Block.fitted(self.talkingBlocks(width: width, rows: rows), rows: rows)
        case .ended(let ending): return Block.fitted(self.endedBlocks(ending, width: width), rows: rows)
        }
    }

    private func waitingBlocks(width: Int) -> [Block] {
        guard !self.model.guests.isEmpty else {
            let isOpen = self.model.phase == .waiting
            return [
                Block(
                    lines: Line.wrapped(
                        isOpen ? self.phrases.waitingForPatient : self.phrases.openingRoom, .bold, to: width), worth: 9),
                Block(lines: isOpen ? Line.wrapped(self.phrases.waitingForPatientAdvice, to: width) : [], worth: 5),
            ] + self.noticeBlocks(width: width)
        }
        let rows = self.model.guests.enumerated().map { index, guest in
            let isSelected = guest.id == self.selection
            let name = self.phrases.pseudonym(guest.pseudonym)
            let padded = name + String(repeating: " ", count: max(2, 18 - CellWidth.of(name)))
            let since = self.phrases.waitsSince(self.phrases.span(guest.waiting))
            var line = Line(
                [
                    Span("\(index + 1)  ", .dim), Span(isSelected ? "› " : "  ", .bold),
                    Span(padded, Style(.green, bold: true)),
                ], isSelected: isSelected)
            if guest.name.isEmpty || width < 60 {
                line.left.append(Span(since))
            } else {
                line.left.append(Span(self.phrases.saysName(guest.name)))
                line.right = [Span(since)]
            }
            return line
        }
        let warning =
            self.model.guests.count > 1
            ? Line.wrapped(self.phrases.twoDevicesWarning, Style(.yellow), mark: "! ", to: width) : []
        return [
            Block(lines: [Line(Phrases.sentence(self.phrases.waitingCount(self.model.guests.count)), .bold)], worth: 6),
            Block(lines: rows, worth: 9), Block(lines: warning, worth: 7),
        ] + self.noticeBlocks(width: width)
    }

    private func settingUpBlocks(width: Int) -> [Block] {
        let (title, text) =
            switch self.model.phase {
            case .handshake: (self.phrases.stateHandshake, self.phrases.patientConsents)
            case .resuming: (self.phrases.stateReconnecting, self.phrases.resuming)
            default: (self.phrases.stateConnecting, self.phrases.connectingAdvice)
            }
        return [
            Block(lines: [Line([Span(Phrases.capitalised(title) + "…", .bold)])], worth: 8),
            Block(lines: Line.wrapped(text, to: width), worth: 9),
        ] + self.noticeBlocks(width: width)
    }

    private func talkingBlocks(width: Int, rows: Int) -> [Block] {
        var blocks: [Block] = []
        if self.mustCompare, let words = self.model.words {
            blocks += WordsPanel(words: words, phrases: self.phrases).blocks(width: width)
        } else {
            let name = self.model.patient.map { self.phrases.pseudonym($0) }
            blocks.append(Block(lines: [Line(self.phrases.talkingWith(name), .bold)], worth: 3))
        }
        blocks.append(Block(lines: self.meterLines(width: width), worth: 8))
        if self.model.isMuted {
            blocks.append(
                Block(lines: Line.wrapped(self.phrases.mutedAdvice, Style(.red, bold: true), to: width), worth: 8))
        }
        blocks += self.noticeBlocks(width: width)
        if self.showsDetails, let details = self.model.details {
            blocks.append(Block(lines: self.detailLines(details, width: width), worth: 6))
        }
        let last = self.chatLines(width: width, rows: self.mustCompare ? 2 : max(3, rows / 2))
        blocks.append(Block(lines: self.model.chat.isEmpty ? [] : last, worth: 4))
        return blocks
    }

    private func endedBlocks(_ ending: Ending, width: Int) -> [Block] {
        let explanation = self.phrases.ending(ending)
        let style = ending.isAlarm ? Style(.red, bold: true) : .bold
        let lasted =
            self.model.duration > .zero ? self.phrases.lasted(self.phrases.span(self.model.duration)) + " " : ""
        let others = self.model.othersWaiting
        return [
            Block(lines: Line.wrapped(self.phrases.endedTitle, .dim, to: width), worth: 3),
            Block(lines: Line.wrapped(explanation.what, style, to: width), worth: 9),
            Block(lines: Line.wrapped(explanation.next, to: width), worth: 8),
            Block(lines: Line.wrapped(lasted + self.phrases.nothingKept, .dim, to: width), worth: 5),
            Block(
                lines: others == 0
                    ? [] : [Line(Phrases.sentence(self.phrases.othersWaiting(others)), Style(.green, bold: true))],
                worth: 6),
        ]
    }

    private var helpLines: [Line] {
        let hints = self.allHints
        let column = hints.reduce(0) { max($0, CellWidth.of($1.key)) } + 3
        return [Line(self.phrases.helpTitle, .bold), .empty]
            + hints.map { hint in
                let space = String(repeating: " ", count: column - CellWidth.of(hint.key))
                return Line([Span(hint.key + space, Style(.cyan, bold: true)), Span(Phrases.sentence(hint.label))])
            }
    }

    // MARK: Meters, notices, details, chat

    private func meterLines(width: Int) -> [Line] {
        let labels = [self.phrases.you, self.phrases.patient]
        let column = labels.reduce(0) { max($0, CellWidth.of($1)) } + 2
        let length = min(32, width - column)
        let own = self.model.isMuted ? 0 : self.model.ownLevel
        let bars = [own, self.model.patientLevel].map { Self.meter($0, cells: length) }
        let words = self.model.words.map { $0.isSame ? self.phrases.verified : self.phrases.notVerified }
        var lines = zip(labels, bars).map { label, bar in
            Line([Span(label + String(repeating: " ", count: column - CellWidth.of(label)), .dim)] + bar)
        }
        let quality = [Span("\(self.phrases.quality)  ", .dim), self.qualitySpan]
        let verified = words.map { [Span($0, self.model.words?.isSame == true ? Style(.green) : Style(.yellow))] } ?? []
        if width >= column + length + 24 {
            lines[0].right = quality
            lines[1].right = verified
        } else {
            lines.append(Line(quality, right: verified))
        }
        return lines
    }

    private static func meter(_ level: Double, cells: Int) -> [Span] {
        let share = level.isFinite ? min(max(level, 0), 1) : 0
        let lit = Int((share * Double(cells)).rounded())
        let loud = max(0, lit - cells * 9 / 10)
        return [
            Span(String(repeating: "█", count: lit - loud), Style(.green)),
            Span(String(repeating: "█", count: loud), Style(.yellow)),
            Span(String(repeating: "·", count: cells - lit), .dim),
        ]
    }

    var qualitySpan: Span {
        switch self.model.quality {
        case .good: Span(self.phrases.qualityGood, Style(.green))
        case .fair: Span(self.phrases.qualityFair, Style(.yellow))
        case .poor: Span(self.phrases.qualityPoor, Style(.red, bold: true))
        case .none: Span(self.phrases.qualityNone, Style(.red, bold: true))
        }
    }

    private func noticeBlocks(width: Int) -> [Block] {
        self.notices.map { notice in
            Block(lines: Line.wrapped(notice.text, notice.style, mark: notice.mark, to: width), worth: notice.worth)
        }
    }

    /// What is out of order, the gravest first.
    var notices: [(text: String, style: Style, mark: String, worth: Int)] {
        var notices: [(text: String, style: Style, mark: String, worth: Int)] = []
        if case .reconnecting(let time) = self.model.phase {
            notices.append((self.phrases.reconnectingAdvice(self.phrases.span(time)), Style(.red), "! ", 9))
        }
        for side in SoundSide.allCases {
            guard let trouble = self.sound(side).trouble else { continue }
            notices.append((self.phrases.sound(trouble, side).line, Style(.red), "! ", 8))
        }
        if case .away(let time) = self.model.broker {
            let text =
                self.isWaiting
                ? self.phrases.brokerAwayAdvice(since: self.phrases.span(time)) : self.phrases.brokerAwayVoiceGoesOn
            notices.append((text, Style(.yellow), "! ", 7))
        }
        if self.model.strayCount > 0 {
            notices.append((self.phrases.strayWarning(self.model.strayCount), Style(.yellow), "! ", 6))
        }
        if let notice = self.model.notice { notices.append((notice, Style(.cyan), "", 5)) }
        if self.model.othersWaiting > 0 {
            let text = Phrases.sentence(self.phrases.othersWaiting(self.model.othersWaiting))
            notices.append((text, Style(.green), "", 5))
        }
        return notices
    }

    private func detailLines(_ details: CallModel.Details, width: Int) -> [Line] {
        let pairs = self.details(details)
        let column = pairs.reduce(0) { max($0, CellWidth.of($1.0)) } + 2
        let cells = pairs.map { name, value in
            [Span(name + String(repeating: " ", count: column - CellWidth.of(name)), .dim), Span(value)]
        }
        guard width >= 70 else { return cells.map { Line($0) } }
        let half = (cells.count + 1) / 2
        return (0..<half).map { index in
            let used = cells[index].reduce(0) { $0 + $1.width }
            let gap = Span(String(repeating: " ", count: max(2, width / 2 - used)))
            return Line(cells[index] + (cells[safe: index + half].map { [gap] + $0 } ?? []))
        }
    }

    func details(_ details: CallModel.Details) -> [(String, String)] {
        let path = details.isRelayed ? self.phrases.pathRelayed : self.phrases.pathDirect
        return [
            (self.phrases.detailLoss, self.phrases.percent(details.loss)),
            (self.phrases.detailDelay, self.phrases.milliseconds(details.delay)),
            (self.phrases.detailJitter, self.phrases.milliseconds(details.jitter)),
            (self.phrases.detailPath, "\(path), \(details.transport.rawValue)"),
            (self.phrases.detailCodec, details.codec), (self.phrases.detailRestarts, "\(details.restarts)"),
        ]
    }

    /// The last lines both ways, the newest at the end.
    private func chatLines(width: Int, rows: Int) -> [Line] {
        var lines: [Line] = []
        let names = [self.phrases.you, self.phrases.patient]
        let column = names.reduce(0) { max($0, CellWidth.of($1)) } + 2
        for line in self.model.chat.suffix(max(rows, 1)) {
            let name = line.isFromPatient ? names[1] : names[0]
            let pending = line.isPending ? "  (\(self.phrases.notSentYet))" : ""
            let text = line.text.text + pending
            for (index, piece) in text.wrapped(to: width - column).enumerated() {
                let lead = index == 0 ? name : ""
                lines.append(
                    Line([
                        Span(
                            lead + String(repeating: " ", count: column - CellWidth.of(lead)),
                            line.isFromPatient ? Style(.green, bold: true) : .dim),
                        Span(piece, line.isPending ? .dim : .plain),
                    ]))
            }
        }
        return Array(lines.suffix(max(rows, 1)))
    }
}
