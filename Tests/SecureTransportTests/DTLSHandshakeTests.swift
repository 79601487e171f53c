import CVirtualClock
import SecureTransport
import Testing
import Wire

@Suite("DTLS handshake (RFC 6347, RFC 5764)")
struct DTLSHandshakeTests {
    @Test("libssl reads the virtual clock of the thread that set one")
    func virtualClock() throws {
        let client = try DTLSConnection(role: .client, identity: DTLSIdentity())
        let before = virtual_clock_reads()
        let now = Instant(nanoseconds: 5_000_000_000)
        setVirtualTime(now)
        defer { virtual_clock_clear() }
        client.start(now: now)
        #expect(virtual_clock_reads() > before)
        var deadline: Instant?
        while deadline == nil {
            if case .wait(let instant) = client.pollOutput() { deadline = instant }
        }
        #expect(deadline == now + .milliseconds(50))
    }

    @Test("yields equal keys, each other's fingerprints and the strongest profile on a clean path")
    func cleanPath() throws {
        var path = SimulatedPath(seed: 1)
        let (alice, bob) = (try DTLSIdentity(), try DTLSIdentity())
        let client = try DTLSConnection(
            role: .client, identity: alice, expectedFingerprint: bob.fingerprint)
        let server = try DTLSConnection(
            role: .server, identity: bob, expectedFingerprint: alice.fingerprint)
        let outcome = path.run(client: client, server: server)

        let clientResult = try #require(outcome.clientResult)
        let serverResult = try #require(outcome.serverResult)
        #expect(clientResult.keyingMaterial == serverResult.keyingMaterial)
        #expect(clientResult.peerFingerprint == bob.fingerprint)
        #expect(serverResult.peerFingerprint == alice.fingerprint)
        #expect(clientResult.profile == .aes256GCM)
        #expect(clientResult.cipher == "ECDHE-ECDSA-AES128-GCM-SHA256")
        #expect(clientResult.version == "DTLSv1.2")
        #expect(path.largestDatagram <= 1200)
        #expect(outcome.client == [.peerVerified(bob.fingerprint), .connected(clientResult)])
        #expect(outcome.server == [.connected(serverResult)])
    }

    @Test("completes over loss, duplication and reordering", arguments: 0..<60 as Range<UInt64>)
    func hostilePath(seed: UInt64) throws {
        var path = SimulatedPath(seed: seed)
        path.loss = 0.25
        path.duplication = 0.15
        let client = try DTLSConnection(role: .client, identity: DTLSIdentity())
        let server = try DTLSConnection(role: .server, identity: DTLSIdentity())
        let outcome = path.run(client: client, server: server)
        let clientResult = try #require(outcome.clientResult, "seed \(seed)")
        let serverResult = try #require(outcome.serverResult, "seed \(seed)")
        #expect(clientResult.keyingMaterial == serverResult.keyingMaterial, "seed \(seed)")
        #expect(outcome.elapsed < .seconds(15), "seed \(seed)")
    }

    @Test("refuses a certificate that was not signalled, on either side", arguments: [DTLSRole.client, .server])
    func wrongFingerprint(refusing role: DTLSRole) throws {
        var path = SimulatedPath(seed: 3)
        let other = try DTLSIdentity().fingerprint
        let client = try DTLSConnection(
            role: .client, identity: DTLSIdentity(), expectedFingerprint: role == .client ? other : nil)
        let server = try DTLSConnection(
            role: .server, identity: DTLSIdentity(), expectedFingerprint: role == .server ? other : nil)
        let outcome = path.run(client: client, server: server)
        let (refusing, refused) =
            role == .client ? (outcome.client, outcome.server) : (outcome.server, outcome.client)
        #expect(refusing == [.failed(.fingerprintMismatch)])
        #expect(outcome.serverResult == nil && outcome.clientResult == nil)
        guard case .failed(.peerAlert) = refused.last else {
            Issue.record("the refused end saw \(refused)")
            return
        }
    }

    @Test("gives up by name when nobody answers")
    func silence() throws {
        let client = try DTLSConnection(role: .client, identity: DTLSIdentity())
        var now = Instant.zero
        setVirtualTime(now)
        defer { virtual_clock_clear() }
        client.start(now: now)
        var transmissions: [Duration] = []
        loop: while true {
            switch client.pollOutput() {
            case .transmit: transmissions.append(now - .zero)
            case .event(let event):
                #expect(event == .failed(.timedOut))
                break loop
            case .wait(let deadline):
                try #require(deadline > now && deadline < .distantFuture)
                now = deadline
                setVirtualTime(now)
                client.handleTimeout(now: now)
            }
        }
        let schedule: [Duration] = [0, 50, 150, 350, 750, 1550].map { .milliseconds($0) }
        #expect(Array(transmissions.prefix(6)) == schedule)
        #expect(now - .zero <= .seconds(30))
    }

    @Test("puts a ClientHello together that came in pieces of any order, as browsers' do", arguments: [false, true])
    func fragmentedClientHello(reversed: Bool) throws {
        let client = try DTLSConnection(role: .client, identity: DTLSIdentity())
        let server = try DTLSConnection(role: .server, identity: DTLSIdentity())
        server.start(now: .zero)
        client.start(now: .zero)
        guard case .transmit(let hello) = client.pollOutput() else {
            Issue.record("no ClientHello")
            return
        }
        var pieces = try fragments(ofFlight: hello, count: 3)
        if reversed { pieces.reverse() }
        for piece in pieces.dropLast() {
            server.handle(piece, now: .zero)
            guard case .wait = server.pollOutput() else {
                Issue.record("answered half a ClientHello")
                return
            }
        }
        try server.handle(#require(pieces.last), now: .zero)
        guard case .transmit(let flight) = server.pollOutput() else {
            Issue.record("no answer")
            return
        }
        #expect(flight.first == 22)
    }

    /// Cuts a datagram with one plain handshake record into several (RFC 6347 §4.2.3).
    private func fragments(ofFlight datagram: [UInt8], count: Int) throws -> [[UInt8]] {
        var reader = ByteReader(datagram)
        let typeAndVersion = try reader.readBytes(3)
        let epochAndNumber = try reader.readUInt64()
        _ = try reader.readUInt16()
        let messageType = try reader.readUInt8()
        let length = try reader.readBytes(3)
        let messageNumber = try reader.readUInt16()
        _ = try reader.readBytes(6)
        let body = reader.readRemainder()
        let step = body.count / count + 1
        return stride(from: 0, to: body.count, by: step).enumerated().map { index, offset in
            let part = body[offset..<min(body.count, offset + step)]
            var writer = ByteWriter()
            writer.write(typeAndVersion)
            writer.write(epochAndNumber + UInt64(index) + 100)
            writer.write(UInt16(12 + part.count))
            writer.write(messageType)
            writer.write(length)
            writer.write(messageNumber)
            writer.write(UInt32(offset).bigEndianBytes.dropFirst())
            writer.write(UInt32(part.count).bigEndianBytes.dropFirst())
            writer.write(part)
            return writer.bytes
        }
    }

    @Test("keeps a ClientHello that comes before the start")
    func earlyClientHello() throws {
        let client = try DTLSConnection(role: .client, identity: DTLSIdentity())
        let server = try DTLSConnection(role: .server, identity: DTLSIdentity())
        client.start(now: .zero)
        guard case .transmit(let hello) = client.pollOutput() else {
            Issue.record("no ClientHello")
            return
        }
        server.handle(hello, now: .zero)
        #expect(server.pollOutput() == .wait(until: .distantFuture))
        server.start(now: .zero)
        guard case .transmit(let flight) = server.pollOutput() else {
            Issue.record("no answer")
            return
        }
        #expect(flight.first == 22)
    }

    @Test("a client knows whose certificate it is a round trip before the server finishes, and not by a changed proof")
    func earlyProof() throws {
        let (alice, bob) = (try DTLSIdentity(), try DTLSIdentity())
        func flight() throws -> (client: DTLSConnection, answer: [UInt8]) {
            let client = try DTLSConnection(role: .client, identity: alice, expectedFingerprint: bob.fingerprint)
            let server = try DTLSConnection(role: .server, identity: bob, expectedFingerprint: alice.fingerprint)
            client.start(now: .zero)
            server.start(now: .zero)
            var datagrams: [[UInt8]] = []
            self.drain(client, into: &datagrams)
            for hello in datagrams { server.handle(hello, now: .zero) }
            datagrams = []
            self.drain(server, into: &datagrams)
            return (client, try #require(datagrams.count == 1 ? datagrams.first : nil))
        }
        func events(_ client: DTLSConnection) -> [DTLSConnection.Event] {
            var events: [DTLSConnection.Event] = []
            while true {
                switch client.pollOutput() {
                case .event(let event): events.append(event)
                case .transmit: continue
                case .wait: return events
                }
            }
        }
        let (client, answer) = try flight()
        client.handle(answer, now: .zero)
        #expect(events(client) == [.peerVerified(bob.fingerprint)])
        // Key exchange and signature: the body of the message of type 12, behind 13 octets of record and 12 of its own.
        var rest = 0
        while answer[rest + 13] != 12 { rest += 13 + Int(answer[rest + 11]) << 8 + Int(answer[rest + 12]) }
        let end = rest + 13 + Int(answer[rest + 11]) << 8 + Int(answer[rest + 12])
        for position in (rest + 25)..<end {
            let (client, answer) = try flight()
            var changed = answer
            changed[position] ^= 1
            client.handle(changed, now: .zero)
            let seen = events(client)
            let isQuiet = !seen.contains { if case .peerVerified = $0 { true } else { false } }
            #expect(isQuiet, "octet \(position - rest - 25): \(seen)")
        }
    }

    @Test("an opening that had no path goes out again, the same octets, when there is one; timers count from there")
    func pathless() throws {
        let client = try DTLSConnection(role: .client, identity: DTLSIdentity())
        client.start(hasPath: false, now: .zero)
        var first: [[UInt8]] = []
        self.drain(client, into: &first)
        client.pathOpened(now: .zero)
        var second: [[UInt8]] = []
        self.drain(client, into: &second)
        #expect(first.count == 1 && first == second)
        let server = try DTLSConnection(role: .server, identity: DTLSIdentity())
        server.start(now: .zero)
        var answers: [[UInt8]] = []
        for hello in first + second { server.handle(hello, now: .zero) }
        self.drain(server, into: &answers)
        #expect(answers.count == 1, "the second is a replay of the first")
        client.handle(answers[0], now: .zero)
        self.drain(client, into: &second)
        client.pathOpened(now: .zero)
        var third: [[UInt8]] = []
        self.drain(client, into: &third)
        #expect(third.isEmpty, "the peer has been heard")
    }

    @Test("closes with close_notify, which the peer reports once")
    func closing() throws {
        var path = SimulatedPath(seed: 4)
        let client = try DTLSConnection(role: .client, identity: DTLSIdentity())
        let server = try DTLSConnection(role: .server, identity: DTLSIdentity())
        #expect(path.run(client: client, server: server).serverResult != nil)
        client.close(now: path.now)
        guard case .transmit(let alert) = client.pollOutput() else {
            Issue.record("no close_notify")
            return
        }
        server.handle(alert, now: path.now)
        var events: [DTLSConnection.Event] = []
        while true {
            let output = server.pollOutput()
            if case .event(let event) = output { events.append(event) }
            if case .wait = output { break }
        }
        #expect(events == [.closed])
    }

    @Test("survives any garbage before, during and after the handshake")
    func garbage() throws {
        var random = RandomSource.seeded(99)
        for round in 0..<40 {
            let client = try DTLSConnection(role: .client, identity: DTLSIdentity())
            let server = try DTLSConnection(role: .server, identity: DTLSIdentity())
            server.start(now: .zero)
            client.start(now: .zero)
            var toServer: [[UInt8]] = []
            var toClient: [[UInt8]] = []
            for _ in 0..<20 {
                drain(client, into: &toServer)
                drain(server, into: &toClient)
                for datagram in toServer { deliver(datagram, to: server, random: &random, damage: round % 4 != 0) }
                for datagram in toClient { deliver(datagram, to: client, random: &random, damage: round % 4 != 0) }
                toServer = []
                toClient = []
            }
        }
    }

    private func drain(_ end: DTLSConnection, into queue: inout [[UInt8]]) {
        while true {
            switch end.pollOutput() {
            case .transmit(let datagram): queue.append(datagram)
            case .event: continue
            case .wait: return
            }
        }
    }

    private func deliver(
        _ datagram: [UInt8], to end: DTLSConnection, random: inout RandomSource, damage: Bool
    ) {
        var datagram = datagram
        if damage, !datagram.isEmpty {
            switch random.next() % 3 {
            case 0: datagram[Int(random.next() % UInt64(datagram.count))] ^= UInt8(1 << (random.next() % 8))
            case 1: datagram.removeLast(Int(random.next() % UInt64(datagram.count)))
            default: end.handle(random.bytes(count: Int(random.next() % 1600)), now: .zero)
            }
        }
        end.handle(datagram, now: .zero)
    }
}
