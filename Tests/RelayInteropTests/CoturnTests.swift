import Foundation
import Network
import Session
import TURN
import Testing
import Wire

/// Wall clock, loopback and somebody else's relay.
@Suite(
    "Allocations on coturn", .serialized,
    .enabled(if: Coturn.isInstalled, "there is no \(Coturn.executable): Scripts/setup test installs it"))
struct CoturnTests {
    private let server: Coturn

    init() throws {
        self.server = try Coturn()
    }

    private func end(_ transport: String) throws -> RelayEnd {
        try RelayEnd(self.server.url(transport), trust: .systemAnd(file: self.server.authority))
    }

    private static let pairs = [("udp", "udp"), ("tcp", "tcp"), ("tls", "tls"), ("udp", "tls"), ("tcp", "udp")]

    @Test(
        "two ends exchange datagrams of every size through their relays, whole and in both directions", arguments: pairs
    )
    func bothWays(_ transports: (String, String)) throws {
        let (one, other) = (try self.end(transports.0), try self.end(transports.1))
        let ends = [one, other]
        try #require(RelayEnd.run(ends, for: .seconds(5)) { ends.allSatisfy { $0.allocation != nil } })
        let (here, there) = (try #require(one.allocation), try #require(other.allocation))
        #expect(here.transport.rawValue == transports.0 && there.transport.rawValue == transports.1)
        #expect(here.relayed.ip.isLoopback && here.mapped.ip.isLoopback)

        // A permission is needed on both sides before anything arrives.
        for _ in 0..<100 where ends.contains(where: { $0.received.isEmpty }) {
            one.send([1, 2, 3], to: there.relayed)
            other.send([1, 2, 3], to: here.relayed)
            RelayEnd.run(ends, for: .milliseconds(50))
        }
        for each in ends { #expect(!each.takeReceived().isEmpty) }

        var random = RandomSource.seeded(7)
        // From 128 on it looks like media and goes over a channel; below 4 it looks like a check and does not.
        var earlier: [Set<[UInt8]>] = [[], []]
        for first in [UInt8(128), 1] {
            var sent: [[[UInt8]]] = [[], []]
            for size in stride(from: 1, through: 1201, by: 12) {
                for (index, (from, to)) in [(one, there), (other, here)].enumerated() {
                    let datagram = [first] + random.bytes(count: size)
                    sent[index].append(datagram)
                    from.send(datagram, to: to.relayed)
                }
                RelayEnd.run(ends, for: .milliseconds(2))
            }
            RelayEnd.run(ends, for: .seconds(3)) { ends.allSatisfy { $0.received.count >= sent[0].count } }
            var (atOne, atOther) = (one.takeReceived(), other.takeReceived())
            // Between the two relays they are datagrams, and a busy machine loses some: those go again.
            for _ in 0..<5 {
                let missing = [
                    sent[0].filter { lost in !atOther.contains { $0.datagram == lost } },
                    sent[1].filter { lost in !atOne.contains { $0.datagram == lost } },
                ]
                guard missing.contains(where: { !$0.isEmpty }) else { break }
                for datagram in missing[0] { one.send(datagram, to: there.relayed) }
                for datagram in missing[1] { other.send(datagram, to: here.relayed) }
                RelayEnd.run(ends, for: .seconds(1)) {
                    other.received.count >= missing[0].count && one.received.count >= missing[1].count
                }
                atOne += one.takeReceived()
                atOther += other.takeReceived()
            }
            // One that went again may have been late, not lost: then it comes once more in the next round.
            let strays = [
                Set(atOther.map(\.datagram)).subtracting(earlier[0]).symmetricDifference(sent[0]).count,
                Set(atOne.map(\.datagram)).subtracting(earlier[1]).symmetricDifference(sent[1]).count,
            ]
            for index in 0...1 { earlier[index].formUnion(sent[index]) }
            #expect(strays == [0, 0], "lost or changed, from \(transports.0) to \(transports.1) and back")
            #expect(atOther.allSatisfy { $0.peer == here.relayed } && atOne.allSatisfy { $0.peer == there.relayed })
        }
        for each in ends { each.act { $0.close(now: $1) } }
        #expect(RelayEnd.run(ends, for: .seconds(2)) { ends.allSatisfy { $0.relays.allocations.isEmpty } })
    }

    @Test("a nonce that is stale every second changes nothing", arguments: ["udp", "tls"])
    func staleNonce(transport: String) throws {
        let end = try self.end(transport)
        try #require(RelayEnd.run([end], for: .seconds(5)) { end.allocation != nil })
        for _ in 0..<3 {
            RelayEnd.run([end], for: .milliseconds(1500))
            end.act { $0.doubt(now: $1) }
        }
        RelayEnd.run([end], for: .seconds(3))
        #expect(end.allocation != nil && end.lostCount == 0)
    }

    @Test("a peer that the relay denies leaves the others alone")
    func deniedPeer() throws {
        let (one, other) = (try self.end("udp"), try self.end("tcp"))
        let ends = [one, other]
        try #require(RelayEnd.run(ends, for: .seconds(5)) { ends.allSatisfy { $0.allocation != nil } })
        let (here, there) = (try #require(one.allocation), try #require(other.allocation))
        let denied = IPAddress.v4(0x0A00_0001)
        for _ in 0..<50 where one.refusedPeers.isEmpty || ends.contains(where: { $0.received.isEmpty }) {
            one.send([200], to: TransportAddress(denied, port: 9))
            one.send([200], to: there.relayed)
            other.send([200], to: here.relayed)
            RelayEnd.run(ends, for: .milliseconds(100))
        }
        #expect(one.refusedPeers == [denied])
        #expect(!one.received.isEmpty && !other.received.isEmpty && one.lostCount == 0)
    }

    @Test("a server that dies and comes back has the allocation again within 5 s", arguments: ["udp", "tcp", "tls"])
    func restart(transport: String) throws {
        let end = try self.end(transport)
        try #require(RelayEnd.run([end], for: .seconds(5)) { end.allocation != nil })
        RelayEnd.run([end], for: .milliseconds(300))
        self.server.kill()
        try self.server.start()
        let back = monotonicNow()
        end.act { $0.doubt(now: $1) }
        #expect(RelayEnd.run([end], for: .seconds(5)) { end.lostCount == 1 && end.allocation != nil })
        print("  \(transport): allocated again \((monotonicNow() - back).milliseconds) ms after the server was back")
    }

    @Test("a certificate of an unknown authority gets no allocation, and no password")
    func untrusted() throws {
        let end = try RelayEnd(self.server.url("tls"), trust: .system)
        #expect(RelayEnd.run([end], for: .seconds(5)) { !end.closures.isEmpty })
        #expect(end.closures.first == .untrusted && end.allocation == nil)
    }
}
