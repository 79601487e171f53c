import ICE
import STUN
import Testing
import Wire

@Suite("An agent and its relays")
struct RelayTests {
    private static func relay(_ port: UInt16) -> TransportAddress { TransportAddress(.v4(0xCB00_7101), port: port) }

    private static func candidates(_ peer: inout ScriptedPeer) -> [Candidate] {
        _ = peer.sent()
        defer { peer.events = [] }
        return peer.events.compactMap { if case .candidate(let candidate) = $0 { candidate } else { nil } }
    }

    @Test(
        "with relays alone, a good check on a direct way is met with silence: an answer would tell whose address it is")
    func directCheckWithRelaysAlone() {
        var configuration = ICEConfiguration()
        configuration.policy = .relayedOnly
        var peer = ScriptedPeer(role: .controlled, configuration: configuration)
        peer.receive(peer.request(role: .controlling))
        peer.wait(.seconds(5))
        #expect(peer.sent().isEmpty)
        #expect(!peer.agent.isValidated(ScriptedPeer.address, on: ScriptedPeer.socket))
    }

    @Test("relays are preferred by their detour, whatever the order they came in, and below every direct candidate")
    func order() {
        var peer = ScriptedPeer(role: .controlling)
        peer.agent.gather(now: peer.now)
        for (id, detour) in [(12, 2), (10, 0), (11, 1)] {
            peer.agent.addRelayedSocket(
                SocketID(-id), relayed: Self.relay(UInt16(50_000 + id)), mapped: nil, detour: detour, now: peer.now)
        }
        let told = Self.candidates(&peer).sorted { $0.priority > $1.priority }
        #expect(told.map(\.type) == [.host, .relayed, .relayed, .relayed])
        #expect(told.dropFirst().compactMap(\.transportAddress?.port) == [50_010, 50_011, 50_012])
    }

    @Test("the end of candidates waits for relays that are still being asked")
    func endOfCandidates() {
        var peer = ScriptedPeer(role: .controlled)
        peer.agent.setAwaitsRelays(true, now: peer.now)
        peer.agent.gather(now: peer.now)
        peer.wait(.seconds(3))
        _ = peer.sent()
        #expect(!peer.events.contains(.gatheringFinished))
        peer.agent.addRelayedSocket(SocketID(-1), relayed: Self.relay(50_000), mapped: nil, now: peer.now)
        _ = peer.sent()
        #expect(!peer.events.contains(.gatheringFinished))
        peer.agent.setAwaitsRelays(false, now: peer.now)
        _ = peer.sent()
        #expect(peer.events.last == .gatheringFinished)
    }

    @Test("the first pair of two relays is checked at once, before a crowd of pairs that stand above it")
    func firstPairOfRelays() throws {
        var peer = ScriptedPeer(role: .controlling)
        let relay = SocketID(-1)
        peer.agent.addRelayedSocket(relay, relayed: Self.relay(50_000), mapped: nil, now: peer.now)
        for host in 1...20 {
            peer.agent.addRemoteCandidate(
                try Candidate(sdp: "candidate:\(host) 1 udp 2130706431 198.51.100.\(host) 4000 typ host"), now: peer.now
            )
        }
        _ = peer.sent()
        peer.agent.addRemoteCandidate(
            try Candidate(sdp: "candidate:99 1 udp 16777215 203.0.113.1 50001 typ relay raddr 0.0.0.0 rport 0"),
            now: peer.now)
        peer.wait(.milliseconds(5))
        #expect(peer.sent().contains { $0.to == Self.relay(50_001) })
    }

    @Test("what the relay refuses to send to has failed, on that relay alone")
    func refusedByRelay() throws {
        var peer = ScriptedPeer(role: .controlled)
        let relay = SocketID(-1)
        peer.agent.addRelayedSocket(relay, relayed: Self.relay(50_000), mapped: nil, now: peer.now)
        peer.agent.addRemoteCandidate(
            try Candidate(sdp: "candidate:1 1 udp 2130706431 192.0.2.9 6000 typ host"), now: peer.now)
        peer.wait(.milliseconds(50))
        #expect(peer.socketsUsed() == [ScriptedPeer.socket, relay])
        peer.agent.relayRefused(ScriptedPeer.address.ip, on: relay, now: peer.now)
        peer.wait(.seconds(2))
        #expect(peer.socketsUsed() == [ScriptedPeer.socket])
    }

    @Test(
        "a doubt about the path makes it disconnected in the time that the doubt allows, and an answer ends the doubt")
    func doubt() throws {
        var peer = ScriptedPeer(role: .controlled)
        peer.validate(peerRole: .controlling, nominates: true)
        _ = peer.sent()
        #expect(peer.agent.state == .connected)
        peer.agent.checkPath(within: .milliseconds(1400), now: peer.now)
        let check = try #require(peer.requests().first)
        peer.receive(peer.answer(to: check))
        peer.wait(.seconds(2))
        #expect(peer.agent.state == .connected)
        peer.agent.checkPath(within: .milliseconds(1400), now: peer.now)
        peer.wait(.milliseconds(1399))
        #expect(peer.agent.state == .connected)
        peer.wait(.milliseconds(1))
        #expect(peer.agent.state == .disconnected)
    }
}
