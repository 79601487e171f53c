internal import Audio
internal import Wire

/// What the media engine costs beside libopus alone, in processor time per second of call, and how often it allocates.
///
/// The two take turns within one run, on the thread that calls.
package struct MediaCost {
    /// One work of one run, by both.
    package struct Row: Encodable, Sendable {
        package let work: String
        package let run: Int
        /// Processor time per second of call.
        package let oursMilliseconds: Double
        package let libopusMilliseconds: Double
        /// What libopus alone costs divided by what ours costs.
        package let ratio: Double
        /// `nil` where the kernel lets nobody count.
        package let allocationsPerPacket: Double?
        package let note: String
    }

    /// Processor time of one packet sent and one received by the whole leg, and of libopus for the same.
    package private(set) var oursPerPacket = Histogram()
    package private(set) var libopusPerPacket = Histogram()

    private let speech: [Int16]
    private let payloads: [[UInt8]]
    private var blockCount: Int { self.payloads.count }

    /// - Parameter speech: 48 kHz mono; at least two seconds.
    package init(speech: [Int16]) throws {
        self.speech = speech
        var sender = try AudioSender()
        var payload: [UInt8] = []
        self.payloads = try (0..<speech.count / AudioFormat.blockSamples).map { block in
            _ = try sender.send(speech.span.extracting(Self.samples(of: block)), into: &payload)
            return payload
        }
        // Once for nothing: the first finds everything cold.
        _ = try self.encoding()
    }

    package static let works =
        ["send"] + Path.all.map(\.name) + ["duplex leg, clean"] + Leg.all.map(\.name)

    /// Does every work once, and tells each as it is done.
    /// - Parameter number: of the run; the paths' seed.
    package mutating func run(_ number: Int, tell: (Row) -> Void) throws {
        let encoded = try self.encoding()
        tell(self.row("send", number, encoded.ours, encoded.bare))
        for path in Path.all {
            let received = try self.receiving(path, seed: UInt64(number))
            let statistics = received.statistics
            tell(
                self.row(
                    path.name, number, received.ours, received.bare,
                    "concealed \(fixed(statistics.concealedMilliseconds, 0)) ms, recovered "
                        + "\(statistics.recoveredFEC)/\(statistics.lost), delay \(fixed(statistics.delay.p50 ?? 0, 1))"
                        + " / \(fixed(statistics.delay.p95 ?? 0, 1)) ms"))
            guard path.isClean else { continue }
            var ours = encoded.ours
            var bare = encoded.bare
            ours.add(received.ours)
            bare.add(received.bare)
            tell(self.row("duplex leg, clean", number, ours, bare, self.legsPerCore(ours)))
        }
        for leg in Leg.all {
            let costs = try self.wholeLeg(leg)
            var ours = costs.sent
            ours.add(costs.received)
            var note = self.legsPerCore(ours)
            if let sent = costs.sent.allocations, let received = costs.received.allocations {
                note += "; allocations \(sent) sending, \(received) receiving"
            }
            tell(self.row(leg.name, number, ours, costs.bare, note))
        }
    }

    private func row(_ work: String, _ run: Int, _ ours: Cost, _ bare: Cost, _ note: String = "") -> Row {
        Row(
            work: work, run: run, oursMilliseconds: self.perSecond(ours), libopusMilliseconds: self.perSecond(bare),
            ratio: Double(bare.nanoseconds) / Double(max(ours.nanoseconds, 1)),
            allocationsPerPacket: ours.allocations.map { Double($0) / Double(self.blockCount) }, note: note)
    }

    private func perSecond(_ cost: Cost) -> Double {
        Double(cost.nanoseconds) / 1e6 / (Double(self.blockCount) * 0.02)
    }

    private func legsPerCore(_ cost: Cost) -> String { "\(fixed(1000 / self.perSecond(cost), 0)) legs per core" }

    /// Where a block lies in the speech.
    private static func samples(of block: Int) -> Range<Int> {
        block * AudioFormat.blockSamples..<(block + 1) * AudioFormat.blockSamples
    }

    // MARK: Works

    /// Encodes the speech by both, in turns of one second.
    private func encoding() throws -> (ours: Cost, bare: Cost) {
        var ours = Cost()
        var bare = Cost()
        var sender = try AudioSender()
        guard var opus = BareOpus() else { throw AudioError.codec(code: -7) }
        var payload = [UInt8](repeating: 0, count: 80)
        for start in stride(from: 0, to: self.blockCount, by: Self.turn) {
            let blocks = start..<min(start + Self.turn, self.blockCount)
            bare.measure { for block in blocks { opus.encode(self.speech, at: block) } }
            try ours.measure {
                for block in blocks {
                    _ = try sender.send(self.speech.span.extracting(Self.samples(of: block)), into: &payload)
                }
            }
        }
        return (ours, bare)
    }

    /// Receives the speech over `path` by both. The floor is told what is lost and needs no buffer.
    private func receiving(
        _ path: Path, seed: UInt64
    ) throws -> (ours: Cost, bare: Cost, statistics: ReceiverStatistics) {
        let arrivals = path.arrivals(count: self.blockCount, seed: seed)
        var isLost = [Bool](repeating: true, count: self.blockCount)
        for arrival in arrivals { isLost[arrival.index] = false }
        var ours = Cost()
        var bare = Cost()
        var receiver = try AudioReceiver()
        guard var opus = BareOpus() else { throw AudioError.codec(code: -7) }
        var block = [Int16](repeating: 0, count: AudioFormat.blockSamples)
        var next = 0
        for start in stride(from: 0, to: self.blockCount, by: Self.turn) {
            let pulls = start..<min(start + Self.turn, self.blockCount)
            bare.measure {
                for index in pulls {
                    let hasNext = index + 1 < self.blockCount && !isLost[index + 1]
                    opus.decode(
                        isLost[index] ? nil : self.payloads[index], next: hasNext ? self.payloads[index + 1] : nil)
                }
            }
            ours.measure {
                for pull in pulls {
                    let now = Instant(nanoseconds: Int64(pull) * 20_000_000 + 7_000_000)
                    while next < arrivals.count, arrivals[next].at <= now {
                        let index = arrivals[next].index
                        let payload = self.payloads[index]
                        receiver.receive(
                            ssrc: 1, sequence: UInt16(truncatingIfNeeded: index), timestamp: UInt32(index * 960),
                            payload: payload.span, arrival: arrivals[next].at)
                        next += 1
                    }
                    var room = block.mutableSpan
                    _ = receiver.pull(into: &room, now: now)
                }
            }
        }
        return (ours, bare, receiver.statistics)
    }

    /// A duplex leg whole: `here` sends, and receives what `there` sends. The far end's own work is not counted.
    private mutating func wholeLeg(_ leg: Leg) throws -> (sent: Cost, received: Cost, bare: Cost) {
        var sent = Cost()
        var received = Cost()
        var bare = Cost()
        let speech = self.speech
        var path = try WholePath(redundancyType: leg.redundancyType)
        guard var opus = BareOpus() else { throw AudioError.codec(code: -7) }
        for block in 0..<self.blockCount {
            let now = Instant(nanoseconds: Int64(block) * 20_000_000)
            let samples = speech.span.extracting(Self.samples(of: block))
            let datagram = try path.send(samples, by: path.there, now: now)
            var send = Cost()
            var receive = Cost()
            var floor = Cost()
            // In turns, packet by packet, so that neither finds the caches warmer.
            for turn in 0...1 {
                if (block + turn) % 2 == 0 {
                    try send.measure { _ = try path.send(samples, by: path.here, now: now) }
                    receive.measure { path.receive(datagram, by: path.here, now: now) }
                } else {
                    floor.measure {
                        opus.encode(speech, at: block)
                        opus.decode(self.payloads[block], next: nil)
                    }
                }
            }
            if block < Self.warmUp {
                if Allocations.areCounted { (send.allocations, receive.allocations) = (0, 0) }
            } else if leg.redundancyType == nil {
                var both = send
                both.add(receive)
                self.oursPerPacket.record(both)
                self.libopusPerPacket.record(floor)
            }
            sent.add(send)
            received.add(receive)
            bare.add(floor)
        }
        return (sent, received, bare)
    }

    /// Packets by one before the other has its turn.
    private static let turn = 50
    /// Packets that find everything cold, and whose allocations do not count.
    private static let warmUp = 20
}

/// A way of sending a whole leg.
private struct Leg {
    let name: String
    let redundancyType: UInt8?

    static let all = [
        Leg(name: "whole duplex leg with SRTP, 32 kbit/s", redundancyType: nil),
        Leg(name: "whole duplex leg with SRTP, RED of 24 kbit/s", redundancyType: 63),
    ]
}

/// A path of the benchmark: what share is lost, how far arrivals spread.
private struct Path {
    let name: String
    let loss: Double
    let jitterMilliseconds: Double

    var isClean: Bool { self.loss == 0 && self.jitterMilliseconds == 0 }

    static let all = [
        Path(name: "receive, clean", loss: 0, jitterMilliseconds: 0),
        Path(name: "receive, 60 ms jitter", loss: 0, jitterMilliseconds: 60),
        Path(name: "receive, 10 % loss, 30 ms jitter", loss: 0.1, jitterMilliseconds: 30),
    ]

    /// In the order of their arrival; what is lost is missing.
    func arrivals(count: Int, seed: UInt64) -> [(at: Instant, index: Int)] {
        var random = RandomSource.seeded(seed)
        var arrivals: [(at: Instant, index: Int)] = []
        for index in 0..<count where random.unitInterval() >= self.loss {
            let transit = 20 + self.jitterMilliseconds * random.unitInterval()
            arrivals.append((Instant(nanoseconds: Int64(index) * 20_000_000 + Int64(transit * 1e6)), index))
        }
        return arrivals.sorted { $0.at < $1.at }
    }
}

/// - Parameter digits: behind the point.
package func fixed(_ value: Double, _ digits: Int) -> String {
    let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
    let rounded = Int((value * Double(scale)).rounded())
    let (whole, part) = abs(rounded).quotientAndRemainder(dividingBy: scale)
    let sign = rounded < 0 ? "-" : ""
    guard digits > 0 else { return sign + "\(whole)" }
    return sign + "\(whole)." + String("\(scale + part)".dropFirst())
}
