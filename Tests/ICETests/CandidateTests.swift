import ICE
import Testing
import Wire

@Suite("Candidates as text (RFC 8839 §5.1)")
struct CandidateTests {
    /// As browsers and other agents write them.
    static let samples = [
        "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host",
        "candidate:842163049 1 udp 1677729535 203.0.113.4 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag EEtu network-cost 999",
        "candidate:4234997325 1 udp 2043278322 192.0.2.172 44323 typ prflx raddr 10.0.0.1 rport 1",
        "candidate:0 1 UDP 2122252543 2001:db8::1 60548 typ host",
        "candidate:1467250027 1 udp 2122260223 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 46243 typ host generation 0",
        "candidate:1 1 tcp 1518280447 192.0.2.196 9 typ host tcptype active generation 0 network-id 1",
        "a=candidate:9 2 udp 100 198.51.100.2 3479 typ relay raddr 192.0.2.1 rport 5000 x-y z\r\n",
    ]

    @Test("what is read and written again reads the same", arguments: samples)
    func roundTrip(text: String) throws {
        let candidate = try Candidate(sdp: text)
        #expect(try Candidate(sdp: candidate.sdp) == candidate)
    }

    @Test("every field is read")
    func fields() throws {
        let candidate = try Candidate(sdp: Self.samples[1])
        #expect(candidate.foundation == "842163049")
        #expect(candidate.component == 1)
        #expect(candidate.transport == "udp")
        #expect(candidate.priority == 1_677_729_535)
        #expect(candidate.transportAddress == TransportAddress("203.0.113.4:46154"))
        #expect(candidate.type == .serverReflexive)
        #expect(candidate.relatedAddress == TransportAddress("0.0.0.0:0"))
        #expect(candidate.usernameFragment == "EEtu")
        #expect(candidate.extensions.map(\.name) == ["generation", "ufrag", "network-cost"])
    }

    @Test("a name is kept and has no address")
    func name() throws {
        let candidate = try Candidate(sdp: Self.samples[4])
        #expect(candidate.address == .name("1f4712db-ea17-4bcf-a596-105139dfd8bf.local", port: 46243))
        #expect(candidate.transportAddress == nil)
    }

    @Test(
        "refuses what is not a candidate",
        arguments: [
            "", "candidate:", "candidate:1", "1 1 udp 1 192.0.2.1 1 typ host",
            "candidate:1 0 udp 1 192.0.2.1 1 typ host", "candidate:1 257 udp 1 192.0.2.1 1 typ host",
            "candidate:1 1 udp 0 192.0.2.1 1 typ host", "candidate:1 1 udp 4294967296 192.0.2.1 1 typ host",
            "candidate:1 1 udp 1 192.0.2.1 65536 typ host", "candidate:1 1 udp 1 192.0.2.1 1 typ guest",
            "candidate:1 1 udp 1 192.0.2.1 1 type host", "candidate:1 1 udp 1 exa:mple 1 typ host",
            "candidate:1 1 udp 1 192.0.2.1 1 typ host generation", "candidate:é 1 udp 1 192.0.2.1 1 typ host",
            "candidate:1 1 udp 1 192.0.2.1 1 typ host a b\u{0}",
            "candidate:123456789012345678901234567890123 1 udp 1 192.0.2.1 1 typ host",
            "candidate:1 1 udp 1 192.0.2.1 1 typ host " + String(repeating: "x y ", count: 200),
        ])
    func refuses(text: String) {
        #expect(throws: ICEError.malformedCandidate) { try Candidate(sdp: text) }
    }

    @Test("no text makes the reader trap", arguments: samples.indices)
    func fuzz(sample: Int) {
        let seed = UInt64(sample) &+ 99
        var random = RandomSource.seeded(seed)
        let original = Array(Self.samples[sample].utf8)
        for count in 0...original.count {
            _ = try? Candidate(sdp: String(decoding: original.prefix(count), as: UTF8.self))
        }
        for _ in 0..<2000 {
            var bytes = original
            for _ in 0...random.next() % 4 {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            if let read = try? Candidate(sdp: String(decoding: bytes, as: UTF8.self)) {
                #expect((try? Candidate(sdp: read.sdp)) == read, "seed \(seed): \(read.sdp)")
            }
            _ = try? Candidate(sdp: "candidate:" + String(decoding: random.bytes(count: 60), as: UTF8.self))
        }
    }

    @Test("credentials keep to their length and alphabet, and never show the password")
    func credentials() throws {
        var random = RandomSource.seeded(1)
        let fresh = ICECredentials(random: &random)
        #expect(fresh.usernameFragment.utf8.count == 8)
        #expect(fresh.password.utf8.count == 24)
        #expect(try ICECredentials(usernameFragment: fresh.usernameFragment, password: fresh.password) == fresh)
        #expect(!"\(fresh)".contains(fresh.password))
        let long = String(repeating: "a", count: 257)
        for (fragment, password) in [
            ("abc", fresh.password), ("abcd", "short"), (long, fresh.password), ("ab:d", long),
        ] {
            #expect(throws: ICEError.malformedCredentials) {
                try ICECredentials(usernameFragment: fragment, password: password)
            }
        }
    }
}
