package import Consultation
package import ICE
package import SecureChannel
package import Wire

/// What a session tells the shell and the person behind it.
package enum SessionEvent: Equatable {
    /// The broker answered this end: a room joined, or a doctor authenticated.
    case online
    /// The socket is gone; the session brings it back by itself, and media goes on.
    case offline
    /// To a patient.
    case doctorPresent(Bool)
    /// To a patient: the doctor's word for the waiting room.
    case waiting(message: String)
    /// To a doctor: the broker holds the room, the link works.
    case roomOpened
    /// To a doctor: the broker forgot the room, as asked.
    case roomClosed
    /// To a doctor: admit or refuse by the guest's connection.
    case guestArrived(Guest)
    case guestLeft(Guest)
    case stray(count: UInt32)
    /// To a doctor: keep this before anything that follows leaves.
    case admissionChanged(AdmissionRecord)
    /// To a doctor: in a room that this session is not for.
    case elsewhere(RoomID, RoomEvent)
    /// To a doctor: the place at the broker is lost for good, to another socket of the same key or because the key is no
    /// longer enrolled; sound goes on, signalling does not.
    case placeLost(EndReason)
    /// What both people read to each other.
    case words(ShortAuthenticationString, LanguageCode)
    case admitted
    /// Open sockets and call ``PeerSession/startMedia(on:now:)``; there may be none.
    case mediaWanted
    case epochEstablished(index: UInt32)
    case path(ICEAgent.SelectedPair)
    case pathState(ICEAgent.State)
    case secured
    /// Both ends saw the same certificates: sound flows.
    case bound
    case peerCompared(same: Bool)
    case chat(id: UInt32, text: String)
    /// Nothing follows but the last datagrams and messages.
    case ended(EndReason)
}

/// What a session asks of the shell that owns its sockets.
package enum SessionOutput {
    /// Open a WebSocket to the broker.
    case connect
    /// One binary message to the broker.
    case send([UInt8])
    case disconnect
    /// To the doctor's seat, which is elsewhere: run it there, in order.
    case forSeat(@Sendable (inout DoctorSeat) -> Void)
    /// Ask the broker for a sign of life; without one within two seconds the socket is dead.
    case checkSocket
    case transmit(Path, [UInt8])
    /// Find the addresses of a relay or a STUN server and call ``PeerSession/resolved(_:addresses:now:)``.
    case resolve(host: String)
    /// Open a byte stream to a relay; tell ``PeerSession/streamOpened(_:local:now:)`` or that it closed.
    case openStream(SocketID, RelaySet.StreamTarget)
    /// Octets to a stream; what it has no room for may be dropped whole.
    case write(SocketID, [UInt8])
    case closeStream(SocketID)
    case event(SessionEvent)
    case wait(until: Instant)
}

/// When the steps of setting up were done; `nil` for those that were not.
package struct Milestones: Equatable, Sendable {
    package var started: Instant
    /// The broker answered.
    package var signalling: Instant?
    /// The first epoch stood.
    package var handshake: Instant?
    package var admitted: Instant?
    /// The last description that media needed was applied.
    package var described: Instant?
    /// First valid path.
    package var path: Instant?
    package var secured: Instant?
    package var bound: Instant?

    package init(started: Instant) {
        self.started = started
    }

    mutating func reach(_ step: WritableKeyPath<Milestones, Instant?>, now: Instant) {
        if self[keyPath: step] == nil { self[keyPath: step] = now }
    }
}
