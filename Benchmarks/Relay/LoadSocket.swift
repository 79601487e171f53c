import CLoad
import Glibc

/// One UDP socket that plays any number of clients, each at a loopback address of its own: 127.1.0.1 and up. To a
/// server they are so many 5-tuples; to this process one buffer to fill and one to empty.
final class LoadSocket {
    typealias Datagram = colloque_load_datagram

    let port: UInt16
    private let descriptor: Int32
    private let storage: UnsafeMutablePointer<UInt8>
    /// Slots to fill before ``send(_:)``; each has room for 1500 octets.
    let outgoing: UnsafeMutablePointer<Datagram>
    private let incoming: UnsafeMutablePointer<Datagram>
    /// Datagrams that the kernel did not take.
    private(set) var refused = 0

    static let batch = COLLOQUE_LOAD_BATCH
    private static let room = COLLOQUE_LOAD_ROOM

    /// Takes `port`, or the first free one above it. Below 32768 no relay's ports are in the way.
    init(port wanted: UInt16 = 21_000) throws {
        var port = wanted
        self.descriptor = colloque_load_socket(&port)
        guard self.descriptor >= 0 else { throw BenchmarkError("no socket: error \(-self.descriptor)") }
        self.port = port
        self.storage = .allocate(capacity: 2 * Self.batch * Self.room)
        self.storage.initialize(repeating: 0, count: 2 * Self.batch * Self.room)
        self.outgoing = .allocate(capacity: Self.batch)
        self.incoming = .allocate(capacity: Self.batch)
        for slot in 0..<Self.batch {
            (self.outgoing + slot).initialize(to: Datagram())
            (self.incoming + slot).initialize(to: Datagram())
            self.outgoing[slot].octets = self.storage + slot * Self.room
            self.incoming[slot].octets = self.storage + (Self.batch + slot) * Self.room
        }
    }

    deinit {
        close(self.descriptor)
        self.outgoing.deallocate()
        self.incoming.deallocate()
        self.storage.deallocate()
    }

    /// Sends the first `count` slots of ``outgoing``.
    func send(_ count: Int) {
        guard count > 0 else { return }
        self.refused += count - Int(colloque_load_send(self.descriptor, self.outgoing, Int32(count)))
    }

    /// Sends one message from the client at `near`.
    func send(_ message: [UInt8], from near: UInt32, to far: UInt32, port: UInt16) {
        self.outgoing[0].near = near
        self.outgoing[0].far = far
        self.outgoing[0].far_port = port
        self.outgoing[0].length = UInt16(message.count)
        for (index, octet) in message.enumerated() { self.outgoing[0].octets[index] = octet }
        self.send(1)
    }

    /// Empties the socket.
    func drain(_ body: (borrowing Datagram) -> Void) {
        while true {
            let count = Int(colloque_load_receive(self.descriptor, self.incoming, Int32(Self.batch)))
            for slot in 0..<count { body(self.incoming[slot]) }
            if count < Self.batch { return }
        }
    }

    func wait(milliseconds: Int) {
        colloque_load_wait(self.descriptor, Int32(milliseconds))
    }

    /// Sends all that comes back to where it came from, for ever: what a forwarder costs that knows no protocol.
    func echo() -> Never {
        while true {
            self.wait(milliseconds: -1)
            let count = Int(colloque_load_receive(self.descriptor, self.incoming, Int32(Self.batch)))
            if count > 0 { _ = colloque_load_send(self.descriptor, self.incoming, Int32(count)) }
        }
    }
}

enum Clock {
    static let loopback: UInt32 = 0x7F00_0001

    /// Nanoseconds of CLOCK_MONOTONIC: when to send.
    static func monotonic() -> Int64 { self.read(CLOCK_MONOTONIC) }
    /// Nanoseconds of CLOCK_REALTIME, the kernel's own for received datagrams.
    static func real() -> Int64 { self.read(CLOCK_REALTIME) }
    /// Processor time of this process.
    static func processor() -> Int64 { self.read(CLOCK_PROCESS_CPUTIME_ID) }
    /// Processor time of another process; 0 when there is none.
    static func processor(of process: Int32) -> Int64 {
        var clock = clockid_t()
        return clock_getcpuclockid(process, &clock) == 0 ? self.read(clock) : 0
    }

    static func sleep(until instant: Int64) { colloque_load_sleep_until(instant) }
    static func sleep(milliseconds: Int) { self.sleep(until: self.monotonic() + Int64(milliseconds) * 1_000_000) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
