package import Phrases
package import Terminal

/// A device that waits, as its doctor sees it.
package struct WaitingGuest: Equatable, Sendable {
    /// What the caller knows the guest by, unique in its session; comes back in actions.
    package var id: UInt32
    /// For ``Phrases/Phrases/pseudonym(_:)``: must not change while the guest waits.
    package var pseudonym: UInt32
    /// What the guest typed; empty for nothing.
    package var name: Neutralised
    package var waiting: Duration

    package init(id: UInt32, pseudonym: UInt32, name: Neutralised = Neutralised(""), waiting: Duration) {
        self.id = id
        self.pseudonym = pseudonym
        self.name = name
        self.waiting = waiting
    }
}

/// How the doctor's end stands with the broker.
package enum BrokerState: Equatable, Sendable {
    case connecting, online
    /// Unreachable for so long.
    case away(Duration)
}

/// The dark squares of a QR code, without the quiet zone.
package struct QRPattern: Equatable, Sendable {
    /// Squares on each side.
    package var side: Int
    /// Row by row, `side × side`, true for dark.
    package var modules: [Bool]

    /// - Returns: nil unless there are `side × side` squares.
    package init?(side: Int, modules: [Bool]) {
        guard side > 0, side <= 177, modules.count == side * side else { return nil }
        self.side = side
        self.modules = modules
    }
}

package struct DeskModel: Equatable, Sendable {
    /// One open session.
    package struct Session: Equatable, Sendable {
        package enum State: Equatable, Sendable {
            /// The broker does not hold the room yet.
            case opening
            case open
            /// Guests are let in from this time on.
            case opens(WallTime)
            case inCall
            case expired
        }

        /// What the caller knows the session by; comes back in actions.
        package var id: String
        /// Empty for none.
        package var label: Neutralised
        package var state: State
        package var expiresIn: Duration
        package var isRelayOnly: Bool
        package var guests: [WaitingGuest]
        /// How often the used link was tried again.
        package var strayCount: Int
        /// Shown by l; nil while it is not known.
        package var link: Neutralised?
        package var qr: QRPattern?

        package init(
            id: String, label: Neutralised, state: State = .open, expiresIn: Duration, isRelayOnly: Bool = false,
            guests: [WaitingGuest] = [], strayCount: Int = 0, link: Neutralised? = nil, qr: QRPattern? = nil
        ) {
            self.id = id
            self.label = label
            self.state = state
            self.expiresIn = expiresIn
            self.isRelayOnly = isRelayOnly
            self.guests = guests
            self.strayCount = strayCount
            self.link = link
            self.qr = qr
        }
    }

    package var sessions: [Session]
    package var broker: BrokerState
    /// The doctor's clock, for the title.
    package var clock: WallTime?
    /// One sentence that stands until the caller takes it away, such as ``Phrases/Phrases/messageSent``.
    package var notice: String?

    package init(
        sessions: [Session] = [], broker: BrokerState = .connecting, clock: WallTime? = nil, notice: String? = nil
    ) {
        self.sessions = sessions
        self.broker = broker
        self.clock = clock
        self.notice = notice
    }

    package var waitingCount: Int { self.sessions.reduce(0) { $0 + $1.guests.count } }
}

/// What the doctor decided at the desk.
package enum DeskAction: Equatable, Sendable {
    case admit(session: String, guest: UInt32)
    case refuse(session: String, guest: UInt32)
    /// At most 1000 octets of UTF-8.
    case message(session: String, guest: UInt32, text: String)
    case newSession
    /// The link of this session is wanted in the model, if it is not there.
    case showLink(session: String)
    case end(session: String)
    case quit
    /// Ctrl-Z.
    case suspend
}
