import Testing
import Wire

@Suite("Setting up media, in virtual time")
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
    /// Something is repeated before its answer can be there: nobody can know better than the timer.
    private static let slowPaths = [
        Path(delay: .milliseconds(2), signalling: .milliseconds(400)),
        Path(delay: .milliseconds(30), signalling: .milliseconds(60)),
        Path(delay: .milliseconds(100), signalling: .milliseconds(20)),
        Path(delay: .milliseconds(200), signalling: .milliseconds(200)),
    ]

    /// The ClientHello travels beside the answer. Behind it come the server's flight, the client's and the server's.
    private func expectThreeFlights(_ pair: MediaPair, _ path: Path) throws {
        #expect(pair.failures.isEmpty)
        let answered = try #require(pair.answeredAt)
        let begun = max(answered, answered - path.signalling + path.delay)
        #expect(pair.provenAt[.doctor] == begun + path.delay, "the doctor's end knows the patient's certificate")
        #expect(pair.securedAt[.patient] == begun + path.delay * 2)
        #expect(pair.securedAt[.doctor] == begun + path.delay * 3)
    }

    @Test(
        "on an open path DTLS begins with the answer, takes three flights, and nothing is sent twice", arguments: paths)
    func openPath(_ path: Path) throws {
        let pair = try MediaPair(delay: path.delay, signalling: path.signalling)
        try pair.run()
        try self.expectThreeFlights(pair, path)
        for side in MediaPair.Side.allCases {
            let messages = try #require(pair.handshakeMessages[side])
            #expect(!messages.isEmpty && Set(messages).count == messages.count, "\(side) sent \(messages)")
        }
        #expect((pair.handshakeDatagrams[.doctor]?.count ?? 0) <= 3, "a ClientHello, a copy of it, a flight")
    }

    @Test("an answer or a path slower than the timers costs no time beyond its own", arguments: slowPaths)
    func slowPath(_ path: Path) throws {
        let pair = try MediaPair(delay: path.delay, signalling: path.signalling)
        try pair.run()
        try self.expectThreeFlights(pair, path)
    }

    private static let guardedPaths = [
        Path(delay: .milliseconds(2), signalling: .milliseconds(5)),
        Path(delay: .milliseconds(10), signalling: .milliseconds(25)),
        Path(delay: .milliseconds(25), signalling: .milliseconds(27)),
        Path(delay: .milliseconds(200), signalling: .milliseconds(210)),
    ]

    @Test(
        "behind routers that let in only answers a round trip more: the patient's check opens the way",
        arguments: guardedPaths)
    func guardedPath(_ path: Path) throws {
        for guarded in [Set([MediaPair.Side.patient]), [.patient, .doctor]] {
            let pair = try MediaPair(delay: path.delay, signalling: path.signalling, network: .guards(guarded))
            try pair.run()
            #expect(pair.failures.isEmpty)
            let answered = try #require(pair.answeredAt)
            #expect(pair.provenAt[.doctor] == answered + path.delay * 3, "\(guarded)")
            #expect(pair.securedAt[.patient] == answered + path.delay * 4, "\(guarded)")
            #expect(pair.securedAt[.doctor] == answered + path.delay * 5, "\(guarded)")
        }
    }

    @Test("an end that drops DTLS before it has a nominated pair gets the ClientHello behind that", arguments: paths)
    func waitsForNomination(_ path: Path) throws {
        let pair = try MediaPair(delay: path.delay, signalling: path.signalling, network: .waitsForNomination(.zero))
        try pair.run()
        #expect(pair.failures.isEmpty)
        let nominated = try #require(pair.nominatedAt)
        #expect(pair.securedAt[.patient] == nominated + path.delay * 2)
        #expect(pair.securedAt[.doctor] == nominated + path.delay * 3)
    }

    @Test("and once more when a round trip and 10 ms later it has not spoken", arguments: paths)
    func isSlowerThanTheAnswer(_ path: Path) throws {
        let pair = try MediaPair(
            delay: path.delay, signalling: path.signalling, network: .waitsForNomination(.milliseconds(5)))
        try pair.run()
        #expect(pair.failures.isEmpty)
        let nominated = try #require(pair.nominatedAt)
        let secured = try #require(pair.securedAt[.doctor])
        #expect(secured <= nominated + path.delay * 5 + .milliseconds(10))
    }

    @Test("any one datagram that is lost costs no more than a timer of DTLS and one of the checks")
    func loss() throws {
        let path = Path(delay: .milliseconds(25), signalling: .milliseconds(25))
        let whole = try MediaPair(delay: path.delay, signalling: path.signalling)
        try whole.run()
        let best = try #require(whole.securedAt[.doctor])
        for lost in 1...16 {
            let pair = try MediaPair(delay: path.delay, signalling: path.signalling, network: .loses(lost))
            try pair.run()
            let doctor = try #require(pair.securedAt[.doctor], "without datagram \(lost)")
            _ = try #require(pair.securedAt[.patient], "without datagram \(lost)")
            #expect(doctor - best <= .milliseconds(50), "without datagram \(lost): \(doctor - best)")
        }
    }
}
