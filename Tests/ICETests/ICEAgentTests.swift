import ICE
import STUN
import Testing
import Wire

@Suite("An agent against a scripted peer")
struct ICEAgentTests {
    static let elsewhere = TransportAddress(.v4(0xC000_020A), port: 6001)  // 192.0.2.10

    @Test("answers a good check with the source address, then checks back")
    func answers() throws {
        var peer = ScriptedPeer(role: .controlled)
        peer.receive(peer.request(role: .controlling))
        let sent = peer.sent()
        let answer = try #require(sent.first?.message)
        #expect(answer.messageClass == .success)
        #expect(answer.xorAddress(.xorMappedAddress) == ScriptedPeer.address)
        #expect(answer.integrity(key: Array(peer.agent.localCredentials.password.utf8)) == .valid)
        let check = try #require(sent.last?.message)
        #expect(check.messageClass == .request)
        #expect(
            check.text(.username)
                == "\(peer.credentials.usernameFragment):\(peer.agent.localCredentials.usernameFragment)")
        #expect(check.integrity(key: Array(peer.credentials.password.utf8)) == .valid)
        #expect(check.uint64(.iceControlled) != nil)
        #expect(check.uint32(.priority).map { $0 >> 24 } == 110)
        #expect(check[.useCandidate] == nil)
        #expect(check[.fingerprint] != nil)
        #expect(peer.agent.isValidated(ScriptedPeer.address, on: ScriptedPeer.socket))
        #expect(!peer.agent.isValidated(Self.elsewhere, on: ScriptedPeer.socket))
        #expect(peer.agent.destination == nil)
    }

    @Test("refuses checks without, or with the wrong, credentials, and believes nothing in them")
    func unauthenticated() throws {
        var peer = ScriptedPeer(role: .controlled)
        var bare = STUNMessageBuilder(.request, .binding, transactionID: TransactionID(high: 1, low: 1))
        bare.addFingerprint()
        let cases: [([UInt8], STUNErrorCode)] = [
            (peer.request(role: .controlling, key: "wrong"), .unauthenticated),
            (peer.request(role: .controlling, username: "stranger:x"), .unauthenticated),
            (
                peer.request(role: .controlling, username: peer.agent.localCredentials.usernameFragment),
                .unauthenticated
            ),
            (bare.bytes, .badRequest),
        ]
        for (bytes, code) in cases {
            peer.receive(bytes)
            let sent = peer.sent()
            #expect(sent.count == 1)
            let answer = try #require(sent.first?.message)
            #expect(answer.errorCode == code)
            #expect(answer[.messageIntegrity] == nil)
        }
        #expect(!peer.agent.isValidated(ScriptedPeer.address, on: ScriptedPeer.socket))
    }

    @Test("refuses an unknown attribute that has to be understood with 420, passes over the others")
    func unknownAttributes() throws {
        var peer = ScriptedPeer(role: .controlled)
        let unknown = STUNAttributeType(rawValue: 0x7000)
        peer.receive(peer.request(role: .controlling) { $0.add(unknown, [1, 2, 3, 4]) })
        let refusal = try #require(peer.sent().first?.message)
        #expect(refusal.errorCode == .unknownAttribute)
        #expect(refusal.unknownAttributes == [unknown])
        #expect(refusal.integrity(key: Array(peer.agent.localCredentials.password.utf8)) == .valid)
        peer.receive(peer.request(role: .controlling) { $0.add(STUNAttributeType(rawValue: 0xC057), [0, 1, 0, 2]) })
        #expect(peer.sent().first?.message.messageClass == .success)
    }

    @Test("gives way or insists by the tie-breaker", arguments: [ICERole.controlling, .controlled], [0, UInt64.max])
    func roleConflict(role: ICERole, tieBreaker: UInt64) throws {
        var peer = ScriptedPeer(role: role)
        peer.tieBreaker = tieBreaker
        peer.receive(peer.request(role: role))
        let answer = try #require(peer.sent().first?.message)
        // The larger tie-breaker becomes the controlling side.
        let expected: ICERole = tieBreaker == 0 ? .controlling : .controlled
        if role == expected {
            #expect(answer.errorCode == .roleConflict)
        } else {
            #expect(answer.messageClass == .success)
        }
        #expect(peer.agent.role == expected)
    }

    @Test("turns round on 487 and checks again in the other role")
    func told487() throws {
        var peer = ScriptedPeer(role: .controlling)
        peer.receive(peer.request(role: .controlled))
        let first = try #require(peer.requests().first)
        peer.receive(peer.answer(to: first, error: .roleConflict))
        let second = try #require(peer.requests().first)
        #expect(second.uint64(.iceControlled) != nil)
        #expect(second.uint64(.iceControlled) != first.uint64(.iceControlling))
        #expect(peer.agent.role == .controlled)
    }

    @Test("an answer counts only with integrity and from where the check went")
    func forgedAnswers() throws {
        var peer = ScriptedPeer(role: .controlled)
        peer.receive(peer.request(role: .controlling))
        let check = try #require(peer.requests().first)
        peer.receive(peer.answer(to: check, key: "wrong"))
        #expect(peer.agent.destination == nil)
        var bare = STUNMessageBuilder(.error, .binding, transactionID: check.transactionID)
        bare.add(.unauthenticated)
        peer.receive(bare.bytes)
        #expect(peer.agent.destination == nil)
        peer.receive(peer.answer(to: check))
        #expect(peer.agent.destination?.remote == ScriptedPeer.address)
        #expect(peer.agent.state == .connected)

        var other = ScriptedPeer(role: .controlled)
        other.receive(other.request(role: .controlling))
        let moved = try #require(other.requests().first)
        other.receive(other.answer(to: moved), from: Self.elsewhere)
        other.receive(other.answer(to: moved))
        #expect(other.agent.destination == nil)
    }

    @Test("media may leave before nomination, and is told when it comes")
    func nomination() throws {
        var peer = ScriptedPeer(role: .controlled)
        peer.validate(peerRole: .controlling)
        #expect(peer.agent.selectedPair?.isNominated == false)
        peer.receive(peer.request(role: .controlling, nominates: true))
        #expect(peer.agent.selectedPair?.isNominated == true)
        _ = peer.sent()
        let told = peer.events.compactMap { event -> Bool? in
            if case .selectedPair(let pair) = event { pair.isNominated } else { nil }
        }
        #expect(told == [false, true])
    }

    @Test("a nomination that comes before the pair is valid holds once it is")
    func earlyNomination() {
        var peer = ScriptedPeer(role: .controlled)
        peer.validate(peerRole: .controlling, nominates: true)
        #expect(peer.agent.selectedPair?.isNominated == true)
    }

    @Test("of two nominations in a hurry the better pair wins, later the last word does")
    func renomination() throws {
        var peer = ScriptedPeer(role: .controlled)
        peer.agent.addRemoteCandidate(
            try Candidate(sdp: "candidate:1 1 udp 2130706431 192.0.2.9 6000 typ host"), now: peer.now)
        peer.agent.addRemoteCandidate(
            try Candidate(sdp: "candidate:2 1 udp 1000 192.0.2.10 6001 typ relay"), now: peer.now)
        peer.validate(peerRole: .controlling, nominates: true)
        peer.validate(from: Self.elsewhere, peerRole: .controlling, nominates: true)
        #expect(peer.agent.destination?.remote == ScriptedPeer.address)
        peer.now += .seconds(2)
        peer.receive(peer.request(role: .controlling, nominates: true), from: Self.elsewhere)
        #expect(peer.agent.destination?.remote == Self.elsewhere)
        #expect(peer.agent.selectedPair?.isRelayed == true)
        peer.receive(peer.request(role: .controlling, nominates: true))
        #expect(peer.agent.destination?.remote == ScriptedPeer.address)
    }

    @Test("controlling, a direct pair is nominated with the next packet")
    func nominates() throws {
        var peer = ScriptedPeer(role: .controlling)
        peer.receive(peer.request(role: .controlled))
        let check = try #require(peer.requests().first)
        #expect(check[.useCandidate] == nil)
        peer.receive(peer.answer(to: check))
        #expect(peer.agent.state == .connected)
        let nominating = try #require(peer.requests().first)
        #expect(nominating[.useCandidate] != nil)
        peer.receive(peer.answer(to: nominating))
        #expect(peer.agent.selectedPair?.isNominated == true)
        peer.wait(.seconds(2))
        #expect(peer.requests().isEmpty)
    }

    @Test("controlling, a relayed pair is given time, then nominated, then replaced by a direct one")
    func relayedNomination() throws {
        var peer = ScriptedPeer(role: .controlling)
        peer.agent.addRemoteCandidate(
            try Candidate(sdp: "candidate:2 1 udp 1000 192.0.2.10 6001 typ relay"), now: peer.now)
        let check = try #require(peer.requests(to: Self.elsewhere).first)
        peer.receive(peer.answer(to: check), from: Self.elsewhere)
        #expect(peer.agent.state == .connected)
        peer.wait(.milliseconds(1900))
        #expect(peer.requests(to: Self.elsewhere).isEmpty)
        peer.wait(.milliseconds(100))
        let nominating = try #require(peer.requests(to: Self.elsewhere).first)
        #expect(nominating[.useCandidate] != nil)
        peer.receive(peer.answer(to: nominating), from: Self.elsewhere)
        #expect(peer.agent.selectedPair?.isNominated == true)

        peer.receive(peer.request(role: .controlled))
        let direct = try #require(peer.requests().first)
        peer.receive(peer.answer(to: direct))
        let again = try #require(peer.requests().first)
        #expect(again[.useCandidate] != nil)
        peer.receive(peer.answer(to: again))
        #expect(peer.agent.destination?.remote == ScriptedPeer.address)
    }

    @Test("consent checks come every 4 to 6 s and one answer settles all before it")
    func consent() throws {
        var peer = ScriptedPeer(role: .controlled)
        peer.validate(peerRole: .controlling, nominates: true)
        var last = peer.now
        var gaps: [Duration] = []
        for _ in 0..<400 {
            peer.wait(.milliseconds(100))
            for request in peer.requests() {
                gaps.append(peer.now - last)
                last = peer.now
                peer.receive(peer.answer(to: request))
            }
        }
        #expect((6...10).contains(gaps.count))
        #expect(gaps.allSatisfy { $0 >= .seconds(4) && $0 <= .milliseconds(6100) })
        #expect(Set(gaps).count > 1)
        #expect(peer.agent.state == .connected)
    }

    @Test("after a restart checks for the old credentials are still answered, with the old password")
    func lateChecks() throws {
        var peer = ScriptedPeer(role: .controlled)
        peer.validate(peerRole: .controlling, nominates: true)
        let old = peer.agent.localCredentials
        let late = peer.request(role: .controlling)
        var random = RandomSource.seeded(8)
        peer.agent.restart(localCredentials: ICECredentials(random: &random), now: peer.now)
        _ = peer.sent()
        peer.receive(late)
        let answer = try #require(peer.sent().first?.message)
        #expect(answer.messageClass == .success)
        #expect(answer.integrity(key: Array(old.password.utf8)) == .valid)
        #expect(peer.agent.destination?.remote == ScriptedPeer.address)
        #expect(peer.agent.state == .connected)
        // Consent of the old path goes on while the peer has not answered.
        peer.wait(.seconds(6))
        let check = try #require(peer.requests().first)
        peer.receive(peer.answer(to: check))
        peer.wait(.seconds(29))
        #expect(peer.agent.destination != nil)
    }

    @Test("a restart before there was any path is a beginning, not a failure")
    func earlyRestart() {
        var peer = ScriptedPeer(role: .controlled)
        var random = RandomSource.seeded(8)
        peer.agent.restart(localCredentials: ICECredentials(random: &random), now: peer.now)
        #expect(peer.agent.state == .new)
        peer.agent.setRemote(peer.credentials, now: peer.now)
        peer.validate(peerRole: .controlling)
        #expect(peer.agent.state == .connected)
    }

    @Test("without any candidate failure is told when patience ends, and a check still revives the agent")
    func patience() {
        var peer = ScriptedPeer(role: .controlled)
        peer.agent.endOfRemoteCandidates(now: peer.now)
        peer.wait(.milliseconds(39_499))
        #expect(peer.agent.state == .checking)
        peer.wait(.milliseconds(1))
        #expect(peer.agent.state == .failed)
        peer.validate(peerRole: .controlling)
        #expect(peer.agent.state == .connected)
    }

    @Test("with relays alone nothing of this machine is told or checked from")
    func relayedOnly() throws {
        var configuration = ICEConfiguration()
        configuration.policy = .relayedOnly
        var peer = ScriptedPeer(role: .controlled, configuration: configuration)
        peer.agent.setServers(stun: [VirtualNetwork.server])
        peer.agent.gather(now: peer.now)
        peer.agent.addRemoteCandidate(
            try Candidate(sdp: "candidate:1 1 udp 2130706431 192.0.2.9 6000 typ host"), now: peer.now)
        peer.wait(.seconds(1))
        #expect(peer.sent().isEmpty)
        let relayed = try #require(TransportAddress("198.51.100.7:50000"))
        peer.agent.addRelayedSocket(
            SocketID(7), relayed: relayed, mapped: TransportAddress("203.0.113.1:9"), now: peer.now)
        #expect(!peer.requests().isEmpty)
        let told = peer.events.compactMap { event -> Candidate? in
            if case .candidate(let candidate) = event { candidate } else { nil }
        }
        #expect(told.map(\.type) == [.relayed])
        #expect(told.first?.sdp.contains("203.0.113.1") == false)
    }

    @Test("passes over names, TCP, other generations, ports and addresses nobody owns, and its own loopback")
    func ignoredCandidates() throws {
        var peer = ScriptedPeer(role: .controlled)
        for text in [
            "candidate:1 1 udp 9 a.local 6000 typ host", "candidate:1 1 tcp 9 192.0.2.9 9 typ host tcptype active",
            "candidate:1 1 udp 9 192.0.2.9 6000 typ host ufrag other", "candidate:1 1 udp 9 192.0.2.9 0 typ host",
            "candidate:1 2 udp 9 192.0.2.9 6000 typ host", "candidate:1 1 udp 9 0.0.0.0 6000 typ host",
            "candidate:1 1 udp 9 224.0.0.1 6000 typ host", "candidate:1 1 udp 9 255.255.255.255 6000 typ host",
            "candidate:1 1 udp 9 127.0.0.1 6000 typ host", "candidate:1 1 udp 9 2001:db8::1 6000 typ host",
        ] {
            peer.agent.addRemoteCandidate(try Candidate(sdp: text), now: peer.now)
        }
        peer.wait(.seconds(1))
        #expect(peer.sent().isEmpty)
    }

    @Test("a flood of candidates and checks stays bounded")
    func flood() throws {
        var peer = ScriptedPeer(role: .controlled)
        for index in 0..<500 {
            let text = "candidate:\(index) 1 udp \(index + 1) 192.0.2.20 \(7000 + index) typ host"
            peer.agent.addRemoteCandidate(try Candidate(sdp: text), now: peer.now)
        }
        for index in 0..<500 {
            let source = TransportAddress(.v4(0xC000_0240), port: UInt16(8000 + index))
            peer.receive(peer.request(role: .controlling, nominates: true), from: source)
        }
        _ = peer.sent()
        var destinations: Set<TransportAddress> = []
        for _ in 0..<200 {
            peer.wait(.milliseconds(50))
            for (message, to) in peer.sent() where message.messageClass == .request { destinations.insert(to) }
        }
        #expect(destinations.count <= 100)
    }

    @Test(
        "no datagram makes the agent trap, and none without the password changes it", arguments: 0..<8 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        var peer = ScriptedPeer(role: seed % 2 == 0 ? .controlled : .controlling)
        peer.validate(peerRole: seed % 2 == 0 ? .controlling : .controlled)
        let good = peer.request(role: .controlling, nominates: true)
        let destination = peer.agent.destination
        for index in 0..<1000 {
            var bytes = index % 3 == 0 ? random.bytes(count: Int(random.next() % 160)) : good
            if index % 3 != 0 {
                let at = Int(random.next() % UInt64(bytes.count))
                bytes[at] ^= UInt8(random.next() % 255) + 1
            }
            if index % 3 == 2 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
            let source = TransportAddress(.v4(UInt32(truncatingIfNeeded: random.next())), port: 1)
            peer.receive(bytes, from: source)
            #expect(!peer.agent.isValidated(source, on: ScriptedPeer.socket), "seed \(seed)")
            _ = peer.sent()
        }
        #expect(peer.agent.destination == destination, "seed \(seed)")
    }

    @Test("a path that is refused keeps no other of its foundation waiting", arguments: [false, true])
    func refusedPath(isKnownBefore: Bool) throws {
        var peer = ScriptedPeer(role: .controlling)
        let other = SocketID(2)
        let base = TransportAddress(.v4(0xC000_0201), port: 5001)
        if isKnownBefore { peer.agent.addLocalSocket(other, base: base, now: peer.now) }
        peer.agent.addRemoteCandidate(
            try Candidate(sdp: "candidate:1 1 udp 2130706431 192.0.2.9 6000 typ host"), now: peer.now)
        #expect(peer.socketsUsed() == [ScriptedPeer.socket])
        if !isKnownBefore { peer.agent.addLocalSocket(other, base: base, now: peer.now) }
        peer.wait(.milliseconds(50))
        #expect(peer.socketsUsed().isEmpty)
        peer.agent.pathRefused(
            Path(socket: ScriptedPeer.socket, remote: ScriptedPeer.address), now: peer.now)
        peer.wait(.milliseconds(50))
        #expect(peer.socketsUsed() == [other])
        peer.wait(.seconds(2))
        #expect(peer.socketsUsed() == [other])
    }
}
