package import Endpoint
package import Keystore

/// What another command of the same doctor asks of the desk that holds the place at the broker.
///
///     request: version u8 = 1 | verb u8 | session 10        answer: code u8
package struct DeskRequest: Equatable, Sendable {
    package enum Verb: UInt8, Sendable {
        /// Read the room from the keystore and hold it open.
        case open = 1
        /// Have the broker forget it.
        case close = 2
        /// As ``open``, and let a link work again that was used.
        case reopen = 3
    }

    package let verb: Verb
    package let session: SessionID

    package init(_ verb: Verb, _ session: SessionID) {
        self.verb = verb
        self.session = session
    }

    /// - Returns: `nil` for what no command sends.
    init?(_ octets: [UInt8]) {
        guard octets.count == Self.length, octets[0] == Self.version, let verb = Verb(rawValue: octets[1]),
            let session = SessionID(String(decoding: octets[2...], as: UTF8.self))
        else { return nil }
        self.init(verb, session)
    }

    var octets: [UInt8] { [Self.version, self.verb.rawValue] + [UInt8](self.session.text.utf8) }

    static let length = 12
    private static let version: UInt8 = 1
}

/// The desk's answer.
package enum DeskAnswer: UInt8, Sendable {
    case done = 0
    case unreachable = 1
    case untrusted = 2
    case notEnrolled = 3
    case roomTaken = 4
    case tooManyRooms = 5
    case expired = 6
    case superseded = 7
    case violated = 8
    /// The keystore has no such room, or the patient of that room is in a call.
    case refused = 9
    /// The room is at another broker than the desk.
    case elsewhere = 10

    package func get() throws(BrokerErrandError) {
        switch self {
        case .done: return
        case .unreachable: throw .unreachable
        case .untrusted: throw .untrusted
        case .notEnrolled: throw .notEnrolled
        case .roomTaken: throw .roomTaken
        case .tooManyRooms: throw .tooManyRooms
        case .expired: throw .expired
        case .superseded: throw .superseded
        case .violated, .refused, .elsewhere: throw .violated
        }
    }
}
