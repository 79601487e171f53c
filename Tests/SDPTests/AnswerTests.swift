import SDP
import Testing
import Wire

@Suite("Our offers and answers (RFC 3264, RFC 9429)")
struct AnswerTests {
    private static func local() -> LocalAudio {
        var random = RandomSource.seeded(7)
        return LocalAudio(
            fingerprint: random.bytes(count: 32), iceUfrag: "abcd", icePwd: "0123456789abcdefghijkl",
            ssrc: 4_000_000_000,
            cname: "qwertyuiopasdfgh", random: &random)
    }

    @Test("an answer to Chromium has our parameters under the offer's names")
    func answerToChromium() throws {
        let offer = try Fixture.description("chromium-audio-offer")
        let text = Self.local().answer(to: offer, audio: try RemoteAudio(offer: offer))
        let lines = text.split(separator: "\r\n").map { String($0) }
        for line in [
            "m=audio 9 UDP/TLS/RTP/SAVPF 63 111", "a=mid:0", "a=group:BUNDLE 0", "a=setup:active", "a=sendrecv",
            "a=rtcp-mux", "a=rtpmap:111 opus/48000/2", "a=ptime:20", "a=maxptime:60", "a=ice-ufrag:abcd",
            "a=fmtp:111 minptime=10;useinbandfec=0;usedtx=0;cbr=1;stereo=0;maxaveragebitrate=24000",
            "a=ssrc:4000000000 cname:qwertyuiopasdfgh", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
        #expect(!lines.contains { $0.hasPrefix("a=extmap") })
        #expect(text.hasSuffix("\r\n"))
    }

    @Test("every other section is rejected in its place", arguments: ["chromium", "firefox"])
    func rejections(browser: String) throws {
        let offer = try Fixture.description("\(browser)-full-gathered")
        let answer = try SessionDescription(
            parsing: Self.local().answer(to: offer, audio: RemoteAudio(offer: offer)))
        #expect(answer.media.map(\.kind) == offer.media.map(\.kind))
        #expect(answer.media.map { $0.port == 0 } == [false, true, true])
        #expect(answer.media.map(\.transport) == offer.media.map(\.transport))
    }

    @Test(
        "the peer's word on the DTLS role prevails",
        arguments: [
            (RemoteAudio.Setup.actpass, RemoteAudio.Setup.active, RemoteAudio.Setup.active),
            (.actpass, .passive, .passive), (.active, .active, .passive), (.passive, .passive, .active),
        ])
    func roles(offered: RemoteAudio.Setup, wanted: RemoteAudio.Setup, answered: RemoteAudio.Setup) {
        #expect(LocalAudio.answeredSetup(to: offered, preferring: wanted) == answered)
    }

    @Test("our offer is read and answered by our own other end")
    func offerAndAnswer() throws {
        let (alice, bob) = (Self.local(), Self.local())
        let offer = try SessionDescription(parsing: alice.offer)
        let offered = try RemoteAudio(offer: offer)
        #expect(offered.setup == .actpass && offered.payloadType == 111 && offered.midExtensionID == nil)
        #expect(offered.ssrc == alice.ssrc && offered.cname == alice.cname)
        let answer = try SessionDescription(parsing: bob.answer(to: offer, audio: offered))
        let answered = try RemoteAudio(answer: answer, to: alice)
        #expect(answered.setup == .active)
        #expect(answered.fingerprint == bob.fingerprint)
        #expect(answered.direction == .sendrecv)
    }

    @Test("browsers' answers to our offer are read", arguments: ["chromium", "firefox"])
    func browsersAnswers(browser: String) throws {
        let audio = try RemoteAudio(answer: Fixture.description("\(browser)-audio-answer"), to: Self.local())
        #expect(audio.setup == .active && audio.direction == .sendrecv && audio.payloadType == 111)
        #expect(audio.midExtensionID == 1 && audio.isTrickle)
    }

    @Test(
        "an answer that does not mirror our offer is refused",
        arguments: [
            ("m=audio 9", "m=audio 0", SDPError.audioRejected),
            ("a=mid:0", "a=mid:1", .answerDoesNotMatchOffer),
            ("111", "96", .answerDoesNotMatchOffer),
            ("m=audio", "m=video", .answerDoesNotMatchOffer),
            ("a=setup:active", "a=setup:actpass", .badSetup),
        ])
    func mismatches(part: String, other: String, error: SDPError) throws {
        let alice = Self.local()
        let offer = try SessionDescription(parsing: alice.offer)
        let text = alice.answer(to: offer, audio: try RemoteAudio(offer: offer))
        let answer = try SessionDescription(parsing: replacing(part, by: other, in: text))
        #expect(throws: error) { try RemoteAudio(answer: answer, to: alice) }
    }

    @Test("an answer asks for copies only where the page tells them from Opus by the number that it has")
    func redundancyOfAnotherNumber() throws {
        let offer = try replacing("111", by: "96", in: Fixture.text("chromium-audio-offer"))
        let description = try SessionDescription(parsing: offer)
        let text = Self.local().answer(to: description, audio: try RemoteAudio(offer: description))
        #expect(text.contains("m=audio 9 UDP/TLS/RTP/SAVPF 96 63\r\n"))
        #expect(text.contains("useinbandfec=1;usedtx=0;cbr=1;stereo=0;maxaveragebitrate=32000"))
    }

    @Test("how long the peer's packets may be is read, and is nothing where it is no number")
    func packetTimes() throws {
        let offer = try RemoteAudio(offer: SessionDescription(parsing: Self.local().offer))
        #expect(offer.packetTime == 20 && offer.longestPacketTime == 60)
        let strange = replacing(
            "a=ptime:20", by: "a=ptime:x", in: replacing("a=maxptime:60\r\n", by: "", in: Self.local().offer))
        let other = try RemoteAudio(offer: SessionDescription(parsing: strange))
        #expect(other.packetTime == nil && other.longestPacketTime == nil)
    }

    @Test("redundancy is agreed where both know it")
    func redundancy() throws {
        let (alice, bob) = (Self.local(), Self.local())
        let offer = try SessionDescription(parsing: alice.offer)
        let offered = try RemoteAudio(offer: offer)
        #expect(offered.redundancyType == 63)
        let text = bob.answer(to: offer, audio: offered)
        let answered = try RemoteAudio(answer: SessionDescription(parsing: text), to: alice)
        #expect(answered.redundancyType == 63 && answered.payloadType == 111)
        // Firefox knows none, and an answer offers it none.
        let firefox = try Fixture.description("firefox-audio-offer")
        let audio = try RemoteAudio(offer: firefox)
        #expect(audio.redundancyType == nil)
        #expect(!bob.answer(to: firefox, audio: audio).contains("red/"))
    }

    @Test(
        "redundancy of anything but the Opus that is spoken counts for none", arguments: ["96/111", "0/0", "111/", "x"])
    func foreignRedundancy(inside: String) throws {
        let text = replacing("a=fmtp:63 111/111", by: "a=fmtp:63 \(inside)", in: Self.local().offer)
        #expect(try RemoteAudio(offer: SessionDescription(parsing: text)).redundancyType == nil)
    }

    @Test("nothing from an offer can break a line of the answer")
    func injection() throws {
        let text = try replacing("a=mid:1", by: "a=mid:1\ra=x", in: Fixture.text("chromium-full-gathered"))
        #expect(throws: SDPError.self) { try SessionDescription(parsing: text) }
    }
}
