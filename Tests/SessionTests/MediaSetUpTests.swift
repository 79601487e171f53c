import Testing
import Wire

@Suite("Setting up media on a path that loses nothing, in virtual time")
struct MediaSetUpTests {
    struct Path: CustomTestStringConvertible, Sendable {
        let delay: Duration
        let signalling: Duration

        var testDescription: String { "path \(self.delay), signalling \(self.signalling)" }
    }

    private static let paths = [
        Path(delay: .microseconds(100), signalling: .milliseconds(2)),
        Path(delay: .milliseconds(2), signalling: .milliseconds(2)),
        Path(delay: .milliseconds(2), signalling: .milliseconds(30)),
        Path(delay: .milliseconds(10), signalling: .milliseconds(1)),
        Path(delay: .milliseconds(10), signalling: .milliseconds(25)),
    ]
    /// The ClientHello is repeated before the answer is there: nobody can know better than the timer.
    private static let slowSignalling = [
        Path(delay: .milliseconds(2), signalling: .milliseconds(400)),
        Path(delay: .milliseconds(30), signalling: .milliseconds(60)),
        Path(delay: .milliseconds(100), signalling: .milliseconds(20)),
    ]

    @Test("a round trip for the path, three flights of DTLS behind it, and nothing is sent twice", arguments: paths)
    func withoutRetransmission(_ path: Path) throws {
        let pair = try MediaPair(delay: path.delay, signalling: path.signalling)
        try pair.run()
        #expect(pair.failures.isEmpty)
        let answered = try #require(pair.answeredAt)
        let patient = try #require(pair.securedAt[.patient])
        let doctor = try #require(pair.securedAt[.doctor])
        // The doctor's path takes a round trip from the answer being made, and its ClientHello half of one; the patient's
        // path a round trip from the answer being applied. Then three flights of DTLS follow.
        let earliest = max(answered - path.signalling + path.delay * 3, answered + path.delay * 2)
        #expect(patient == earliest + path.delay * 2, "patient after \(patient - answered)")
        #expect(doctor == earliest + path.delay * 3, "doctor after \(doctor - answered)")
        for side in MediaPair.Side.allCases {
            let messages = try #require(pair.handshakeMessages[side])
            #expect(!messages.isEmpty && Set(messages).count == messages.count, "\(side) sent \(messages)")
        }
    }
    @Test("an answer that takes longer than the timer costs no time beyond its own", arguments: slowSignalling)
    func slowAnswer(_ path: Path) throws {
        let pair = try MediaPair(delay: path.delay, signalling: path.signalling)
        try pair.run()
        #expect(pair.failures.isEmpty)
        let answered = try #require(pair.answeredAt)
        let earliest = max(answered - path.signalling + path.delay * 3, answered + path.delay * 2)
        #expect(pair.securedAt[.patient] == earliest + path.delay * 2)
        #expect(pair.securedAt[.doctor] == earliest + path.delay * 3)
    }
}
