import SDP
import Testing
import Wire

@Suite("Browsers' offers (RFC 9429 §5)")
struct OfferTests {
    @Test("Chromium's audio offer gives everything a call needs")
    func chromium() throws {
        let audio = try RemoteAudio(offer: Fixture.description("chromium-audio-gathered"))
        #expect(audio.mid == "0")
        #expect(audio.payloadType == 111)
        #expect(audio.formatParameters == ["minptime": "10", "useinbandfec": "1"])
        #expect(audio.setup == .actpass)
        #expect(audio.direction == .sendrecv)
        #expect(audio.isTrickle)
        #expect(audio.midExtensionID == 4)
        #expect(audio.fingerprint.count == 32)
        #expect(audio.candidates.count == 8)
        #expect(audio.candidates.allSatisfy { $0.hasPrefix("candidate:") })
        #expect(audio.ssrc != nil && audio.cname?.isEmpty == false)
    }

    @Test("Firefox's audio offer, with the session's fingerprint, gives everything a call needs")
    func firefox() throws {
        let audio = try RemoteAudio(offer: Fixture.description("firefox-audio-gathered"))
        #expect(audio.payloadType == 109)
        #expect(audio.formatParameters["maxplaybackrate"] == "48000")
        #expect(audio.setup == .actpass)
        #expect(audio.isTrickle && audio.hasEndOfCandidates)
        #expect(audio.midExtensionID == 3)
        #expect(audio.fingerprint.count == 32)
        #expect(audio.candidates.count == 8)
        #expect(audio.cname?.hasPrefix("{") == true)
    }

    @Test(
        "is read from every shape of offer that has sound in it",
        arguments: ["chromium", "firefox"],
        ["audio-offer", "audio-gathered", "audio-restart", "full-gathered", "datafirst-offer"])
    func everyShape(browser: String, shape: String) throws {
        let audio = try RemoteAudio(offer: Fixture.description("\(browser)-\(shape)"))
        #expect(audio.payloadType == (browser == "chromium" ? 111 : 109))
    }

    @Test("without sound is refused", arguments: ["chromium-dataonly-offer", "firefox-dataonly-offer"])
    func dataOnly(name: String) throws {
        let offer = try Fixture.description(name)
        #expect(throws: SDPError.noAudio) { try RemoteAudio(offer: offer) }
    }

    @Test("a restarted offer shows a new ICE generation", arguments: ["chromium", "firefox"])
    func restart(browser: String) throws {
        let first = try RemoteAudio(offer: Fixture.description("\(browser)-audio-gathered"))
        let again = try RemoteAudio(offer: Fixture.description("\(browser)-audio-restart"))
        #expect(again.restartsICE(after: first))
        #expect(!first.restartsICE(after: first))
        #expect(again.fingerprint == first.fingerprint)
    }

    @Test("lines may end in LF alone, and the last needs no end")
    func lineFeeds() throws {
        let text = try Fixture.text("chromium-audio-offer").split(separator: "\r\n").joined(separator: "\n")
        #expect(try RemoteAudio(offer: SessionDescription(parsing: text)).payloadType == 111)
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var replaced: String
        var by: String
        var error: SDPError
    }

    static let refusals: [Refusal] = [
        Refusal(testDescription: "no mid", replaced: "a=mid:0\r\n", by: "", error: .noMediaIdentification),
        Refusal(testDescription: "no rtcp-mux", replaced: "a=rtcp-mux\r\n", by: "", error: .noRTCPMultiplexing),
        Refusal(testDescription: "no Opus", replaced: "opus/48000", by: "opus/8000", error: .noOpus),
        Refusal(
            testDescription: "Opus where RTCP lies", replaced: "111", by: "72", error: .noOpus),
        Refusal(
            testDescription: "no fingerprint", replaced: "a=fingerprint:", by: "a=finger:", error: .noFingerprint),
        Refusal(
            testDescription: "SHA-1 only", replaced: "sha-256", by: "sha-1",
            error: .unsupportedFingerprintHash("sha-1")),
        Refusal(
            testDescription: "short fingerprint", replaced: "fingerprint:sha-256 ", by: "fingerprint:sha-256 00:",
            error: .malformedFingerprint),
        Refusal(
            testDescription: "two certificates", replaced: "a=setup:",
            by: "a=fingerprint:sha-256 " + Array(repeating: "AB", count: 32).joined(separator: ":") + "\r\na=setup:",
            error: .severalFingerprints),
        Refusal(testDescription: "no ufrag", replaced: "a=ice-ufrag:", by: "a=ice:", error: .noICECredentials),
        Refusal(
            testDescription: "bad password", replaced: "a=ice-pwd:", by: "a=ice-pwd: ",
            error: .malformedICECredentials),
        Refusal(testDescription: "bad setup", replaced: "a=setup:actpass", by: "a=setup:holdconn", error: .badSetup),
        Refusal(
            testDescription: "unprotected sound", replaced: "UDP/TLS/RTP/SAVPF", by: "RTP/AVP", error: .noAudio),
        Refusal(testDescription: "rejected sound", replaced: "m=audio 9", by: "m=audio 0", error: .noAudio),
    ]

    @Test("is refused by name", arguments: refusals)
    func refused(_ refusal: Refusal) throws {
        let text = try replacing(
            refusal.replaced, by: refusal.by, in: Fixture.text("chromium-audio-offer"))
        let offer = try SessionDescription(parsing: text)
        #expect(throws: refusal.error) { try RemoteAudio(offer: offer) }
    }

    @Test("an equal fingerprint on both levels is one fingerprint")
    func repeatedFingerprint() throws {
        let text = try Fixture.text("firefox-audio-offer")
        let line = try #require(
            text.split(separator: "\r\n").first { $0.hasPrefix("a=fingerprint:") })
        let twice = replacing("a=setup:", by: line.lowercased() + "\r\na=setup:", in: text)
        #expect(try RemoteAudio(offer: SessionDescription(parsing: twice)).fingerprint.count == 32)
    }
}

func replacing(_ part: String, by other: String, in text: String) -> String {
    var result = ""
    var rest = text[...]
    while let range = rest.firstRange(of: part) {
        result += rest[..<range.lowerBound] + other
        rest = rest[range.upperBound...]
    }
    return result + rest
}
