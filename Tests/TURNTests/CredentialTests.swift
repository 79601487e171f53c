import Primitives
import TURN
import Testing
import Wire

@Suite("Relay credentials")
struct CredentialTests {
    private let secret = RelaySecret(hex: String(repeating: "0b", count: 32)) ?? .random()
    private let room = RoomID([UInt8](0..<16))

    @Test("a username comes back from its text")
    func roundTrip() throws {
        var random = RandomSource.seeded(1)
        let group = RelayGroup(of: try #require(self.room), secret: self.secret)
        for role in [RelayRole.patient, .doctor, .probe] {
            let name = RelayUsername(expiry: 1_790_000_000, group: group, role: role, random: &random)
            #expect(RelayUsername(name.text.utf8) == name)
            #expect(name.text.utf8.count == 10 + 1 + 11 + 1 + 1 + 1 + 12)
        }
    }

    @Test("groups differ by room and by secret")
    func groups() throws {
        let room = try #require(self.room)
        let other = try #require(RoomID([UInt8](1..<17)))
        let group = RelayGroup(of: room, secret: self.secret)
        #expect(group != RelayGroup(of: other, secret: self.secret))
        #expect(group != RelayGroup(of: room, secret: .random()))
        #expect(group == RelayGroup(of: room, secret: self.secret))
    }

    @Test(
        "refuses what no broker makes",
        arguments: [
            "", ":::", "1790000000:AAECAwQFBgc:p", "1790000000:AAECAwQFBgc:q:AAECAwQFBgcI",
            "99999999999:AAECAwQFBgc:p:AAECAwQFBgcI", "1790000000:AAECAwQFBg:p:AAECAwQFBgcI",
            "1790000000:AAECAwQFBgc:p:AAECAwQFBgcI:", "-1:AAECAwQFBgc:p:AAECAwQFBgcI",
        ])
    func refuses(_ text: String) {
        #expect(RelayUsername(text.utf8) == nil)
    }

    @Test("a password belongs to one name and one secret")
    func passwords() throws {
        var random = RandomSource.seeded(2)
        let group = RelayGroup(of: try #require(self.room), secret: self.secret)
        let name = RelayUsername(expiry: 1, group: group, role: .doctor, random: &random)
        let other = RelayUsername(expiry: 2, group: group, role: .doctor, random: &random)
        #expect(name.password(secret: self.secret) == name.password(secret: self.secret))
        #expect(name.password(secret: self.secret) != other.password(secret: self.secret))
        #expect(name.password(secret: self.secret) != name.password(secret: .random()))
        #expect(name.password(secret: self.secret).utf8.count == 44)
    }
}

@Suite("Messages in a byte stream (RFC 8656 §3.1)")
struct StreamFramingTests {
    private let channel: [UInt8] = [0x40, 0x01, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0]
    private let binding: [UInt8] = [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42] + [UInt8](repeating: 7, count: 12)

    @Test("cuts messages however the octets come", arguments: 1...32)
    func cuts(chunk: Int) {
        var framing = StreamFraming()
        var found: [[UInt8]] = []
        let stream = self.channel + self.binding + self.channel
        for start in stride(from: 0, to: stream.count, by: chunk) {
            framing.append(stream[start..<min(stream.count, start + chunk)])
            while case .message(let message) = framing.next() { found.append(Array(message)) }
        }
        #expect(found == [Array(self.channel.prefix(9)), self.binding, Array(self.channel.prefix(9))])
        #expect(framing.pendingCount == 0)
    }

    @Test(
        "ends a stream of anything else",
        arguments: [[UInt8]([0x80, 0, 0, 0]), [0x47, 0x45, 0x54, 0x20], [0, 1, 0, 3]])
    func malformed(_ octets: [UInt8]) {
        var framing = StreamFraming()
        framing.append(octets)
        #expect(framing.next() == .malformed)
    }
}
