package import Phrases
package import Terminal

/// All that a call's screen shows.
package struct CallModel: Equatable, Sendable {
    package enum Phase: Equatable, Sendable {
        /// The broker does not hold the room yet.
        case opening
        /// Nobody is in: ``CallModel/guests`` are those who could be.
        case waiting
        /// Admitted; keys and consent are under way.
        case handshake
        /// The media path is under way.
        case connecting
        /// Voice flows both ways.
        case connected
        /// No sound for so long; a way back is being looked for.
        case reconnecting(Duration)
        /// After a crash, returning into the same session.
        case resuming
        /// The last state.
        case ended(Ending)
    }

    /// The four words and the eight digits both sides read.
    package struct Words: Equatable, Sendable {
        /// Four, or none where the language has no list.
        package var words: [Neutralised]
        /// Eight digits; nothing else is kept.
        package private(set) var digits: String
        /// What this doctor said.
        package var isSame: Bool
        /// What the other side said; nil before it did.
        package var peerSaysSame: Bool?

        package init(words: [Neutralised], digits: String, isSame: Bool = false, peerSaysSame: Bool? = nil) {
            self.words = words
            self.digits = digits.filter { $0.isASCII && $0.isNumber }
            self.isSame = isSame
            self.peerSaysSame = peerSaysSame
        }
    }

    package enum Quality: Equatable, Sendable, CaseIterable { case good, fair, poor, none }

    package enum Transport: String, Equatable, Sendable { case udp = "UDP", tcp = "TCP", tls = "TLS" }

    package struct Details: Equatable, Sendable {
        /// Of the packets of the last seconds, 0 to 1.
        package var loss: Double
        package var delay: Duration
        package var jitter: Duration
        package var isRelayed: Bool
        package var transport: Transport
        /// Such as `Opus 32 kbit/s`.
        package var codec: String
        package var restarts: Int

        package init(
            loss: Double, delay: Duration, jitter: Duration, isRelayed: Bool, transport: Transport, codec: String,
            restarts: Int
        ) {
            self.loss = loss
            self.delay = delay
            self.jitter = jitter
            self.isRelayed = isRelayed
            self.transport = transport
            self.codec = codec
            self.restarts = restarts
        }
    }

    package struct ChatLine: Equatable, Sendable {
        package var isFromPatient: Bool
        package var text: Neutralised
        /// Written while the broker is away.
        package var isPending: Bool
        /// The writer's number of it: a line that comes again with the same is the same, written further.
        package var id: UInt32

        package init(isFromPatient: Bool, text: Neutralised, isPending: Bool = false, id: UInt32 = 0) {
            self.id = id
            self.isFromPatient = isFromPatient
            self.text = text
            self.isPending = isPending
        }
    }

    package struct Device: Equatable, Sendable {
        /// Comes back in actions.
        package var id: String
        package var name: Neutralised

        package init(id: String, name: Neutralised) {
            self.id = id
            self.name = name
        }
    }

    /// The devices of one side, and what ails the one in use.
    package struct Sound: Equatable, Sendable {
        package var devices: [Device]
        /// The `id` of the one in use.
        package var selected: String?
        package var trouble: SoundTrouble?

        package init(devices: [Device] = [], selected: String? = nil, trouble: SoundTrouble? = nil) {
            self.devices = devices
            self.selected = selected
            self.trouble = trouble
        }
    }

    /// The doctor's own label of the session; empty for none.
    package var label: Neutralised
    package var phase: Phase
    package var broker: BrokerState
    /// In the waiting room of this session, while nobody is admitted.
    package var guests: [WaitingGuest]
    /// Who was admitted: a number for ``Phrases/Phrases/pseudonym(_:)``.
    package var patient: UInt32?
    /// How many wait for other sessions.
    package var othersWaiting: Int
    package var words: Words?
    /// 0 to 1 each: what the microphone takes and what the loudspeaker plays.
    package var ownLevel: Double
    package var patientLevel: Double
    package var isMuted: Bool
    package var isRaw: Bool
    package var quality: Quality
    package var details: Details?
    /// Since voice flowed first.
    package var duration: Duration
    package var microphone: Sound
    package var loudspeaker: Sound
    /// Oldest first; the caller keeps a bounded number.
    package var chat: [ChatLine]
    package var strayCount: Int
    package var link: Neutralised?
    package var qr: QRPattern?
    /// One sentence that stands until the caller takes it away, such as ``Phrases/Phrases/resumed``.
    package var notice: String?

    package init(label: Neutralised, phase: Phase = .opening, broker: BrokerState = .connecting) {
        self.label = label
        self.phase = phase
        self.broker = broker
        self.guests = []
        self.patient = nil
        self.othersWaiting = 0
        self.words = nil
        self.ownLevel = 0
        self.patientLevel = 0
        self.isMuted = false
        self.isRaw = false
        self.quality = .none
        self.details = nil
        self.duration = .zero
        self.microphone = Sound()
        self.loudspeaker = Sound()
        self.chat = []
        self.strayCount = 0
        self.link = nil
        self.qr = nil
        self.notice = nil
    }
}

/// What the doctor decided in a call.
package enum CallAction: Equatable, Sendable {
    case admit(guest: UInt32)
    case refuse(guest: UInt32)
    /// To somebody who still waits; at most 1000 octets of UTF-8.
    case message(guest: UInt32, text: String)
    case wordsAreSame
    /// Confirmed: ends the call.
    case wordsDiffer
    case setMuted(Bool)
    case setRaw(Bool)
    /// By ``CallModel/Device/id``.
    case useDevice(SoundSide, id: String)
    /// At most 1000 octets of UTF-8.
    case chat(String)
    case hangUp
    /// The ended screen was read, or nobody is waited for any more.
    case leave
    /// Ctrl-Z.
    case suspend
}
