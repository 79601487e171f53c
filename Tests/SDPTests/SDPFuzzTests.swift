import SDP
import Testing
import Wire

@Suite("Session descriptions from a hostile peer")
struct SDPFuzzTests {
    /// Whatever it is, it is read or refused; and what was read can be answered, and the answer read again.
    private func digest(_ text: String) {
        guard let description = try? SessionDescription(parsing: text),
            let audio = try? RemoteAudio(offer: description)
        else { return }
        var random = RandomSource.seeded(1)
        let local = LocalAudio(
            fingerprint: audio.fingerprint, iceUfrag: "abcd", icePwd: "0123456789abcdefghijkl", ssrc: 1, cname: "c",
            random: &random)
        let answer = local.answer(to: description, audio: audio)
        let reread = try? SessionDescription(parsing: answer)
        #expect(reread?.media.count == description.media.count, "\(text)")
    }

    @Test("cut at every length", arguments: ["chromium-audio-offer", "firefox-audio-gathered"])
    func truncation(name: String) throws {
        let octets = Array(try Fixture.text(name).utf8)
        for length in 0...octets.count {
            self.digest(String(decoding: octets[..<length], as: UTF8.self))
        }
    }

    @Test("with flipped bits, dropped and doubled lines", arguments: [1, 2, 3] as [UInt64])
    func damage(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        let names = ["chromium-full-gathered", "firefox-audio-gathered", "chromium-audio-offer"]
        for name in names {
            let octets = Array(try Fixture.text(name).utf8)
            for _ in 0..<150 {
                var damaged = octets
                for _ in 0..<(1 + random.next() % 4) {
                    let position = Int(random.next() % UInt64(damaged.count))
                    switch random.next() % 3 {
                    case 0: damaged[position] ^= 1 << UInt8(random.next() % 8)
                    case 1: damaged.removeSubrange(position..<min(damaged.count, position + 20))
                    default: damaged.insert(contentsOf: octets[(position / 2)..<min(octets.count, position / 2 + 60)], at: position)
                    }
                }
                self.digest(String(decoding: damaged, as: UTF8.self))
            }
        }
    }

    @Test("beyond the bounds is refused as too large")
    func bounds() {
        let manyLines = "v=0\r\n" + String(repeating: "a=x\r\n", count: 2000)
        let manySections = "v=0\r\n" + String(repeating: "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", count: 17)
        let longLine = "v=0\r\na=" + String(repeating: "x", count: 40_000)
        for text in [manyLines, manySections, longLine] {
            #expect(throws: SDPError.tooLarge) { try SessionDescription(parsing: text) }
        }
    }

    @Test(
        "that is none at all names the line",
        arguments: [("", 1), ("v=1\r\n", 1), ("hello", 1), ("v=0\r\nnonsense\r\n", 2), ("v=0\r\nm=audio 99999 X 1\r\n", 2)])
    func nonsense(text: String, line: Int) {
        #expect(throws: SDPError.malformedLine(line)) { try SessionDescription(parsing: text) }
    }
}
