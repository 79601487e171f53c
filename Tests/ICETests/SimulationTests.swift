import ICE
import Testing
import Wire

@Suite("Two agents on a hostile network, in virtual time")
struct SimulationTests {
    /// `nil` is a host with a public address.
    static func network(_ simulation: inout Simulation, _ kinds: [NATKind?]) {
        for (index, kind) in kinds.enumerated() {
            if let kind {
                let site = UInt32(index + 1)
                simulation.network.translators[site] = NAT(publicIP: .v4(0xCB00_7100 + site), kind: kind)
                simulation.addSocket(index, 1, "10.\(site).0.2:5000")
            } else {
                simulation.addSocket(index, 1, "192.0.2.\(index + 1):5000")
            }
        }
    }

    /// Two translators that filter by port and of which one maps by destination need a relay.
    static func isPassable(_ kinds: [NATKind?]) -> Bool {
        guard kinds.contains(.symmetric) else { return true }
        return !kinds.allSatisfy { $0 == .symmetric || $0 == .portRestricted }
    }

    @Test("connects, settles on one pair and carries data both ways", arguments: 0..<400 as Range<UInt64>)
    func connects(seed: UInt64) {
        var dice = RandomSource.seeded(seed &* 7919)
        func pick<T>(_ choices: [T]) -> T { choices[Int(dice.next() % UInt64(choices.count))] }
        let conditions = VirtualNetwork.Conditions(
            loss: 0.2 * dice.unitInterval(), duplication: 0.2 * dice.unitInterval(),
            delay: .milliseconds(Int(dice.next() % 100) + 1), jitter: .milliseconds(Int(dice.next() % 80)))
        let roles: [ICERole] = [pick([.controlling, .controlled]), pick([.controlling, .controlled])]
        var kinds: [NATKind?] = []
        repeat {
            kinds = [pick(NATKind.allCases + [nil]), pick(NATKind.allCases + [nil])]
        } while !Self.isPassable(kinds)

        var simulation = Simulation(seed: seed, conditions: conditions, roles: roles)
        simulation.signallingDelay = .milliseconds(Int(dice.next() % 300))
        Self.network(&simulation, kinds)
        simulation.begin()
        let what: Comment = "seed \(seed) \(kinds) \(roles) \(conditions)"
        #expect(simulation.run(until: .zero + .seconds(20)) { $0.isSettled }, what)
        simulation.run(for: .seconds(5))

        #expect(simulation.isSettled, what)
        #expect(simulation.peers[0].agent.role != simulation.peers[1].agent.role, what)
        for index in 0..<60 {
            simulation.sendData([128, UInt8(index)], from: 0)
            simulation.sendData([128, UInt8(index)], from: 1)
            simulation.run(for: .milliseconds(20))
        }
        simulation.run(for: .seconds(1))
        #expect(simulation.peers.allSatisfy { $0.received.count > 20 && $0.refused == 0 && !$0.lostDestination }, what)
    }

    @Test("stays connected and consenting for ten minutes of loss", arguments: 0..<20 as Range<UInt64>)
    func staysConnected(seed: UInt64) {
        var simulation = Simulation(
            seed: seed, conditions: .init(loss: 0.2, duplication: 0.1, jitter: .milliseconds(60)))
        Self.network(&simulation, [.portRestricted, .addressRestricted])
        simulation.begin()
        simulation.run(until: .zero + .seconds(600))
        #expect(simulation.isSettled, "seed \(seed)")
        #expect(simulation.peers.allSatisfy { !$0.lostDestination }, "seed \(seed)")
    }

    @Test("fails where only a relay would help, and not before patience is over", arguments: 0..<10 as Range<UInt64>)
    func impassable(seed: UInt64) throws {
        var simulation = Simulation(seed: seed)
        Self.network(&simulation, [.symmetric, seed % 2 == 0 ? .symmetric : .portRestricted])
        simulation.begin()
        simulation.run(until: .zero + .seconds(120))
        for peer in simulation.peers {
            let (at, state) = try #require(peer.states.last)
            #expect(state == .failed, "seed \(seed)")
            #expect(at >= .zero + .milliseconds(39_500), "seed \(seed)")
            #expect(at < .zero + .seconds(60), "seed \(seed)")
        }
    }

    @Test("one round trip after the answer media has a way", arguments: [0, 10, 50])
    func oneRoundTrip(oneWay: Int) throws {
        for kinds: [NATKind?] in [[nil, nil], [.fullCone, nil], [.addressRestricted, nil]] {
            var simulation = Simulation(seed: 1, conditions: .init(delay: .milliseconds(oneWay)))
            Self.network(&simulation, kinds)
            simulation.begin()
            #expect(simulation.run(until: .zero + .seconds(5)) { $0.isConnected })
            // The answerer applies the offer at 15 ms, the offerer the answer at 30 ms.
            let offerer = try #require(simulation.peers[0].pairs.first?.0)
            #expect(offerer <= .zero + .milliseconds(30 + 2 * oneWay + 15), "\(kinds)")
            #expect(simulation.run(until: .zero + .seconds(5)) { $0.isSettled })
            #expect(simulation.now <= .zero + .milliseconds(30 + 4 * oneWay + 60), "\(kinds)")
        }
    }

    @Test("on loopback the first pair stands within 5 ms and is settled within 10")
    func loopback() {
        var simulation = Simulation(seed: 3, conditions: .init(delay: .microseconds(100)))
        simulation.signallingDelay = .zero
        simulation.addSocket(0, 1, "127.0.0.1:5000")
        simulation.addSocket(1, 1, "127.0.0.1:5001")
        simulation.begin()
        #expect(simulation.run(until: .zero + .milliseconds(5)) { $0.isConnected })
        #expect(simulation.run(until: .zero + .milliseconds(10)) { $0.isSettled })
    }

    @Test(
        "two of one role sort it out by the tie-breaker", arguments: [ICERole.controlling, .controlled],
        0..<20 as Range<UInt64>)
    func roleConflict(role: ICERole, seed: UInt64) {
        var simulation = Simulation(seed: seed, roles: [role, role])
        Self.network(&simulation, [nil, .portRestricted])
        simulation.begin()
        #expect(simulation.run(until: .zero + .seconds(5)) { $0.isSettled }, "seed \(seed)")
        #expect(simulation.peers[0].agent.role != simulation.peers[1].agent.role, "seed \(seed)")
    }

    @Test("a peer that hides its addresses behind names is found by its own checks")
    func hiddenNames() throws {
        var simulation = Simulation(seed: 5)
        simulation.addSocket(0, 1, "10.1.0.2:5000")
        simulation.addSocket(1, 1, "10.1.0.3:5000")
        simulation.peers[0].hidesAddresses = true
        simulation.begin()
        #expect(simulation.run(until: .zero + .seconds(3)) { $0.isSettled })
        let pair = try #require(simulation.peers[1].agent.selectedPair)
        #expect(pair.remote.type == .peerReflexive)
        #expect(pair.remoteAddress == TransportAddress("10.1.0.2:5000"))
    }

    @Test("checks that come before the credentials are answered and taken up", arguments: 0..<20 as Range<UInt64>)
    func earlyChecks(seed: UInt64) throws {
        var simulation = Simulation(seed: seed, conditions: .init(loss: 0.1, delay: .milliseconds(2)))
        simulation.signallingDelay = .milliseconds(500)
        Self.network(&simulation, [.portRestricted, nil])
        // Peer 1 knows peer 0 already; peer 0 learns of peer 1 half a second later.
        let credentials = simulation.peers[0].agent.localCredentials
        simulation.peers[1].agent.setRemote(credentials, now: simulation.now)
        simulation.gather(0)
        simulation.run(for: .seconds(1))
        simulation.gather(1)
        simulation.run(for: .milliseconds(400))
        #expect(simulation.peers[0].agent.state == .new)
        simulation.signal(.credentials(simulation.peers[1].agent.localCredentials), to: 0)
        let before = simulation.now + simulation.signallingDelay
        #expect(simulation.run(until: .zero + .seconds(10)) { $0.isSettled }, "seed \(seed)")
        let first = try #require(simulation.peers[0].pairs.first?.0)
        #expect(first >= before, "seed \(seed)")
    }
}

@Suite("A call's later life, in virtual time")
struct CallLifeTests {
    static func connected(seed: UInt64 = 11, conditions: VirtualNetwork.Conditions = .init()) -> Simulation {
        var simulation = Simulation(seed: seed, conditions: conditions)
        SimulationTests.network(&simulation, [.addressRestricted, .portRestricted])
        simulation.begin()
        #expect(simulation.run(until: .zero + .seconds(20)) { $0.isSettled }, "seed \(seed)")
        simulation.run(for: .seconds(3))
        return simulation
    }

    @Test("a restart in mid-call never interrupts media", arguments: 0..<100 as Range<UInt64>)
    func restart(seed: UInt64) {
        var simulation = Self.connected(
            seed: seed,
            conditions: .init(loss: 0.1, duplication: 0.1, delay: .milliseconds(20), jitter: .milliseconds(30)))
        let restarting = Int(seed % 2)
        let old = simulation.peers.map(\.agent.localCredentials)
        simulation.restart(restarting)
        for _ in 0..<300 {
            simulation.sendData([200], from: 0)
            simulation.sendData([200], from: 1)
            simulation.run(for: .milliseconds(20))
        }
        let what: Comment = "seed \(seed)"
        #expect(simulation.isSettled, what)
        #expect(simulation.peers.allSatisfy { $0.pairs.count >= 2 }, what)
        #expect(zip(simulation.peers, old).allSatisfy { $0.agent.localCredentials != $1 }, what)
        #expect(
            simulation.peers.allSatisfy { $0.received.count > 200 && $0.refused == 0 && !$0.lostDestination }, what)
    }

    @Test("silence is told within ten seconds and ends consent after thirty")
    func silence() throws {
        var simulation = Self.connected()
        let cutAt = simulation.now
        simulation.network.cut = [.v4(0x0A01_0002)]
        simulation.run(for: .seconds(40))
        for peer in simulation.peers {
            let disconnected = try #require(peer.states.first { $0.1 == .disconnected }?.0)
            #expect(disconnected - cutAt < .seconds(9))
            let failed = try #require(peer.states.last)
            #expect(failed.1 == .failed)
            #expect(failed.0 - cutAt <= .seconds(30))
            #expect(failed.0 - cutAt > .seconds(23))
            #expect(peer.agent.destination == nil)
            #expect(peer.agent.selectedPair == nil)
        }
    }

    @Test("a doubt about the path is settled in seconds")
    func checkPath() throws {
        var simulation = Self.connected()
        let cutAt = simulation.now
        simulation.network.cut = [.v4(0x0A01_0002)]
        simulation.peers[0].agent.checkPath(now: simulation.now)
        simulation.drain(0)
        simulation.run(for: .seconds(4))
        let disconnected = try #require(simulation.peers[0].states.last)
        #expect(disconnected.1 == .disconnected)
        #expect(disconnected.0 - cutAt == ICEConfiguration().disconnectedAfter)
    }

    @Test("a hole of fifteen seconds is survived without a restart")
    func hole() {
        var simulation = Self.connected()
        simulation.network.cut = [.v4(0x0A01_0002)]
        simulation.run(for: .seconds(15))
        #expect(simulation.peers.allSatisfy { $0.agent.state == .disconnected })
        simulation.network.cut = []
        simulation.run(for: .milliseconds(1100))
        #expect(simulation.isSettled)
        #expect(simulation.peers.allSatisfy { !$0.lostDestination })
    }

    @Test("after a failure a restart brings the call back")
    func restartAfterFailure() {
        var simulation = Self.connected()
        simulation.network.cut = [.v4(0x0A01_0002)]
        simulation.run(for: .seconds(40))
        #expect(simulation.peers.allSatisfy { $0.agent.state == .failed })
        simulation.network.cut = []
        simulation.restart(0)
        #expect(simulation.run(until: simulation.now + .seconds(2)) { $0.isSettled })
    }

    @Test("a translator that forgets its mappings is followed", arguments: 0..<10 as Range<UInt64>)
    func rebinding(seed: UInt64) {
        var simulation = Simulation(seed: seed)
        SimulationTests.network(&simulation, [.portRestricted, nil])
        simulation.begin()
        simulation.run(until: .zero + .seconds(10))
        #expect(simulation.isSettled, "seed \(seed)")
        // A new translator with other ports: the old remote address of peer 0 is dead.
        simulation.network.translators[1] = NAT(publicIP: .v4(0xCB00_7163), kind: .portRestricted)
        simulation.run(for: .seconds(60))
        for index in 0..<10 {
            simulation.sendData([128, UInt8(index)], from: 0)
            simulation.sendData([128, UInt8(index)], from: 1)
        }
        simulation.run(for: .seconds(1))
        #expect(simulation.isConnected, "seed \(seed)")
        #expect(simulation.peers.allSatisfy { $0.received.count == 10 }, "seed \(seed)")
    }

    @Test("when the pair in use falls silent another valid one takes over", arguments: 0..<20 as Range<UInt64>)
    func takesOver(seed: UInt64) throws {
        var simulation = Simulation(seed: seed)
        simulation.addSocket(0, 1, "10.1.0.2:5000", kind: .wired)
        simulation.addSocket(0, 2, "10.1.0.3:5000", kind: .wireless)
        simulation.addSocket(1, 1, "10.1.0.9:5000")
        simulation.begin()
        simulation.run(until: .zero + .seconds(10))
        #expect(simulation.peers[0].agent.destination?.socket == SocketID(1), "seed \(seed)")
        simulation.network.cut = [.v4(0x0A01_0002)]
        simulation.run(for: .seconds(12))
        #expect(simulation.peers[0].agent.destination?.socket == SocketID(2), "seed \(seed)")
        #expect(simulation.peers[1].agent.destination?.remote == TransportAddress("10.1.0.3:5000"), "seed \(seed)")
        #expect(simulation.isSettled, "seed \(seed)")
    }

    @Test("a socket that goes away takes its pairs with it, one that comes brings new ones")
    func sockets() {
        var simulation = Simulation(seed: 21)
        simulation.addSocket(0, 1, "10.1.0.2:5000")
        simulation.addSocket(1, 1, "10.1.0.9:5000")
        simulation.begin()
        simulation.run(until: .zero + .seconds(5))
        #expect(simulation.isSettled)
        simulation.peers[0].agent.removeLocalSocket(SocketID(1), now: simulation.now)
        simulation.peers[0].sockets = [:]
        simulation.drain(0)
        #expect(simulation.peers[0].agent.destination == nil)
        simulation.addSocket(0, 2, "10.1.0.3:6000", kind: .cellular)
        #expect(simulation.run(until: simulation.now + .seconds(20)) { $0.isSettled })
        #expect(simulation.peers[1].agent.destination?.remote == TransportAddress("10.1.0.3:6000"))
    }
}
