internal import Audio
package import Consultation
package import Endpoint
internal import ICE
package import Keystore
internal import RTP
package import SecureChannel
package import Session
package import Sound
package import Terminal
package import Wire

/// What a person is shown of the call that is on, beyond what the session itself can be asked.
package struct CallFacts {
    package struct ChatLine: Equatable {
        package let isMine: Bool
        package let text: Neutralised
        /// The writer's number of it.
        package let id: UInt32
        /// When it was written, or written further.
        package let changedAt: Instant
    }

    /// `nil` at the patient's end.
    package let session: SessionID?
    package let label: String
    /// Came back after this process had been away.
    package let isResumed: Bool
    package let startedAt: Instant
    package var isAdmitted: Bool
    package var words: ShortAuthenticationString?
    package var language: LanguageCode = .french
    package var comparison: Bool?
    package var peerComparison: Bool?
    package var boundAt: Instant?
    /// Since when the broker cannot be reached.
    package var brokerAwaySince: Instant?
    /// Since when the path is broken, after it stood.
    package var pathBrokenSince: Instant?
    package var waitingMessage = ""
    package var chat: [ChatLine] = []
    package var isMuted = false
    package var soundLosses: [SoundSide: SoundLoss] = [:]
    package var soundDevices: [SoundSide: String] = [:]
    package var quality = QualityWatch()
    package var ended: (reason: EndReason, at: Instant)?
    /// What the call was like, once it ended.
    package var report: CallReport?

    package init(session: SessionID?, label: String, isResumed: Bool = false, isAdmitted: Bool, startedAt: Instant) {
        self.session = session
        self.label = label
        self.isResumed = isResumed
        self.isAdmitted = isAdmitted
        self.startedAt = startedAt
    }

    /// Takes note of what the session tells.
    package mutating func handle(_ event: SessionEvent, now: Instant) {
        switch event {
        case .online:
            self.brokerAwaySince = nil
        case .offline: self.brokerAwaySince = self.brokerAwaySince ?? now
        case .epochEstablished: self.brokerAwaySince = nil
        case .placeLost:
            self.brokerAwaySince = self.brokerAwaySince ?? now
        case .admitted: self.isAdmitted = true
        case .waiting(let message): self.waitingMessage = message
        case .words(let words, let language):
            self.words = words
            self.language = language
        case .bound:
            self.boundAt = self.boundAt ?? now
            self.pathBrokenSince = nil
        case .pathState(.connected): self.pathBrokenSince = nil
        case .pathState(.disconnected), .pathState(.failed):
            if self.boundAt != nil { self.pathBrokenSince = self.pathBrokenSince ?? now }
        case .peerCompared(let same): self.peerComparison = same
        case .chat(let id, let text):
            self.read(ChatLine(isMine: false, text: Neutralised(text), id: id, changedAt: now))
        case .ended(let reason): self.ended = (reason, now)
        default: break
        }
    }

    /// Whether the call ended without a goodbye: a doctor who hangs up on silence says it to nobody.
    package func brokeOff(by reason: EndReason) -> Bool {
        switch reason {
        case .mediaFailed, .retriesExhausted, .peerFailed: true
        case .hungUp: self.pathBrokenSince != nil
        default: false
        }
    }

    package mutating func handle(_ event: SoundEvent) {
        switch event {
        case .opened(let side, let device), .returned(let side, let device):
            self.soundLosses[side] = nil
            self.soundDevices[side] = device
        case .lost(let side, _, let loss): self.soundLosses[side] = loss
        }
    }

    /// The newest number again is the same message written further; nothing left of it takes the line away.
    private mutating func read(_ line: ChatLine) {
        guard let last = self.chat.lastIndex(where: { !$0.isMine }), self.chat[last].id == line.id, line.id != 0 else {
            if !line.text.isEmpty { self.append(line) }
            return
        }
        if line.text.isEmpty {
            self.chat.remove(at: last)
        } else {
            self.chat[last] = line
        }
    }

    package mutating func append(_ line: ChatLine) {
        self.chat.append(line)
        if self.chat.count > Self.chatLimit { self.chat.removeFirst(self.chat.count - Self.chatLimit) }
    }

    private static let chatLimit = 200
}

/// How well the other end is heard, over the last few seconds. Fed twice a second.
package struct QualityWatch {
    package enum Word: Sendable {
        case good, fair, poor
        /// Nothing has come for a while.
        case none
    }

    private struct Sample {
        let at: Instant
        let received: UInt64
        let concealed: Int
        let lost: Int64
    }

    private var samples: [Sample] = []
    /// Share of sound that had to be made up, 0 to 1.
    package private(set) var concealedShare = 0.0
    /// Share of packets that did not come, 0 to 1.
    package private(set) var lostShare = 0.0
    package private(set) var word: Word?

    package init() {}

    package mutating func sample(_ voice: VoiceStream, now: Instant) {
        let latest = Sample(
            at: now, received: voice.receiveStatistics.totalPacketsReceived,
            concealed: voice.audio.concealedSamples, lost: voice.receiveStatistics.totalLost)
        // Another connection counts from nothing again.
        if let last = self.samples.last, latest.received < last.received { self.samples = [] }
        self.samples.append(latest)
        self.samples.removeAll { now - $0.at > Self.window }
        guard let first = self.samples.first, now - first.at >= .seconds(1) else { return }
        let seconds = (now - first.at).milliseconds / 1000
        self.concealedShare = min(1, Double(latest.concealed - first.concealed) / 48_000 / seconds)
        let received = Double(latest.received - first.received)
        let lost = Double(max(0, latest.lost - first.lost))
        self.lostShare = received + lost > 0 ? lost / (received + lost) : 0
        let silence = voice.lastHeard.map { now - $0 } ?? Self.window
        self.word =
            if silence > .seconds(2) {
                Word.none
            } else if self.concealedShare > 0.1 {
                .poor
            } else if self.concealedShare > 0.03 {
                .fair
            } else {
                .good
            }
    }

    private static let window: Duration = .seconds(5)
}
