import STUN
import TURN
import Testing
import Wire

@Suite("An allocation on a relay (RFC 8656)")
struct ClientTests {
    private static let check: [UInt8] = [0, 1, 0, 0]
    private static let media: [UInt8] = [128, 1, 2, 3, 4]

    @Test("stands two round trips after the start, over every transport", arguments: TURNClient.Transport.allCases)
    func allocates(transport: TURNClient.Transport) {
        let world = RelayWorld.allocated(transport)
        #expect(
            world.events.first?.event == .allocated(relayed: ScriptedRelay.relayed, mapped: ScriptedRelay.mapped))
        #expect(world.events.first?.at == .zero + .milliseconds(40))
        #expect(world.count(.allocate) == 2)
        #expect(world.client.isAllocated)
    }

    @Test("asks for a family only if it is IPv6, and for IPv6 where there is no IPv4", arguments: [true, false])
    func families(asked: Bool) {
        var world = RelayWorld(.udp, requestsIPv6: asked)
        world.relay.relaysIPv4 = asked
        world.start()
        world.run(for: .seconds(1))
        #expect(
            world.events.first?.event == .allocated(relayed: ScriptedRelay.relayedIPv6, mapped: ScriptedRelay.mapped))
    }

    static let refusals: [(STUNErrorCode, TURNClient.Failure)] = [
        (.tryAlternate, .redirected), (.forbidden, .forbidden),
        (.wrongCredentials, .wrongCredentials), (.unsupportedTransport, .unsupportedTransport),
        (.allocationQuotaReached, .quotaReached), (.insufficientCapacity, .insufficientCapacity),
        (.serverError, .refused(.serverError)), (.badRequest, .refused(.badRequest)),
    ]

    @Test("each refusal has its name, signed or not", arguments: refusals, [true, false])
    func refusal(_ refusal: (code: STUNErrorCode, failure: TURNClient.Failure), isSigned: Bool) {
        var world = RelayWorld(.udp)
        world.relay.errors[.allocate] = refusal.code
        world.relay.signsErrors = isSigned
        world.start()
        world.run(for: .seconds(20))
        #expect(world.events.map(\.event) == [.ended(refusal.failure)])
        #expect(world.count(.allocate) == 2)
    }

    @Test("credentials that are refused are tried once")
    func refusedCredentials() {
        var world = RelayWorld(.tcp)
        world.relay.refusesUser = true
        world.start()
        world.run(for: .seconds(20))
        #expect(world.ending == .credentialsRefused)
        #expect(world.count(.allocate) == 2)
    }

    @Test("answers with a wrong code are as if they had not come", arguments: [TURNClient.Transport.udp, .tls])
    func forgedAnswers(transport: TURNClient.Transport) {
        var world = RelayWorld(transport)
        world.relay.forges = true
        world.start()
        world.run(for: .seconds(20))
        #expect(world.events.map(\.event) == [.ended(.unreachable)])
    }

    @Test("a silent server is given up after 8 s, whatever the transport", arguments: TURNClient.Transport.allCases)
    func silentServer(transport: TURNClient.Transport) {
        var world = RelayWorld(transport)
        world.isCut = true
        world.start()
        world.run(for: .seconds(30))
        #expect(world.ending == .unreachable)
        #expect(world.events.first.map { $0.at <= .zero + .seconds(8) } == true)
    }

    @Test("comes about through a loss of one in four", arguments: 0..<200 as Range<UInt64>)
    func loss(seed: UInt64) {
        var world = RelayWorld(.udp, seed: seed)
        world.loss = 0.25
        world.start()
        world.run(for: .seconds(20))
        #expect(world.client.isAllocated, "seed \(seed): \(world.events)")
        world.loss = 0
        world.send(Self.media)
        world.run(for: .seconds(1))
        #expect(world.relay.delivered.map(\.payload) == [Self.media], "seed \(seed)")
    }

    @Test("a stale nonce is replaced, but not for ever")
    func staleNonce() {
        var world = RelayWorld.allocated()
        world.relay.renewNonce()
        world.send(Self.check)
        world.run(for: .seconds(1))
        #expect(world.relay.delivered.map(\.payload) == [Self.check])
        #expect(world.count(.createPermission) == 2)

        var endless = RelayWorld(.udp)
        endless.relay.noncesAreStale = true
        endless.start()
        endless.run(for: .seconds(20))
        #expect(endless.ending == .nonceNeverFresh)
        #expect(endless.count(.allocate) == 5)
    }

    @Test("an hour: refreshed, permitted and bound without a gap, kept open on the way")
    func anHour() {
        var world = RelayWorld.allocated()
        world.send(Self.media)
        for _ in 0..<3600 {
            world.run(for: .seconds(1))
            world.send(Self.media)
        }
        world.run(for: .seconds(1))
        #expect(world.ending == nil)
        #expect(world.relay.delivered.count == 3601)
        #expect(world.relay.lifetimes == [UInt32](repeating: 600, count: 8))
        for method in [STUNMethod.createPermission, .channelBind] {
            let times = world.relay.log.filter { $0.method == method }.map(\.at)
            #expect(times.count == 16, "\(method)")
            for (earlier, later) in zip(times, times.dropFirst()) {
                #expect(later - earlier <= .seconds(241), "a permission lasts 300 s")
            }
        }
    }

    @Test("an idle allocation says something every 15 s")
    func keepAlive() {
        var world = RelayWorld.allocated()
        world.run(for: .seconds(299))
        #expect(world.count(.binding) == 19)
    }

    @Test("a server's short lifetime is refreshed in time")
    func shortLifetime() {
        var world = RelayWorld(.udp)
        world.relay.lifetime = 60
        world.start()
        world.run(for: .seconds(600))
        let times = world.relay.log.filter { $0.method == .refresh }.map(\.at)
        #expect(times.count == 13)
        for (earlier, later) in zip(times, times.dropFirst()) { #expect(later - earlier <= .seconds(46)) }
    }

    @Test("the first datagrams wait for the permission; checks go as indications, media over a channel")
    func permissionThenChannel() {
        var world = RelayWorld.allocated()
        world.send(Self.check)
        world.send(Self.check)
        world.run(for: .seconds(1))
        #expect(world.relay.delivered.map(\.isChannel) == [false, false])
        #expect(world.count(.createPermission) == 1)
        #expect(world.count(.channelBind) == 0)
        world.send(Self.media)
        world.run(for: .seconds(1))
        world.send(Self.media)
        world.send(Self.check)
        world.run(for: .seconds(1))
        #expect(world.relay.delivered.map(\.isChannel) == [false, false, false, true, true])
        #expect(world.relay.delivered.map(\.payload) == [Self.check, Self.check, Self.media, Self.media, Self.check])
        #expect(world.count(.channelBind) == 1)
    }

    @Test("hears its peer before and after the channel", arguments: TURNClient.Transport.allCases)
    func hears(transport: TURNClient.Transport) {
        var world = RelayWorld.allocated(transport)
        for round in 0..<4 {
            world.send(Self.media)
            world.run(for: .seconds(1))
            world.fromPeer([UInt8](repeating: 9, count: round + 1))
            world.run(for: .seconds(1))
        }
        #expect(world.received.map(\.payload) == (1...4).map { [UInt8](repeating: 9, count: $0) })
        #expect(world.received.allSatisfy { $0.peer == ScriptedRelay.peer })
        #expect(world.relay.channels.count == 1)
    }

    @Test("hears nobody who was not spoken to")
    func strangers() {
        var world = RelayWorld.allocated()
        let stranger = TransportAddress(.v4(0x0808_0808), port: 53)
        world.toClient(ScriptedRelay.dataIndication([1, 2, 3], peer: stranger))
        world.toClient([0x40, 0x00, 0, 3, 1, 2, 3, 0])
        #expect(world.received.isEmpty)
        world.send(Self.check, to: TransportAddress(stranger.ip, port: 1))
        world.toClient(ScriptedRelay.dataIndication([1, 2, 3], peer: stranger))
        #expect(world.received.count == 1, "permissions are by address, not by port")
    }

    @Test("a peer that the server forbids harms no other and is asked for three times at most")
    func forbiddenPeer() {
        var world = RelayWorld.allocated()
        let outcast = TransportAddress(.v4(0x0A00_0001), port: 5000)
        world.relay.forbidden = [outcast.ip]
        for _ in 0..<100 {
            world.send(Self.media, to: outcast)
            world.send(Self.media)
            world.run(for: .milliseconds(200))
        }
        #expect(world.ending == nil)
        #expect(world.relay.delivered.allSatisfy { $0.peer == ScriptedRelay.peer })
        #expect(world.relay.delivered.count == 100)
        #expect(world.events.count { $0.event == .peerRefused(outcast.ip) } == 3)
    }

    @Test("a server that forgot the allocation is noticed by asking, within a moment")
    func serverForgot() {
        var world = RelayWorld.allocated()
        world.relay.forgetEverything()
        world.act { $0.checkServer(now: $1) }
        world.run(for: .milliseconds(100))
        #expect(world.ending == .allocationMismatch)
    }

    @Test("a server that is gone is noticed within 2 s of asking", arguments: TURNClient.Transport.allCases)
    func serverGone(transport: TURNClient.Transport) {
        var world = RelayWorld.allocated(transport)
        world.isCut = true
        let asked = world.now
        world.act { $0.checkServer(now: $1) }
        world.run(for: .seconds(10))
        #expect(world.ending == .unreachable)
        #expect(world.events.last.map { $0.at <= asked + .seconds(2) } == true)
    }

    @Test("a server that is there stays, however often it is asked")
    func serverThere() {
        var world = RelayWorld.allocated()
        for _ in 0..<50 {
            world.act { $0.checkServer(now: $1) }
            world.run(for: .milliseconds(130))
        }
        world.run(for: .seconds(900))
        #expect(world.ending == nil)
    }

    @Test("what the 5-tuple had before is given back, so that a second attempt stands")
    func secondAttempt() {
        var world = RelayWorld.allocated()
        world.replaceClient()
        world.run(for: .seconds(1))
        #expect(world.client.isAllocated && world.ending == nil)
        #expect(world.relay.lifetimes == [0])

        world.relay.errors[.refresh] = .wrongCredentials
        world.replaceClient()
        world.run(for: .seconds(1))
        #expect(world.ending == .allocationMismatch)
    }

    @Test("gives the allocation back when closed, also through a stale nonce", arguments: [true, false])
    func closes(isStale: Bool) {
        var world = RelayWorld.allocated()
        if isStale { world.relay.renewNonce() }
        world.act { $0.close(now: $1) }
        world.run(for: .seconds(1))
        #expect(world.relay.lifetimes == [0])
        #expect(!world.relay.isAllocated)
        #expect(world.ending == .closed)
        world.send(Self.media)
        world.run(for: .seconds(1000))
        #expect(world.events.count == 2)
    }

    @Test("a stream of something else ends by its name")
    func otherStream() {
        var world = RelayWorld.allocated(.tcp)
        world.toClient(Array("HTTP/1.1 400 Bad Request\r\n".utf8))
        #expect(world.ending == .malformedStream)
    }

    @Test("no damaged message of a server traps or ends an allocation over UDP")
    func damage() {
        var dice = RandomSource.seeded(99)
        let world = RelayWorld.allocated()
        var answer = STUNMessageBuilder(.success, .refresh, transactionID: TransactionID(high: 1, low: 2))
        answer.add(.lifetime, uint32: 600)
        answer.add(.realm, text: "relay")
        for message in [
            answer.bytes, ScriptedRelay.dataIndication(Self.media, peer: ScriptedRelay.peer), [0x40, 0, 0, 1],
        ] {
            for count in 0..<message.count {
                var copy = world
                copy.toClient(Array(message[..<count]))
                var flipped = message
                flipped[count] ^= UInt8(truncatingIfNeeded: dice.next() | 1)
                copy.toClient(flipped)
                #expect(copy.ending == nil)
            }
        }
    }

    @Test("knows its own messages from answers to Binding requests")
    func claims() {
        for method in [STUNMethod.allocate, .refresh, .send, .data, .createPermission, .channelBind] {
            for kind in [STUNClass.success, .error, .indication] {
                let id = TransactionID(high: 1, low: 1)
                #expect(TURNClient.claims(STUNMessageBuilder(kind, method, transactionID: id).bytes))
                #expect(!TURNClient.claims(STUNMessageBuilder(kind, .binding, transactionID: id).bytes))
            }
        }
        #expect(TURNClient.claims([0x40, 0, 0, 0]))
        #expect(!TURNClient.claims([128, 0, 0, 0]) && !TURNClient.claims([22, 254, 253, 0]) && !TURNClient.claims([]))
    }
}
