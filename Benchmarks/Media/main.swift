// What the media engine costs beside libopus alone, in CPU milliseconds per second of call, and how
// often it allocates. The two take turns within one run; every run is printed, none is dropped.
//
//   swift run -c release MediaBenchmark [RUNS]

import Audio
import CAllocations
import Glibc
import Wire

/// CPU time of this thread in nanoseconds.
func processorTime() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

struct Cost {
    var nanoseconds: Int64 = 0
    var allocations: UInt64 = 0

    mutating func add(_ other: Cost) {
        self.nanoseconds += other.nanoseconds
        self.allocations += other.allocations
    }

    mutating func measure(_ work: () throws -> Void) rethrows {
        let allocations = colloque_allocation_count()
        let start = processorTime()
        try work()
        self.nanoseconds += processorTime() - start
        self.allocations += colloque_allocation_count() - allocations
    }
}

/// A path of the benchmark: what share is lost, how far arrivals spread.
struct Path {
    let name: String
    let loss: Double
    let jitterMilliseconds: Double
}

let runs = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 5
let speech = try Greeting.samples()
let blockCount = speech.count / 960
let callSeconds = Double(blockCount) * 0.02

/// The speech as payloads, made once.
let payloads: [[UInt8]] = try {
    var sender = try AudioSender()
    var payload: [UInt8] = []
    return try (0..<blockCount).map { block in
        _ = try sender.send(speech.span.extracting(block * 960..<(block + 1) * 960), into: &payload)
        return payload
    }
}()

/// Encodes the speech by both, in turns of one second.
func encoding() throws -> (ours: Cost, bare: Cost) {
    var ours = Cost()
    var bare = Cost()
    var sender = try AudioSender()
    guard var opus = BareOpus() else { throw AudioError.codec(code: -7) }
    var payload = [UInt8](repeating: 0, count: 80)
    for start in stride(from: 0, to: blockCount, by: 50) {
        let blocks = start..<min(start + 50, blockCount)
        bare.measure {
            speech.withUnsafeBufferPointer { samples in
                for block in blocks {
                    if let base = samples.baseAddress { opus.encode(base + block * 960) }
                }
            }
        }
        try ours.measure {
            for block in blocks {
                _ = try sender.send(speech.span.extracting(block * 960..<(block + 1) * 960), into: &payload)
            }
        }
    }
    return (ours, bare)
}

/// Receives the speech over `path` by both. The floor is told what is lost and needs no buffer.
func receiving(_ path: Path, seed: UInt64) throws -> (ours: Cost, bare: Cost, statistics: ReceiverStatistics) {
    var random = RandomSource.seeded(seed)
    var arrivals: [(at: Int64, index: Int)] = []
    var isLost = [Bool](repeating: false, count: blockCount)
    for index in 0..<blockCount {
        guard random.unitInterval() >= path.loss else {
            isLost[index] = true
            continue
        }
        let transit = 20 + path.jitterMilliseconds * random.unitInterval()
        arrivals.append((Int64(index) * 20_000_000 + Int64(transit * 1e6), index))
    }
    arrivals.sort { $0.at < $1.at }

    var ours = Cost()
    var bare = Cost()
    var receiver = try AudioReceiver()
    guard var opus = BareOpus() else { throw AudioError.codec(code: -7) }
    var block = [Int16](repeating: 0, count: 960)
    var next = 0
    for start in stride(from: 0, to: blockCount, by: 50) {
        let pulls = start..<min(start + 50, blockCount)
        bare.measure {
            for index in pulls {
                let hasNext = index + 1 < blockCount && !isLost[index + 1]
                opus.decode(isLost[index] ? nil : payloads[index], next: hasNext ? payloads[index + 1] : nil)
            }
        }
        ours.measure {
            for pull in pulls {
                let now = Instant(nanoseconds: Int64(pull) * 20_000_000 + 7_000_000)
                while next < arrivals.count, arrivals[next].at <= now.nanoseconds {
                    let index = arrivals[next].index
                    let payload = payloads[index]
                    receiver.receive(
                        ssrc: 1, sequence: UInt16(truncatingIfNeeded: index), timestamp: UInt32(index * 960),
                        payload: payload.span, arrival: Instant(nanoseconds: arrivals[next].at))
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
func wholeLeg(redundancyType: UInt8?) throws -> (sent: Cost, received: Cost, bare: Cost) {
    var sent = Cost()
    var received = Cost()
    var bare = Cost()
    var path = try WholePath(redundancyType: redundancyType)
    guard var opus = BareOpus() else { throw AudioError.codec(code: -7) }
    for block in 0..<blockCount {
        let now = Instant(nanoseconds: Int64(block) * 20_000_000)
        let samples = speech.span.extracting(block * 960..<(block + 1) * 960)
        let datagram = try path.send(samples, by: path.there, now: now)
        // In turns, packet by packet, so that neither finds the caches warmer.
        var send = Cost()
        var receive = Cost()
        for turn in 0...1 {
            if (block + turn) % 2 == 0 {
                try send.measure { _ = try path.send(samples, by: path.here, now: now) }
                receive.measure { path.receive(datagram, by: path.here, now: now) }
            } else {
                bare.measure {
                    speech.withUnsafeBufferPointer { samples in
                        if let base = samples.baseAddress { opus.encode(base + block * 960) }
                    }
                    opus.decode(payloads[block], next: nil)
                }
            }
        }
        // The first packets find everything cold.
        if block < 20 {
            send.allocations = 0
            receive.allocations = 0
        }
        sent.add(send)
        received.add(receive)
    }
    return (sent, received, bare)
}

func fixed(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = Int((value * scale).rounded())
    let fraction = String(rounded % Int(scale))
    guard digits > 0 else { return String(rounded) }
    return "\(rounded / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
}

func perSecond(_ cost: Cost) -> Double { Double(cost.nanoseconds) / 1e6 / callSeconds }

func row(_ name: String, _ ours: Cost, _ bare: Cost, _ note: String = "") {
    let ratio = Double(bare.nanoseconds) / Double(max(ours.nanoseconds, 1))
    let allocations = Double(ours.allocations) / Double(blockCount)
    print(
        "| \(name) | \(fixed(perSecond(ours), 3)) | \(fixed(perSecond(bare), 3)) | \(fixed(ratio, 3)) "
            + "| \(fixed(allocations, 2)) | \(note) |")
}

let paths = [
    Path(name: "receive, clean", loss: 0, jitterMilliseconds: 0),
    Path(name: "receive, 60 ms jitter", loss: 0, jitterMilliseconds: 60),
    Path(name: "receive, 10 % loss, 30 ms jitter", loss: 0.1, jitterMilliseconds: 30),
]

print("| work | ours, ms/s | libopus alone, ms/s | ratio | allocations per packet | |")
print("|---|---|---|---|---|---|")
_ = try encoding()
for run in 1...max(runs, 1) {
    let encoded = try encoding()
    row("send", encoded.ours, encoded.bare, "run \(run)")
    for path in paths {
        let received = try receiving(path, seed: UInt64(run))
        let statistics = received.statistics
        row(
            path.name, received.ours, received.bare,
            "run \(run): concealed \(fixed(statistics.concealedMilliseconds, 0)) ms, recovered "
                + "\(statistics.recoveredFEC)/\(statistics.lost), delay \(fixed(statistics.delay.p50 ?? 0, 1)) / "
                + "\(fixed(statistics.delay.p95 ?? 0, 1)) ms")
        if path.loss == 0, path.jitterMilliseconds == 0 {
            let ours = Cost(nanoseconds: encoded.ours.nanoseconds + received.ours.nanoseconds)
            let bare = Cost(nanoseconds: encoded.bare.nanoseconds + received.bare.nanoseconds)
            row("duplex leg, clean", ours, bare, "run \(run): \(fixed(1000 / perSecond(ours), 0)) legs per core")
        }
    }
    for (name, redundancyType) in [("32 kbit/s", nil), ("RED of 24 kbit/s", 63 as UInt8?)] {
        let leg = try wholeLeg(redundancyType: redundancyType)
        var ours = leg.sent
        ours.add(leg.received)
        row(
            "whole duplex leg with SRTP, \(name)", ours, leg.bare,
            "run \(run): \(fixed(1000 / perSecond(ours), 0)) legs per core; allocations "
                + "\(leg.sent.allocations) sending, \(leg.received.allocations) receiving")
    }
}
