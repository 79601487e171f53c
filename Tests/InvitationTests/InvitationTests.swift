import Invitation
import Primitives
import ProtocolVectors
import Testing
import Wire

@Suite("Invitation links")
struct InvitationTests {
    private static let fragment = "AQB7ofDB7qUBA63d-iynFo9juUnR4M0QJcXgwcOb4G7LREmOqh5uxpqmIkzmcAY52XKp2oXG"

    /// A fragment of the given octets under a right checksum.
    private static func fragment(of body: [UInt8]) -> String {
        (body + SHA256.hash([UInt8]("colloque/1 link".utf8), body).prefix(4)).base64URL
    }

    @Test("the fragment of the vectors reads, and writes itself again")
    func vector() throws {
        let vectors = try ProtocolVectors()
        let invitation = try Invitation(fragment: vectors.text("link.fragment"))
        #expect(try invitation.secret.bytes.hex == vectors.text("link.S"))
        #expect(try invitation.sessionPublicKey.hex == vectors.text("link.session_pub"))
        #expect(invitation.flags == [])
        #expect(try invitation.fragment == vectors.text("link.fragment"))
    }

    @Test("a fragment cut at any length is incomplete", arguments: 0..<72)
    func truncated(length: Int) {
        #expect(throws: InvitationError.incomplete(characters: length)) {
            try Invitation(fragment: Self.fragment.prefix(length))
        }
    }

    @Test("text stuck to the end is incomplete or of another alphabet")
    func tooLong() {
        #expect(throws: InvitationError.incomplete(characters: 73)) { try Invitation(fragment: Self.fragment + "A") }
        #expect(throws: InvitationError.alphabet) { try Invitation(fragment: Self.fragment + ">") }
        #expect(throws: InvitationError.alphabet) { try Invitation(fragment: Self.fragment + "é") }
    }

    @Test("a changed character is caught by the checksum", arguments: 0..<72)
    func changed(position: Int) {
        var characters = Array(Self.fragment)
        characters[position] = characters[position] == "z" ? "y" : "z"
        #expect(throws: InvitationError.checksum) { try Invitation(fragment: String(characters)) }
    }

    @Test("a character outside the alphabet is named", arguments: ["+", "/", "=", " ", "%", "\0", "ß"])
    func alphabet(character: String) {
        #expect(throws: InvitationError.alphabet) { try Invitation(fragment: Self.fragment.dropLast() + character) }
    }

    @Test("another version and unknown flags are refused, known flags read")
    func versionAndFlags() throws {
        let tail = [UInt8](repeating: 7, count: 48)
        #expect(throws: InvitationError.version(2)) { try Invitation(fragment: Self.fragment(of: [2, 0] + tail)) }
        #expect(throws: InvitationError.version(0)) { try Invitation(fragment: Self.fragment(of: [0, 0] + tail)) }
        for flag in 2..<8 {
            let bit = UInt8(1) << flag
            #expect(throws: InvitationError.unknownFlags(bit)) {
                try Invitation(fragment: Self.fragment(of: [1, bit | 1] + tail))
            }
        }
        let invitation = try Invitation(fragment: Self.fragment(of: [1, 3] + tail))
        #expect(invitation.flags == [.postQuantumRequired, .relayOnly])
    }

    @Test(
        "whole links read",
        arguments: [
            ("https://broker.example/#", "broker.example", UInt16(443), "broker.example"),
            ("HTTPS://Broker.Example#", "broker.example", 443, "broker.example"),
            ("  https://broker.example:8443/#", "broker.example", 8443, "broker.example:8443"),
            ("http://localhost:8080/#", "localhost", 8080, "localhost:8080"),
            ("http://127.0.0.1/#", "127.0.0.1", 80, "127.0.0.1"),
            ("https://[2001:DB8::1]:444/#", "[2001:db8::1]", 444, "[2001:db8::1]:444"),
            ("https://broker.example/?utm_source=mail#", "broker.example", 443, "broker.example"),
            ("https://broker.example:443/#", "broker.example", 443, "broker.example"),
        ])
    func links(prefix: String, host: String, port: UInt16, authority: String) throws {
        let link = try InvitationLink(prefix + Self.fragment + "\n")
        #expect(link.host == host)
        #expect(link.port == port)
        #expect(link.authority == authority)
        #expect(link.invitation.fragment == Self.fragment)
        #expect(try InvitationLink(link.text) == link)
    }

    @Test(
        "other addresses are no links",
        arguments: [
            "", "broker.example", "ftp://broker.example/#", "https:///#", "https://#", "https://a b/#",
            "https://user@broker.example/#", "https://broker.example/page#", "https://broker.example:0/#",
            "https://broker.example:65536/#", "https://broker.example:+1/#", "https://broker.example:/#",
            "https://-a.example/#", "https://a..example/#", "https://[::1/#", "https://[localhost]/#",
            "https://broker.example\\@other.example/#", "javascript://broker.example/#", "https://brökér.example/#",
            String(repeating: "https://a/#", count: 1000),
        ])
    func notLinks(prefix: String) {
        #expect(throws: InvitationError.notALink) { try InvitationLink(prefix + Self.fragment) }
    }

    @Test("a link without its fragment is incomplete")
    func noFragment() {
        for text in ["https://broker.example", "https://broker.example/", "https://broker.example/#"] {
            #expect(throws: InvitationError.incomplete(characters: 0)) { try InvitationLink(text) }
        }
    }

    @Test("no cut, flip or garbage makes the reader trap or accept")
    func fuzz() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = RandomSource.seeded(seed)
        let whole = Array("https://broker.example:8443/?a=b#\(Self.fragment)".utf8)
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0..<4, using: &random))
            let link = try? InvitationLink(String(decoding: bytes, as: UTF8.self))
            #expect(link == nil || link?.invitation.fragment == Self.fragment, "seed \(seed)")
        }
    }

    @Test("a fresh invitation is read back from its link, and nothing prints its secret")
    func fresh() throws {
        var random = RandomSource.system
        let invitation = Invitation(
            flags: .relayOnly, sessionPublicKey: X25519.KeyPair().publicKey, random: &random)
        let link = try InvitationLink(origin: "https://broker.example/", invitation: invitation)
        #expect(try InvitationLink(link.text).invitation == invitation)
        #expect("\(invitation)".contains("‹secret›"))
        let numbers = invitation.secret.bytes.map(String.init).joined(separator: ", ")
        #expect(!"\(invitation)".contains(numbers))
        var dumped = ""
        dump(RoomKeys(invitation), to: &dumped)
        #expect(!dumped.contains(RoomKeys(invitation).roomID.bytes.hex))
    }
}
