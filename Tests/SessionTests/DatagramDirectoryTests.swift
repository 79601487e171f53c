import ICE
import STUN
import Session
import Testing
import Wire

@Suite("Datagrams on a socket that many sessions share")
final class DatagramDirectoryTests {
    private static let now = Instant.zero + .seconds(100)
    private static let voice: [UInt8] = [0x80, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9]
    private static let handshake: [UInt8] = [22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7]

    private var directory: DatagramDirectory

    init() {
        self.directory = DatagramDirectory()
        for (session, fragment) in ["AAAAaaaa", "BBBBbbbb", "CCCCcccc"].enumerated() {
            self.directory.add(session, decides: true)
            self.directory.name(session, fragment)
        }
    }

    private static func path(_ host: UInt32, port: UInt16 = 5000, socket: Int = 0) -> Path {
        Path(socket: SocketID(socket), remote: TransportAddress(.v4(0xC000_0200 | host), port: port))
    }

    private static func id(_ number: UInt64) -> TransactionID { TransactionID(high: 7, low: number) }

    private static func request(_ name: String?, _ number: UInt64 = 1) -> [UInt8] {
        var builder = STUNMessageBuilder(.request, .binding, transactionID: self.id(number))
        if let name { builder.add(.username, text: name) }
        builder.addFingerprint()
        return builder.bytes
    }

    private static func answer(_ number: UInt64) -> [UInt8] {
        var builder = STUNMessageBuilder(.success, .binding, transactionID: self.id(number))
        builder.addFingerprint()
        return builder.bytes
    }

    private func addressee(
        of datagram: [UInt8], on path: Path, now: Instant = DatagramDirectoryTests.now
    ) -> DatagramDirectory.Verdict {
        self.directory.addressee(of: datagram, on: path, now: now)
    }

    private func mayLeave(_ datagram: [UInt8], on path: Path, from session: Int) -> Bool {
        self.directory.departure(of: datagram, on: path, from: session, now: Self.now) == .leaves
    }

    @Test("a check goes to the session that it names, wherever it comes from")
    func checks() {
        #expect(self.addressee(of: Self.request("BBBBbbbb:xyzw"), on: Self.path(1)) == .session(1))
        #expect(self.addressee(of: Self.request("CCCCcccc:xyzw"), on: Self.path(2)) == .session(2))
        for name in ["BBBB:xyzw", "bbbbBBBB:xyzw", "xyzw:BBBBbbbb", "", ":", nil] {
            #expect(self.addressee(of: Self.request(name), on: Self.path(1)) == .nobody)
        }
        #expect(self.directory.strangers == 6)
    }

    @Test("an answer goes to the session that asked, from where it asked")
    func answers() {
        #expect(self.mayLeave(Self.request("peer:AAAAaaaa", 5), on: Self.path(1), from: 0))
        #expect(self.mayLeave(Self.request("peer:BBBBbbbb", 6), on: Self.path(1), from: 1))
        #expect(self.addressee(of: Self.answer(5), on: Self.path(1)) == .session(0))
        #expect(self.addressee(of: Self.answer(6), on: Self.path(1)) == .session(1))
        #expect(self.addressee(of: Self.answer(5), on: Self.path(2)) == .nobody)
        #expect(self.addressee(of: Self.answer(5), on: Self.path(1, socket: 1)) == .nobody)
        #expect(self.addressee(of: Self.answer(7), on: Self.path(1)) == .nobody)
    }

    @Test("voice and handshakes go to who owns their path, and to nobody else")
    func owned() {
        for datagram in [Self.voice, Self.handshake] {
            #expect(self.addressee(of: datagram, on: Self.path(1)) == .nobody)
        }
        self.directory.claim(Self.path(1), for: 0, now: Self.now)
        self.directory.claim(Self.path(2), for: 1, now: Self.now)
        for datagram in [Self.voice, Self.handshake] {
            #expect(self.addressee(of: datagram, on: Self.path(1)) == .session(0))
            #expect(self.addressee(of: datagram, on: Self.path(2)) == .session(1))
            #expect(self.addressee(of: datagram, on: Self.path(1, port: 5001)) == .nobody)
            #expect(self.addressee(of: datagram, on: Self.path(1, socket: 1)) == .nobody)
        }
    }

    @Test("the peer of one session cannot speak to another from its own path, nor take the other's")
    func foreignPeer() {
        self.directory.claim(Self.path(1), for: 0, now: Self.now)
        let check = Self.request("BBBBbbbb:xyzw")
        #expect(self.addressee(of: check, on: Self.path(1)) == .taken(by: 0, wantedBy: 1))
        self.directory.claim(Self.path(1), for: 1, now: Self.now)
        #expect(self.addressee(of: Self.voice, on: Self.path(1)) == .session(0))
        #expect(!self.mayLeave(Self.voice, on: Self.path(1), from: 1))
        #expect(self.mayLeave(Self.voice, on: Self.path(1), from: 0))
        #expect(self.directory.conflicts == 2)
    }

    @Test("at the end that does not decide, a path is whose check was answered, and nothing but checks passes before")
    func answered() {
        self.directory = DatagramDirectory()
        for (session, fragment) in ["AAAAaaaa", "BBBBbbbb"].enumerated() {
            self.directory.add(session, decides: false)
            self.directory.name(session, fragment)
        }
        let path = Self.path(1)
        func departure(_ datagram: [UInt8], from session: Int) -> DatagramDirectory.Departure {
            self.directory.departure(of: datagram, on: path, from: session, now: Self.now)
        }
        #expect(self.addressee(of: Self.request("AAAAaaaa:x"), on: path) == .session(0))
        self.directory.claim(path, for: 0, now: Self.now)
        #expect(self.directory.owner(of: path, now: Self.now) == nil)
        #expect(self.addressee(of: Self.handshake, on: path) == .nobody)
        #expect(departure(Self.handshake, from: 0) == .dropped)
        #expect(departure(Self.request("peer:BBBBbbbb", 6), from: 1) == .leaves)
        #expect(self.addressee(of: Self.answer(6), on: path) == .session(1))
        self.directory.claim(path, for: 1, now: Self.now)
        #expect(self.addressee(of: Self.handshake, on: path) == .session(1))
        #expect(departure(Self.handshake, from: 1) == .leaves)
        #expect(departure(Self.request("peer:AAAAaaaa", 5), from: 0) == .refused)
        #expect(self.addressee(of: Self.request("AAAAaaaa:x"), on: path) == .taken(by: 1, wantedBy: 0))
        self.directory.claim(path, for: 0, now: Self.now)
        #expect(self.directory.owner(of: path, now: Self.now) == 1)
    }

    @Test(
        "two ends give a path to the same session, however checks for two of them cross, and no key goes to the other")
    func crossing() {
        var settled = [0, 0]
        for seed in 1...2000 as ClosedRange<UInt64> {
            var crossing = Crossing(seed: seed)
            let owners = crossing.run()
            #expect(owners[0] == owners[1] && owners[0] != nil, "seed \(seed)")
            #expect(crossing.astray == 0, "seed \(seed)")
            if let owner = owners[0] { settled[owner] += 1 }
        }
        #expect(settled.allSatisfy { $0 > 100 }, "\(settled)")
    }

    @Test("a path that was silent for as long as consent lasts may be another's")
    func lapses() {
        self.directory.claim(Self.path(1), for: 0, now: Self.now)
        let check = Self.request("BBBBbbbb:xyzw")
        let soon = Self.now + .seconds(29)
        #expect(self.addressee(of: Self.voice, on: Self.path(1), now: soon) == .session(0))
        let owned = Self.request("AAAAaaaa:xyzw")
        #expect(self.addressee(of: owned, on: Self.path(1), now: soon + .seconds(20)) == .session(0))
        let later = Self.now + .seconds(78)
        #expect(self.addressee(of: check, on: Self.path(1), now: later) == .taken(by: 0, wantedBy: 1))
        let silent = Self.now + .seconds(80)
        #expect(self.addressee(of: Self.voice, on: Self.path(1), now: silent) == .nobody)
        #expect(self.addressee(of: check, on: Self.path(1), now: silent) == .session(1))
        self.directory.claim(Self.path(1), for: 1, now: silent)
        #expect(self.addressee(of: Self.voice, on: Self.path(1), now: silent) == .session(1))
    }

    @Test("a session's former fragments hold through restarts, as long as they are few")
    func restarts() {
        self.directory.name(0, "DDDDdddd")
        for name in ["AAAAaaaa:x", "DDDDdddd:x"] {
            #expect(self.addressee(of: Self.request(name), on: Self.path(1)) == .session(0))
        }
        for letter in "EFGHIJK" { self.directory.name(0, String(repeating: letter, count: 8)) }
        #expect(self.addressee(of: Self.request("AAAAaaaa:x"), on: Self.path(1)) == .nobody)
        #expect(self.addressee(of: Self.request("DDDDdddd:x"), on: Self.path(1)) == .session(0))
        let isTaken = !self.directory.name(1, "EEEEEEEE")
        #expect(isTaken)
        #expect(self.addressee(of: Self.request("EEEEEEEE:x"), on: Self.path(1)) == .session(0))
    }

    @Test("nothing reaches a session that is gone")
    func removal() {
        self.directory.claim(Self.path(1), for: 0, now: Self.now)
        _ = self.mayLeave(Self.request("peer:AAAAaaaa", 5), on: Self.path(2), from: 0)
        self.directory.remove(0)
        for datagram in [Self.voice, Self.request("AAAAaaaa:x"), Self.answer(5)] {
            for path in [Self.path(1), Self.path(2)] {
                #expect(self.addressee(of: datagram, on: path) == .nobody)
            }
        }
        self.directory.claim(Self.path(1), for: 0, now: Self.now)
        #expect(self.directory.owner(of: Self.path(1), now: Self.now) == nil)
    }

    @Test("strangers that send whatever they like reach nobody", arguments: 1...20 as ClosedRange<UInt64>)
    func strangers(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        self.directory.claim(Self.path(1), for: 0, now: Self.now)
        _ = self.mayLeave(Self.request("peer:AAAAaaaa", 5), on: Self.path(1), from: 0)
        let seeds = [Self.voice, Self.handshake, Self.answer(5), Self.request("ZZZZzzzz:AAAAaaaa", 9)]
        for _ in 0..<500 {
            var datagram = seeds[Int(random.next() % 4)]
            if random.next() % 3 == 0 { datagram = random.bytes(count: Int(random.next() % 80)) }
            if !datagram.isEmpty, random.next() % 2 == 0 {
                datagram[Int(random.next() % UInt64(datagram.count))] ^= 1 << UInt8(random.next() % 8)
            }
            let path = Self.path(2 + UInt32(random.next() % 200), port: UInt16(truncatingIfNeeded: random.next()))
            #expect(self.addressee(of: datagram, on: path) == .nobody, "seed \(seed)")
        }
        #expect(self.addressee(of: Self.voice, on: Self.path(1)) == .session(0))
    }

    @Test("a session that asks without end holds no more than its share")
    func manyRequests() {
        for number in 1...10_000 as ClosedRange<UInt64> {
            _ = self.mayLeave(Self.request("peer:AAAAaaaa", number), on: Self.path(1), from: 0)
        }
        #expect(self.addressee(of: Self.answer(1), on: Self.path(1)) == .nobody)
        #expect(self.addressee(of: Self.answer(10_000), on: Self.path(1)) == .session(0))
        for port in 1...1000 as ClosedRange<UInt16> {
            self.directory.claim(Self.path(3, port: port), for: 0, now: Self.now)
        }
        #expect(self.addressee(of: Self.voice, on: Self.path(3, port: 1)) == .nobody)
        #expect(self.addressee(of: Self.voice, on: Self.path(3, port: 1000)) == .session(0))
    }
}
