package import SecureChannel
package import Signalling
package import Wire

/// What a patient's seat tells the session around it.
package enum PatientEvent: Equatable, Sendable {
    /// The broker answered the join; the doctor is there, or not yet.
    case doctorPresent(Bool)
    /// The sealed channel stands. `index` is 0 for the first epoch and for every fresh join.
    case epochEstablished(index: UInt32)
    /// The socket is gone; media goes on and the seat joins again by itself.
    case connectionLost
    case waiting(message: String)
    /// The doctor's identity, verified, and the words to compare; once per fresh join.
    case introduced(DoctorIntroduction, ShortAuthenticationString)
    /// The doctor opened the door. Media may be gathered now, and not earlier.
    case admitted(relayOnly: Bool, relay: RelayCredentials?)
    /// Every epoch says everything again: make an offer with the next generation if the transport is not connected.
    case resumed(relay: RelayCredentials?)
    /// Newer credentials for relays, in mid-call.
    case relay(RelayCredentials)
    case answer(generation: UInt32, text: String)
    case remoteCandidate(generation: UInt32, text: String)
    /// The doctor asks for an offer: its path died or its address changed.
    case restartRequested(isNewEndpoint: Bool)
    /// Both ends saw the same certificates: sound may flow.
    case bound
    case peerCompared(same: Bool)
    case chat(id: UInt32, text: String)
    /// Nothing follows.
    case ended(EndReason)
}

/// What a seat asks of the shell that owns its socket.
package enum SeatOutput<Event: Equatable & Sendable>: Equatable, Sendable {
    /// Open a WebSocket to the broker; a previous one is gone.
    case connect
    /// One binary message.
    case send([UInt8])
    /// Close the socket; no `socketClosed` need be reported for it.
    case disconnect
    case event(Event)
    /// Nothing more until an input, or until then.
    case wait(until: Instant)
}
