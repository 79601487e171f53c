package import Consultation
package import Wire

/// Where the doctor's seat is elsewhere: what it tells one of its rooms.
extension PeerSession {
    package var isDeputy: Bool {
        if case .deputy = self.seat { true } else { false }
    }

    /// What the seat says of this session's room.
    package func receive(_ event: RoomEvent, now: Instant) {
        guard case .deputy(var deputy) = self.seat else { return }
        switch event {
        case .epochEstablished: deputy.hasChannel = true
        case .connectionLost, .ended: deputy.hasChannel = false
        default: break
        }
        self.seat = .deputy(deputy)
        self.route(event, now: now)
        self.drainMedia(now: now)
    }

    /// The seat's place at the broker stands, or does not.
    package func seatIsOnline(_ isOnline: Bool, now: Instant) {
        guard case .deputy(var deputy) = self.seat, deputy.isOnline != isOnline else { return }
        deputy.isOnline = isOnline
        self.seat = .deputy(deputy)
        if isOnline { self.milestones.reach(\.signalling, now: now) }
        self.emit(isOnline ? .online : .offline)
    }
}
