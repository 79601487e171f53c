internal import Audio
internal import Glibc
internal import Session
internal import Wire

/// Hours of a call in virtual time, and what memory is in use meanwhile.
///
/// Two whole ends with the keys of one handshake speak to one another with RED over a path that loses, delays and
/// reorders: their sequence numbers wrap three times an hour, reports are sent, the senders adapt.
package struct SteadyMemory {
    /// What the process holds at one time of the call.
    package struct Sample: Encodable, Sendable {
        /// Of the call.
        package let minute: Int
        /// Octets that the allocator has given out.
        package let heapOctets: UInt64
        /// Octets of the process that lie in memory.
        package let residentOctets: UInt64
        /// Of the sound that both ends heard since the sample before.
        package let concealedPercent: Double
        /// That both ends received since the sample before: a call in which nothing is said stays flat too.
        package let packets: Int
    }

    private let speech: [Int16]
    private var ends: [End]
    private var beats = 0
    private var random: RandomSource
    private var block = [Int16](repeating: 0, count: AudioFormat.blockSamples)

    /// - Parameter speech: 48 kHz mono, said again and again.
    package init(speech: [Int16], seed: UInt64) throws {
        self.speech = speech
        let path = try WholePath(redundancyType: 63)
        self.ends = [End(stream: path.here), End(stream: path.there)]
        self.random = .seeded(seed)
    }

    /// Goes on for so many minutes of the call.
    package mutating func run(minutes: Int) throws -> Sample {
        let before = self.concealed
        let received = self.received
        let beats = minutes * 60 * Self.beatsPerSecond
        for _ in 0..<beats { try self.beat() }
        let heard = Double(self.ends.count * beats * AudioFormat.blockSamples)
        return Sample(
            minute: self.beats / (60 * Self.beatsPerSecond), heapOctets: Allocations.heapInUse,
            residentOctets: Self.resident(), concealedPercent: 100 * Double(self.concealed - before) / heard,
            packets: self.received - received)
    }

    private var concealed: Int { self.ends.reduce(0) { $0 + $1.stream.audio.concealedSamples } }

    private var received: Int { self.ends.reduce(0) { $0 + $1.stream.audio.received } }

    /// 20 ms of both ends.
    private mutating func beat() throws {
        let now = Instant(nanoseconds: Int64(self.beats) * 20_000_000)
        let start = self.beats % (self.speech.count / AudioFormat.blockSamples) * AudioFormat.blockSamples
        let speech = self.speech
        self.beats += 1
        for index in self.ends.indices {
            let stream = self.ends[index].stream
            let samples = speech.span.extracting(start..<start + AudioFormat.blockSamples)
            if let datagram = try stream.send(samples, now: now) { self.carry(datagram, to: 1 - index, now: now) }
            if let report = try stream.report(now: now) { self.carry(report, to: 1 - index, now: now) }
        }
        for index in self.ends.indices {
            self.ends[index].deliver(now: now)
            let stream = self.ends[index].stream
            var room = self.block.mutableSpan
            _ = stream.pull(into: &room, now: now)
        }
    }

    /// 5 % are lost, each of the others takes 20 to 80 ms for itself.
    private mutating func carry(_ datagram: [UInt8], to index: Int, now: Instant) {
        guard self.random.unitInterval() >= 0.05 else { return }
        let transit = Int64((20 + 60 * self.random.unitInterval()) * 1e6)
        self.ends[index].expect(datagram, at: Instant(nanoseconds: now.nanoseconds + transit))
    }

    private static func resident() -> UInt64 {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(separator: " ")
        return (fields.count > 1 ? UInt64(fields[1]) ?? 0 : 0) * UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static let beatsPerSecond = 50
}

extension SteadyMemory {
    /// One end, and what is on its way to it.
    private struct End {
        let stream: VoiceStream
        private var underWay: [(at: Instant, datagram: [UInt8])] = []
        private var inbound: [UInt8] = []

        init(stream: VoiceStream) { self.stream = stream }

        mutating func expect(_ datagram: [UInt8], at: Instant) {
            let place = self.underWay.firstIndex { $0.at > at } ?? self.underWay.endIndex
            self.underWay.insert((at, datagram), at: place)
        }

        mutating func deliver(now: Instant) {
            while let first = self.underWay.first, first.at <= now {
                self.inbound.removeAll(keepingCapacity: true)
                self.inbound.append(contentsOf: first.datagram)
                self.underWay.removeFirst()
                // The second octet tells them apart (RFC 5761 §4).
                if self.inbound.count > 1, (192..<224).contains(self.inbound[1]) {
                    _ = self.stream.receiveRTCP(&self.inbound, now: first.at)
                } else {
                    self.stream.receiveRTP(&self.inbound, now: first.at)
                }
            }
        }
    }
}

/// Whether memory grew: by what the samples say, the first quarter left out, in which everything warms up.
package struct MemoryVerdict: Encodable, Sendable {
    /// Between the least and the most that the allocator had given out, in octets.
    package let heapSpread: UInt64
    package let residentSpread: UInt64
    /// The heap spreads by less than 64 KiB: room for what is under way, and none for a leak of a byte a packet.
    package let isFlat: Bool

    package init(_ samples: [SteadyMemory.Sample]) {
        let settled = samples.dropFirst(samples.count / 4)
        func spread(_ values: [UInt64]) -> UInt64 { (values.max() ?? 0) - (values.min() ?? 0) }
        self.heapSpread = spread(settled.map(\.heapOctets))
        self.residentSpread = spread(settled.map(\.residentOctets))
        self.isFlat = self.heapSpread < 64 << 10
    }
}
