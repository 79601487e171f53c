package import Endpoint
package import Keystore
internal import Wire

/// What another command of the same doctor asks of the desk that holds the place at the broker.
///
///     request: version u8 = 2 | verb u8 | session 10 | seconds u32        answer: code u8
package struct DeskRequest: Equatable, Sendable {
    package enum Verb: UInt8, Sendable {
        /// Read the room from the keystore and hold it open.
        case open = 1
        /// Have the broker forget it.
        case close = 2
        /// Let a link work again that was used, and write that down.
        case reopen = 3
    }

    package let verb: Verb
    package let session: SessionID
    /// How long a link that is re-opened lets somebody in; 0 with the other verbs.
    package let seconds: UInt32

    package init(_ verb: Verb, _ session: SessionID, seconds: UInt32 = 0) {
        self.verb = verb
        self.session = session
        self.seconds = seconds
    }

    /// - Returns: `nil` for what no command sends.
    init?(_ octets: [UInt8]) {
        var reader = ByteReader(octets)
        guard octets.count == Self.length, (try? reader.readUInt8()) == Self.version,
            let verb = (try? reader.readUInt8()).flatMap(Verb.init),
            let session = (try? reader.readBytes(10)).flatMap({ SessionID(String(decoding: $0, as: UTF8.self)) }),
            let seconds = try? reader.readUInt32()
        else { return nil }
        self.init(verb, session, seconds: seconds)
    }

    var octets: [UInt8] {
        var writer = ByteWriter(capacity: Self.length)
        writer.write(Self.version)
        writer.write(self.verb.rawValue)
        writer.write([UInt8](self.session.text.utf8))
        writer.write(self.seconds)
        return writer.bytes
    }

    static let length = 16
    private static let version: UInt8 = 2
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
    /// The keystore has no such room, or not in that state, or the patient of that room is in a call.
    case refused = 9
    /// The room is at another broker than the desk.
    case elsewhere = 10
    /// It could not be written to the disk; the desk says why.
    case unwritten = 11

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
        case .violated, .refused, .elsewhere, .unwritten: throw .violated
        }
    }
}
