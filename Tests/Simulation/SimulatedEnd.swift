package import Wire

/// A datagram on its way in the simulated network.
package struct SimulatedDatagram: Sendable {
    package var source: TransportAddress
    package var destination: TransportAddress
    package var bytes: [UInt8]

    package init(source: TransportAddress, destination: TransportAddress, bytes: [UInt8]) {
        self.source = source
        self.destination = destination
        self.bytes = bytes
    }
}

/// What an end asks of the world; the same things it would ask of a real shell.
package enum EndOutput: Sendable {
    case connect
    case send([UInt8])
    case disconnect
    case transmit(SimulatedDatagram)
    case wait(until: Instant)
}

/// A patient, a doctor or an attacker: sans-IO, driven by ``World``.
package protocol SimulatedEnd: AnyObject {
    func start(now: Instant)
    func socketOpened(now: Instant)
    func socketClosed(now: Instant)
    func receive(_ message: [UInt8], now: Instant)
    func receive(_ datagram: SimulatedDatagram, now: Instant)
    func handleTimeout(now: Instant)
    func pollOutput(now: Instant) -> EndOutput
}

/// A process that was killed.
final class DeadEnd: SimulatedEnd {
    func start(now: Instant) {}
    func socketOpened(now: Instant) {}
    func socketClosed(now: Instant) {}
    func receive(_ message: [UInt8], now: Instant) {}
    func receive(_ datagram: SimulatedDatagram, now: Instant) {}
    func handleTimeout(now: Instant) {}
    func pollOutput(now: Instant) -> EndOutput { .wait(until: .distantFuture) }
}
