import Testing
import Wire

@testable import Keystore

@Suite("Enrolment codes")
struct EnrolmentTests {
    private let key = RandomSource.seeded(7).keyed(32)

    @Test("are read in whatever case and grouping they were written")
    func tolerant() throws {
        let text = EnrolmentCode(key: self.key).description
        #expect(text.utf8.count == 69 && text.split(separator: "-").map(\.count) == Array(repeating: 4, count: 14))
        for written in [
            text, text.lowercased(), text.replacing("-", with: " "), text.replacing("-", with: ""),
            text.replacing("-", with: " – "), text.replacing("0", with: "o").replacing("1", with: "l"),
            "\n \(text)\n",
        ] {
            #expect(try EnrolmentCode(reading: written).key == self.key)
        }
    }

    @Test("notice every wrong character, every swap of neighbours, and every one left out")
    func mistakes() throws {
        let text = Array(EnrolmentCode(key: self.key).description.replacing("-", with: ""))
        for index in text.indices {
            for character in "0123456789ABCDEFGHJKMNPQRSTVWXYZ" where character != text[index] {
                var wrong = text
                wrong[index] = character
                #expect(throws: EnrolmentCode.Mistake.checksum) { try EnrolmentCode(reading: String(wrong)) }
            }
            var shorter = text
            shorter.remove(at: index)
            #expect(throws: EnrolmentCode.Mistake.length(have: 55, need: 56)) {
                try EnrolmentCode(reading: String(shorter))
            }
            guard index > 0, text[index] != text[index - 1] else { continue }
            var swapped = text
            swapped.swapAt(index, index - 1)
            #expect(throws: EnrolmentCode.Mistake.checksum) { try EnrolmentCode(reading: String(swapped)) }
        }
        #expect(throws: EnrolmentCode.Mistake.character("U")) { try EnrolmentCode(reading: "u" + String(text)) }
    }

    @Test(
        "a confirmation is about one key and one address",
        arguments: [("broker.example", false), ("broker.example:8443", false), ("localhost:8080", true)])
    func confirmation(authority: String, isPlain: Bool) throws {
        let confirmation = EnrolmentConfirmation(key: self.key, authority: authority, isPlain: isPlain)
        let text = confirmation.description
        #expect(text.hasPrefix("\(authority)/"))
        for written in [text, text.lowercased(), " \(text.replacing("-", with: " ")) ", "https://\(text)"] {
            let read = try #require(EnrolmentConfirmation(reading: written, for: self.key))
            #expect(read.origin == "\(isPlain ? "http" : "https")://\(authority)")
        }
        var other = self.key
        other[31] ^= 1
        #expect(EnrolmentConfirmation(reading: text, for: other) == nil)
        #expect(EnrolmentConfirmation(reading: "x\(text)", for: self.key) == nil)
        #expect(EnrolmentConfirmation(reading: String(text.dropLast()), for: self.key) == nil)
        for nonsense in ["", "/", "broker.example", "broker.example/", "//////", "a/b/c"] {
            #expect(EnrolmentConfirmation(reading: nonsense, for: self.key) == nil)
        }
    }
}

extension RandomSource {
    fileprivate func keyed(_ count: Int) -> [UInt8] {
        var source = self
        return source.bytes(count: count)
    }
}
