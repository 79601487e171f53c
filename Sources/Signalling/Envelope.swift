package import Wire

/// One message between an end and the broker: a type octet, then big-endian fields without padding.
///
/// A WebSocket binary message holds exactly one envelope. What the two ends say to each other travels sealed in
/// ``relay(connection:payload:)``; everything else is for the broker, or from it.
package enum Envelope: Equatable, Sendable {
    // From a patient.

    /// Asks to enter a room. `token` has 32 octets.
    case join(version: UInt8, room: RoomID, token: [UInt8], mode: JoinMode)

    // From a doctor.

    /// Answers the challenge. `identityKey` has 32 octets, `time` is in Unix seconds, `signature` has 64 octets
    /// and covers ``authenticationMessage(host:identityKey:challenge:time:)``.
    case authenticate(identityKey: [UInt8], time: UInt64, signature: [UInt8])
    /// Makes or refreshes a room. Both hashes have 32 octets; a `rejoinHash` of zeros says "not consumed".
    case roomOpen(room: RoomID, joinHash: [UInt8], rejoinHash: [UInt8], timeToLive: UInt32, flags: RoomOpenFlags)
    /// The doctor admitted somebody: only the holder of the rejoin token may come back.
    case roomConsume(room: RoomID, rejoinHash: [UInt8])
    case roomClose(room: RoomID)
    /// Sends `code` to the patient behind `connection`, then closes it.
    case drop(connection: UInt32, code: ErrorCode)
    /// Asks for relay credentials for both ends of `connection`.
    case turnGrant(connection: UInt32)

    // Both ways.

    /// One sealed message. `connection` is 0 from and to a patient; 1 to 65 535 octets of payload.
    case relay(connection: UInt32, payload: [UInt8])

    // From the broker.

    /// 32 octets, first on every socket, good for one ``authenticate(identityKey:time:signature:)`` within 30 s.
    case challenge([UInt8])
    /// To a patient: answers a join, and again at each change.
    case state(doctorPresent: Bool)
    /// To a doctor: somebody holds a link of `room` and waits behind `connection`.
    case peerUp(connection: UInt32, room: RoomID, mode: JoinMode)
    case peerDown(connection: UInt32)
    /// To a doctor: the used link of `room` was tried, `count` times so far.
    case stray(room: RoomID, count: UInt32)
    /// Where to find the relay. To a doctor with the connection it is for, to a patient without (`nil`).
    case turn(connection: UInt32?, RelayCredentials)
    /// To a doctor: the outcome of each request 02 to 05, in order; ``RoomID/none`` for an authentication.
    case done(type: EnvelopeType, room: RoomID, code: DoneCode)
    /// To a doctor with a room (``RoomID/none`` if it concerns none), to a patient without (`nil`).
    case error(code: ErrorCode, room: RoomID?)
}

/// Who reads an envelope: several types take another form by reader, and each reader knows few of them.
package enum EnvelopeReader: Hashable, Sendable, CaseIterable {
    case broker, doctor, patient
}

/// The first octet of an envelope.
package struct EnvelopeType: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let join = EnvelopeType(rawValue: 0x01)
    package static let authenticate = EnvelopeType(rawValue: 0x02)
    package static let roomOpen = EnvelopeType(rawValue: 0x03)
    package static let roomConsume = EnvelopeType(rawValue: 0x04)
    package static let roomClose = EnvelopeType(rawValue: 0x05)
    package static let drop = EnvelopeType(rawValue: 0x06)
    package static let turnGrant = EnvelopeType(rawValue: 0x07)
    package static let relay = EnvelopeType(rawValue: 0x10)
    package static let challenge = EnvelopeType(rawValue: 0x81)
    package static let state = EnvelopeType(rawValue: 0x82)
    package static let peerUp = EnvelopeType(rawValue: 0x83)
    package static let peerDown = EnvelopeType(rawValue: 0x84)
    package static let stray = EnvelopeType(rawValue: 0x85)
    package static let turn = EnvelopeType(rawValue: 0x86)
    package static let done = EnvelopeType(rawValue: 0x88)
    package static let error = EnvelopeType(rawValue: 0xE0)
}

/// How a patient enters: with the link's token, or with the one that admission gave.
package enum JoinMode: UInt8, Hashable, Sendable {
    case fresh = 0
    case resume = 1
}

package struct RoomOpenFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Opens a consumed room for fresh joins again and forgets who was admitted.
    package static let reopen = RoomOpenFlags(rawValue: 1)
}

/// Why the broker, or a doctor through DROP, turns somebody away.
package struct ErrorCode: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Also a wrong token; as DROP: silence, or a resume without admission.
    package static let unknownOrExpired = ErrorCode(rawValue: 1)
    package static let used = ErrorCode(rawValue: 2)
    package static let full = ErrorCode(rawValue: 3)
    /// Too fast; as DROP: too many unfinished handshakes.
    package static let rate = ErrorCode(rawValue: 4)
    /// Another version or malformed; as DROP: does not verify.
    package static let malformed = ErrorCode(rawValue: 5)
    /// Closed or superseded.
    package static let closed = ErrorCode(rawValue: 6)
}

/// The outcome of a doctor's request.
package struct DoneCode: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package static let done = DoneCode(rawValue: 0)
    package static let unknown = DoneCode(rawValue: 1)
    /// The key is not enrolled here, or the signature does not hold.
    package static let notEnrolled = DoneCode(rawValue: 7)
    /// The room belongs to another key or to another link of the same key, or somebody else was admitted to it.
    package static let otherOwner = DoneCode(rawValue: 8)
    package static let tooManyRooms = DoneCode(rawValue: 9)
}

/// Where the relay is and what opens it for one side of one room.
package struct RelayCredentials: Equatable, Sendable {
    /// `stun:` and `turn:` addresses, at most 8 of at most 255 octets.
    package var urls: [String]
    /// At most 255 octets.
    package var user: String
    /// At most 255 octets.
    package var password: String
    /// Seconds in which `user` may allocate.
    package var timeToLive: UInt32

    package init(urls: [String], user: String, password: String, timeToLive: UInt32) {
        self.urls = urls
        self.user = user
        self.password = password
        self.timeToLive = timeToLive
    }
}

extension RelayCredentials: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String { "<relay credentials>" }

    package var debugDescription: String { self.description }
}

extension Envelope {
    /// A WebSocket message longer than this is refused before anything reads it.
    package static let maximumCount = 65_600
    /// The longest payload of ``relay(connection:payload:)``: one Noise message.
    package static let maximumPayloadCount = 65_535
    package static let version: UInt8 = 1
    /// What both ends name in the WebSocket handshake.
    package static let subprotocol = "colloque.v1"
    /// The path of the WebSocket.
    package static let path = "/ws"

    /// Octets of a token, of a hash of one, of a challenge and of an identity key.
    static let hashCount = 32
    static let signatureCount = 64
    static let maximumURLCount = 8
    static let maximumTextCount = 255

    /// What a doctor signs to answer `challenge`: the host stops one broker from passing on another's challenge.
    /// - Parameters:
    ///   - host: Authority the doctor connected to: lower case, with the port unless it is 443.
    ///   - time: Unix seconds.
    package static func authenticationMessage(
        host: String, identityKey: [UInt8], challenge: [UInt8], time: UInt64
    ) -> [UInt8] {
        lengthPrefixed(
            Array("colloque/1 broker-auth".utf8), Array(host.utf8.prefix(Int(UInt16.max))), identityKey, challenge,
            time.bigEndianBytes)
    }
}
