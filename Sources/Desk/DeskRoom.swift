package import Consultation
package import Keystore
internal import Screens
internal import SecureChannel
package import Wire

/// One session of this doctor as the desk knows it now.
package struct DeskRoom {
    package enum State: Equatable {
        /// The broker does not hold the room yet.
        case opening
        case open
        /// Its patient was admitted by an earlier life of this process, and may come back.
        case interrupted(AdmissionRecord)
        case inCall
    }

    package struct Waiting: Equatable {
        package let guest: Guest
        package let since: Instant
    }

    package let session: SessionID
    package let id: RoomID
    package let label: String
    /// Unix seconds.
    package let opens: UInt64
    package let expires: UInt64
    package let isRelayOnly: Bool
    package let link: String
    /// The link's code, drawn once.
    let qr: QRPattern?
    package var state: State = .opening
    /// In the order of their arrival.
    package var guests: [Waiting] = []
    package var strayCount: UInt32 = 0
    /// What those who wait were told last.
    package var message = ""

    mutating func handle(_ event: RoomEvent, now: Instant) {
        switch event {
        case .opened: if self.state == .opening { self.state = .open }
        case .arrived(let guest): self.guests.append(Waiting(guest: guest, since: now))
        case .left(let guest): self.guests.removeAll { $0.guest.connection == guest.connection }
        case .stray(let count): self.strayCount = count
        default: break
        }
    }
}

extension ShortAuthenticationString {
    /// What a guest is called by: the same while the guest waits and in the call, and of no meaning to anybody else.
    var pseudonym: UInt32 {
        self.bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}
