import Foundation
import Primitives
import ProtocolVectors
import Testing
import Wire

@testable import SecureChannel

@Suite("Words and digits that two people read aloud")
struct ShortAuthenticationStringTests {
    private static let languages: [LanguageCode] = [.french, .english, .dutch, .german]

    private static func file(_ language: LanguageCode) throws -> [UInt8] {
        let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Web/words")
        return [UInt8](try Data(contentsOf: directory.appending(path: "\(language.text).txt").standardized))
    }

    @Test("the words here and on the page are of one file", arguments: languages)
    func lists(language: LanguageCode) throws {
        let octets = try Self.file(language)
        let list = try #require(WordList.list(for: language))
        #expect(String(decoding: octets, as: UTF8.self) == list.words.map { "\($0)\n" }.joined())
        #expect(SHA256.hash(octets).hex == list.sha256)
        #expect(Set(list.words).count == 256)
    }

    @Test("the vectors' octets give the same four places in each language", arguments: languages)
    func words(language: LanguageCode) throws {
        let octets = try ProtocolVectors().octets("handshake.sas_bytes")
        let authentication = try #require(ShortAuthenticationString(bytes: octets))
        let list = try #require(WordList.list(for: language)).words
        #expect(authentication.words(in: language) == [list[253], list[198], list[164], list[182]])
    }

    @Test("a language without a list leaves the digits alone")
    func unknownLanguage() throws {
        let authentication = try #require(ShortAuthenticationString(bytes: [UInt8](0..<8)))
        #expect(try authentication.words(in: #require(LanguageCode("it"))) == nil)
        #expect(authentication.digits.count == 8)
    }

    @Test("digits are eight, with zeros in front")
    func digits() {
        #expect(ShortAuthenticationString(bytes: [0, 0, 0, 0, 7, 0, 0, 0])?.digits == "00000007")
        #expect(ShortAuthenticationString(bytes: [0, 5, 0xF5, 0xE1, 0, 9, 9, 9])?.digits == "00000000")
        #expect(ShortAuthenticationString(bytes: [UInt8](repeating: 255, count: 8))?.digits == "11627775")
        #expect(ShortAuthenticationString(bytes: [1, 2, 3]) == nil)
    }

    @Test("only two lower-case letters are a language", arguments: ["", "f", "FR", "fra", "f1", "é", "fr "])
    func languageCodes(text: String) {
        #expect(LanguageCode(text) == nil)
    }

    @Test("two handshakes share no words: each octet comes from hash and both numbers")
    func independence() throws {
        let zeros = [UInt8](repeating: 0, count: 32)
        let ones = [UInt8](repeating: 1, count: 32)
        let strings = [(zeros, zeros, zeros), (ones, zeros, zeros), (zeros, ones, zeros), (zeros, zeros, ones)].map {
            ShortAuthenticationString(handshakeHash: $0.0, patientNonce: $0.1, doctorNonce: $0.2)
        }
        #expect(Set(strings).count == 4)
    }
}
