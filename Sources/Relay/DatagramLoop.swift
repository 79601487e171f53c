import CDatagrams
import Foundation
import NIOConcurrencyHelpers
import Network
import TURN
import Wire

/// One thread of the relay's UDP: it sleeps in epoll, takes what has come in batches, has it judged, and sends it on.
///
/// Under load it lets ``gatheringTime`` pass between two rounds, so that a wake-up, ten times as dear as receiving a
/// packet, serves many. When little comes it answers at once.
final class DatagramLoop {
    private let engine: RelayEngine
    private let sockets: [Int32]
    private let poller: Int32
    private let stopping: StopFlag
    private let batch: OpaquePointer
    private let received: UnsafeMutablePointer<colloque_datagram>
    private let leaving: UnsafeMutablePointer<colloque_datagram>

    /// - Parameter sockets: Bound sockets, by listener number; closed with the loop.
    init(engine: RelayEngine, sockets: [Int32], stopping: StopFlag) {
        guard
            let batch = colloque_batch_new(
                Self.batchCount, UInt32(TURNServer.slotSize), UInt32(TURNServer.headroom), UInt32(TURNServer.tailroom))
        else { preconditionFailure("out of memory") }
        self.engine = engine
        self.sockets = sockets
        self.stopping = stopping
        self.batch = batch
        self.received = .allocate(capacity: Int(Self.batchCount))
        self.leaving = .allocate(capacity: Int(Self.batchCount))
        self.poller = colloque_poller_new()
        var isComplete = colloque_poller_add(self.poller, stopping.descriptor, Self.stopTag) == 0
        for (number, socket) in sockets.enumerated() {
            isComplete = colloque_poller_add(self.poller, socket, UInt32(number)) == 0 && isComplete
        }
        precondition(isComplete, "no descriptor or memory is left to wait for datagrams with")
    }

    deinit {
        colloque_batch_free(self.batch)
        self.received.deallocate()
        self.leaving.deallocate()
        close(self.poller)
        for socket in self.sockets { close(socket) }
    }

    /// Returns when the flag is raised.
    func run() {
        var tags = [UInt32](repeating: 0, count: 16)
        var handled = 0
        while !self.stopping.isRaised {
            if handled >= Self.loadThreshold { colloque_pause(Self.gatheringTime.wholeNanoseconds) }
            let ready = colloque_poller_wait(self.poller, &tags, Int32(tags.count), -1)
            handled = 0
            for tag in tags.prefix(Int(ready)) where tag != Self.stopTag {
                handled += self.serve(listener: Int(tag))
            }
        }
    }

    /// Takes everything that waits at one socket, a batch at a time.
    private func serve(listener: Int) -> Int {
        var total = 0
        while true {
            let count = Int(colloque_batch_receive(self.batch, self.sockets[listener], self.received))
            guard count > 0 else { return total }
            total += count
            let leavingCount = self.judge(count, listener: UInt8(listener))
            self.send(leavingCount)
            // One socket does not starve the others, nor the gathering.
            guard count == Int(Self.batchCount), total < Self.roundLimit else { return total }
        }
    }

    /// - Returns: How many go out.
    private func judge(_ count: Int, listener: UInt8) -> Int {
        let now = RelayEngine.now()
        let unixTime = RelayEngine.unixTime()
        return self.engine.withServer { server in
            var leavingCount = 0
            for number in 0..<count {
                let datagram = self.received[number]
                let flow = RelayFlow(datagramFrom: datagram.source, listener: listener)
                let start = Int(datagram.offset)
                var slot = MutableRawSpan(
                    _unsafeStart: colloque_batch_slot(self.batch, datagram.slot), byteCount: TURNServer.slotSize)
                let verdict = server.handle(
                    &slot, start..<start + Int(datagram.length), from: flow, now: now, unixTime: unixTime)
                guard case .send(let destination, let range) = verdict else { continue }
                self.leaving[leavingCount] = colloque_datagram(
                    to: destination, slot: datagram.slot, range: range)
                leavingCount += 1
            }
            return leavingCount
        }
    }

    private func send(_ count: Int) {
        var start = 0
        while start < count {
            let first = self.leaving[start]
            var end = start + 1
            guard first.tag != Self.streamTag else {
                self.streamOut(first)
                start = end
                continue
            }
            while end < count, self.leaving[end].tag == first.tag { end += 1 }
            _ = colloque_batch_send(self.batch, self.sockets[Int(first.tag)], self.leaving + start, Int32(end - start))
            start = end
        }
    }

    private func streamOut(_ datagram: colloque_datagram) {
        let octets = UnsafeRawBufferPointer(
            start: colloque_batch_slot(self.batch, datagram.slot) + Int(datagram.offset), count: Int(datagram.length))
        self.engine.streams.send(octets, to: datagram.streamNumber)
    }

    private static let batchCount: UInt32 = 64
    /// Datagrams of one socket in one round.
    private static let roundLimit = 1024
    /// Datagrams in a round from which on gathering pays.
    private static let loadThreshold = 6
    private static let gatheringTime: Duration = .microseconds(500)
    private static let stopTag: UInt32 = .max
    fileprivate static let streamTag: UInt8 = .max
}

/// Raised once, seen by every loop at its next wake-up, which it causes.
final class StopFlag: Sendable {
    private let mailbox = Mailbox<Bool>()
    private let raised = NIOLockedValueBox(false)

    var descriptor: Int32 { self.mailbox.descriptor }
    var isRaised: Bool { self.raised.withLockedValue { $0 } }

    func raise() {
        self.raised.withLockedValue { $0 = true }
        self.mailbox.post(true)
    }
}

extension colloque_datagram {
    fileprivate var source: TransportAddress {
        let octets = self.address
        guard self.is_ipv6 != 0 else {
            let word =
                UInt32(octets.0) << 24 | UInt32(octets.1) << 16 | UInt32(octets.2) << 8 | UInt32(octets.3)
            return TransportAddress(.v4(word), port: self.port)
        }
        let (high, low) = withUnsafeBytes(of: octets) {
            (
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        return TransportAddress(IPAddress.v6(high: high, low: low).unmapped, port: self.port)
    }

    /// For a stream the number stands where the address would.
    fileprivate var streamNumber: UInt32 {
        withUnsafeBytes(of: self.address) { $0.loadUnaligned(as: UInt32.self) }
    }

    fileprivate init(to flow: RelayFlow, slot: UInt32, range: Range<Int>) {
        self.init()
        self.slot = slot
        self.offset = UInt32(range.lowerBound)
        self.length = UInt32(range.count)
        self.port = flow.address.port
        guard flow.transport == .udp else {
            self.tag = DatagramLoop.streamTag
            withUnsafeMutableBytes(of: &self.address) { $0.storeBytes(of: flow.stream, as: UInt32.self) }
            return
        }
        self.tag = flow.listener
        withUnsafeMutableBytes(of: &self.address) { octets in
            switch flow.address.ip {
            case .v4(let word): octets.storeBytes(of: word.bigEndian, as: UInt32.self)
            case .v6(let high, let low):
                octets.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                octets.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
        }
        self.is_ipv6 = flow.address.ip.isIPv6 ? 1 : 0
    }
}
