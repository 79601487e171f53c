package import SecureChannel
package import Signalling

/// Somebody who holds the link and waits: nothing else is known of them before their voice.
package struct Guest: Equatable, Sendable {
    /// The broker's number for the connection; another after each reconnection.
    package let connection: UInt32
    /// 1 for the first device seen in this room, 2 for the second.
    package let number: Int
    /// What the guest typed, at most 64 octets of it, unfiltered: neutralise control characters before showing it.
    package let displayName: String
    package let authentication: ShortAuthenticationString

    init(connection: UInt32, number: Int, displayName: String, authentication: ShortAuthenticationString) {
        self.connection = connection
        self.number = number
        self.displayName = displayName.beginning(octets: TextBounds.nameOctets)
        self.authentication = authentication
    }
}

/// What one room of a doctor tells the session around it.
package enum RoomEvent: Equatable, Sendable {
    /// The broker holds the room: the link works from now on.
    case opened
    /// The broker forgot the room, as it was asked.
    case closed
    case arrived(Guest)
    case left(Guest)
    /// The guest is in; offers may come. Happens once in the life of a room.
    case admitted(Guest)
    /// Keep this before anything that follows leaves: a process that comes back with it is still the doctor here.
    case admissionChanged(AdmissionRecord)
    /// Where to find STUN and the relay, right after admission and after each resume.
    case relay(RelayCredentials)
    /// A sealed channel with the admitted guest stands, 0 for the first.
    case epochEstablished(index: UInt32)
    /// The admitted guest's connection, or this end's own, is gone. Media goes on.
    case connectionLost
    case consented(Frame.Consent)
    case offer(generation: UInt32, text: String)
    case remoteCandidate(generation: UInt32, text: String)
    /// Both ends saw the same certificates: sound may flow.
    case bound
    case peerCompared(same: Bool)
    /// At most 2000 UTF-16 units, unfiltered.
    case chat(id: UInt32, text: String)
    /// The used link was tried again, so many times.
    case stray(count: UInt32)
    /// A handshake was turned away, and why; for the log of a doctor who wonders.
    case turnedAway(ErrorCode)
    /// Nothing follows.
    case ended(EndReason)
}
