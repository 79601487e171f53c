import Audio
import RTP
import SecureTransport
import Session
import Testing
import Wire

/// Two voice streams that share the keys of a handshake, and a path of 20 ms between them, in virtual time.
private final class VoicePair {
    var loss = 0.0
    /// Datagrams that are lost in one go, on average.
    var runLength = 1.0
    var delay: Duration = .milliseconds(20)
    private(set) var streams: [VoiceStream] = []
    /// Sizes of the voice datagrams that each end sent.
    private(set) var sizes: [[Int]] = [[], []]
    private(set) var playouts: [[AudioReceiver.Playout]] = [[], []]
    private var now = Instant.zero + .seconds(1)
    private var underway: [(at: Instant, to: Int, isReport: Bool, datagram: [UInt8])] = []
    private var random: RandomSource
    /// Whether the path to each end loses everything at present (Gilbert's model).
    private var isBad = [false, false]

    init(redundancy: [UInt8?], seed: UInt64) throws {
        self.random = RandomSource.seeded(seed)
        var bytes = RandomSource.seeded(seed &+ 1)
        let material = SRTPKeyingMaterial(
            clientKey: bytes.bytes(count: 32), clientSalt: bytes.bytes(count: 12), serverKey: bytes.bytes(count: 32),
            serverSalt: bytes.bytes(count: 12))
        for (end, role) in [DTLSRole.client, .server].enumerated() {
            let keys = DTLSResult(
                role: role, peerFingerprint: [], profile: .aes256GCM, keyingMaterial: material, cipher: "",
                version: "DTLSv1.2")
            let stream = try VoiceStream(
                keys: keys, ssrc: UInt32(end + 1), cname: [65], payloadType: 111, redundancyType: redundancy[end],
                encoder: OpusEncoderSettings(complexity: 0), random: &bytes, now: self.now)
            stream.isOpen = true
            self.streams.append(stream)
        }
    }

    /// Both ends speak `speech` over and over.
    func run(seconds: Int, speech: [Int16]) throws {
        var block = [Int16](repeating: 0, count: 960)
        for beat in 0..<seconds * 50 {
            self.now = self.now + .milliseconds(20)
            self.deliver()
            let start = beat * 960 % (speech.count - 960)
            for (end, stream) in self.streams.enumerated() {
                if let datagram = try stream.send(speech.span.extracting(start..<start + 960), now: self.now) {
                    self.sizes[end].append(datagram.count)
                    self.carry(datagram, to: 1 - end, isReport: false)
                }
                if let report = try stream.report(now: self.now) { self.carry(report, to: 1 - end, isReport: true) }
                var room = block.mutableSpan
                self.playouts[end].append(stream.pull(into: &room, now: self.now))
            }
        }
    }

    private func carry(_ datagram: [UInt8], to end: Int, isReport: Bool) {
        let entering = self.loss / (self.runLength * (1 - self.loss))
        self.isBad[end] =
            self.runLength > 1
            ? self.random.unitInterval() < (self.isBad[end] ? 1 - 1 / self.runLength : entering)
            : self.random.unitInterval() < self.loss
        guard !self.isBad[end] else { return }
        self.underway.append((self.now + self.delay, end, isReport, datagram))
    }

    private func deliver() {
        while let first = self.underway.first, first.at <= self.now {
            self.underway.removeFirst()
            var datagram = first.datagram
            if first.isReport {
                _ = self.streams[first.to].receiveRTCP(&datagram, now: self.now)
            } else {
                self.streams[first.to].receiveRTP(&datagram, now: self.now)
            }
        }
    }
}

@Suite("The voice, protected and redundant")
struct VoiceStreamTests {
    private static let speech = (try? Greeting.samples()) ?? []

    private static func noise() -> [Int16] {
        var random = RandomSource.seeded(9)
        return (0..<48_000 * 5).map { _ in Int16((random.unitInterval() - 0.5) * 30_000) }
    }

    @Test(
        "silence, speech and noise make the same sizes in the same order, with redundancy and without",
        arguments: [63, nil] as [UInt8?])
    func sizes(redundancy: UInt8?) throws {
        let sounds = [[Int16](repeating: 0, count: 48_000), Self.speech, Self.noise()]
        var sequences: [[Int]] = []
        for sound in sounds {
            let pair = try VoicePair(redundancy: [redundancy, redundancy], seed: 1)
            pair.loss = 0.05
            try pair.run(seconds: 30, speech: sound)
            sequences.append(pair.sizes[0])
        }
        #expect(sequences[0] == sequences[1] && sequences[1] == sequences[2])
        // Sizes change with a step of the adaptation and at no other time.
        let changes = zip(sequences[0], sequences[0].dropFirst()).filter { $0 != $1 }.count
        #expect(changes <= 8, "\(changes)")
        // Also the first packet, which has nothing before it to copy.
        #expect(Set(sequences[0].prefix(20)).count == 1, "\(sequences[0].prefix(50))")
    }

    @Test("a machine with time to spare makes more of the same sizes, one without makes do with less")
    func effort() throws {
        let pair = try VoicePair(redundancy: [63, 63], seed: 6)
        for (busy, complexity) in [(Duration.microseconds(200), 7), (.milliseconds(15), 0)] {
            for beat in 0..<1500 {
                pair.streams[0].noteBeat(
                    busy: busy, late: .zero, now: .zero + .milliseconds((complexity == 0 ? 60_000 : 0) + beat * 20))
            }
            #expect(pair.streams[0].complexity == complexity)
            try pair.run(seconds: 2, speech: Self.speech)
        }
        #expect(Set(pair.sizes[0]).count == 1)
    }

    @Test("a path that queues is sent 40 ms a packet in the end, and plays without a gap")
    func thrift() throws {
        let pair = try VoicePair(redundancy: [63, 63], seed: 5)
        try pair.run(seconds: 5, speech: Self.speech)
        pair.delay = .milliseconds(200)
        try pair.run(seconds: 8, speech: Self.speech)
        #expect(pair.streams.allSatisfy { $0.step.packetDuration == .milliseconds(40) })
        let sent = pair.sizes[0].count
        let concealed = pair.playouts[1].count
        try pair.run(seconds: 2, speech: Self.speech)
        #expect(pair.sizes[0].count - sent == 50)
        #expect(Set(pair.sizes[0].suffix(50)) == [12 + 80 + 16])
        #expect(!pair.playouts[1].dropFirst(concealed).contains { $0 != .decoded })
    }

    @Test("an end that knows redundancy and one that does not understand each other")
    func mixed() throws {
        let pair = try VoicePair(redundancy: [nil, nil], seed: 2)
        try pair.run(seconds: 5, speech: Self.speech)
        for end in 0...1 {
            #expect(pair.streams[end].rejectedCount == 0)
            #expect(!pair.playouts[end].dropFirst(10).contains { $0 != .decoded })
            #expect(pair.sizes[end].allSatisfy { $0 == 12 + 80 + 16 })
        }
        // What was not agreed is refused, not played.
        let stranger = try VoicePair(redundancy: [63, nil], seed: 2)
        try stranger.run(seconds: 2, speech: Self.speech)
        #expect(stranger.streams[1].rejectedCount > 50)
        #expect(stranger.streams[0].rejectedCount == 0)
    }

    @Test(
        "over 20 % of loss copies are added until hardly anything is missing", arguments: 1...3 as ClosedRange<UInt64>)
    func loss(seed: UInt64) throws {
        let pair = try VoicePair(redundancy: [63, 63], seed: seed)
        pair.loss = 0.2
        try pair.run(seconds: 20, speech: Self.speech)
        #expect(pair.streams.allSatisfy { $0.step.copies == 3 }, "seed \(seed)")
        for end in 0...1 {
            let late = pair.playouts[end].suffix(400)
            #expect(late.filter { $0 == .concealed }.count <= 8, "seed \(seed)")
            #expect(pair.streams[end].audio.recoveredRED > 100, "seed \(seed)")
            #expect(pair.streams[end].rejectedCount == 0)
        }
    }

    @Test(
        "over losses in runs of three copies go far, in packets of the same sizes, and come near again",
        arguments: 1...3 as ClosedRange<UInt64>)
    func bursts(seed: UInt64) throws {
        let pair = try VoicePair(redundancy: [63, 63], seed: seed)
        pair.loss = 0.1
        pair.runLength = 3
        try pair.run(seconds: 30, speech: Self.speech)
        #expect(pair.streams.allSatisfy { $0.step.copiesAreFar }, "seed \(seed)")
        for end in 0...1 {
            let sizes = Set(pair.sizes[end])
            #expect(sizes.isSubset(of: Set((1...3).map { 12 + 61 + 64 * $0 + 16 })), "seed \(seed): \(sizes)")
        }
        pair.runLength = 1
        try pair.run(seconds: 30, speech: Self.speech)
        #expect(pair.streams.allSatisfy { !$0.step.copiesAreFar && $0.step.copies == 3 }, "seed \(seed)")
    }

    @Test("a peer that stops hearing anything silences the voice until a rest is over")
    func breaker() throws {
        let pair = try VoicePair(redundancy: [63, 63], seed: 4)
        try pair.run(seconds: 10, speech: Self.speech)
        pair.loss = 1
        try pair.run(seconds: 60, speech: Self.speech)
        let sent = pair.sizes[0].count
        try pair.run(seconds: 20, speech: Self.speech)
        #expect(pair.sizes[0].count == sent)
        pair.loss = 0
        try pair.run(seconds: 60, speech: Self.speech)
        #expect(pair.sizes[0].count > sent)
        #expect(pair.playouts[1].last == .decoded)
    }
}
