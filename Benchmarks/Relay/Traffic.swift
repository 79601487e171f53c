import CLoad
import Wire

/// One way from a sender to where its packets must come out.
struct Flow {
    let near: UInt32
    let far: UInt32
    let farPort: UInt16
    /// Address at which every packet must arrive, and no other.
    let arrival: UInt32
}

/// Values with their percentiles; exact, all of them are kept.
struct Distribution {
    private var sorted: [Int64]

    init(_ values: [Int64]) { self.sorted = values.sorted() }

    /// The value that `share` of all values do not exceed; 0 without values.
    func percentile(_ share: Double) -> Int64 {
        guard let last = self.sorted.last else { return 0 }
        let index = Int((Double(self.sorted.count) * share).rounded(.up)) - 1
        return index >= self.sorted.count ? last : self.sorted[max(index, 0)]
    }

    var largest: Int64 { self.sorted.last ?? 0 }
}

/// Voice between pairs: each flow a packet of 172 octets every 20 ms, as ChannelData, phases at random.
struct Traffic {
    let flows: [Flow]
    /// Length of a tick: what is due in it leaves together.
    let tick: Int64
    let warmUp: Int64
    let seconds: Int

    struct Result {
        var sent = 0
        var received = 0
        /// Came out at another's address, or twice.
        var misdelivered = 0
        /// Nanoseconds from the sending call to the kernel's stamp at the receiver.
        var latency = Distribution([])
        /// Nanoseconds that packets left later than due.
        var lag = Distribution([])
        /// Longest of ``lag`` among what came due by the tick alone.
        var nanoseconds: Int64 = 0
        var generator: Int64 = 0

        var lossShare: Double { self.sent == 0 ? 0 : 1 - Double(self.received) / Double(self.sent) }
    }

    static let payload = 172
    private static let size = 4 + Self.payload
    private static let period: Int64 = 20_000_000

    /// Runs all flows and returns what came of those packets that were sent after the warm-up.
    /// - Parameter mark: Called as the measured time begins and as it ends.
    func run(on socket: LoadSocket, seed: UInt64, mark: () -> Void) -> Result {
        var random = RandomSource.seeded(seed)
        let schedule = self.flows.indices.map { (phase: Int64(random.unitInterval() * Double(Self.period)), flow: $0) }
            .sorted { $0.phase < $1.phase }
        let perPeriod = schedule.count
        let warmPackets = Int(self.warmUp / Self.period) * perPeriod
        let total = warmPackets + self.seconds * 50 * perPeriod
        var arrived = [Bool](repeating: false, count: total)
        var latencies: [Int64] = []
        latencies.reserveCapacity(total - warmPackets)
        var lags: [Int64] = []
        lags.reserveCapacity(total - warmPackets)
        var result = Result()
        self.prepare(socket)

        func receive() {
            socket.drain { datagram in
                guard Int(datagram.length) >= Self.size, let start = datagram.octets else { return }
                let octets = UnsafeRawPointer(start)
                let index = Int(octets.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
                guard index < total else { return }
                guard !arrived[index], self.flows[schedule[index % perPeriod].flow].arrival == datagram.near else {
                    result.misdelivered += 1
                    return
                }
                arrived[index] = true
                guard index >= warmPackets else { return }
                result.received += 1
                latencies.append(datagram.received - octets.loadUnaligned(fromByteOffset: 4, as: Int64.self))
            }
        }

        let start = Clock.monotonic() + 10_000_000
        func due(_ index: Int) -> Int64 {
            start + Int64(index / perPeriod) * Self.period + schedule[index % perPeriod].phase
        }
        var next = 0
        var generator = Clock.processor()
        var began = start
        var isMeasuring = false
        while next < total {
            if next == warmPackets, !isMeasuring {
                isMeasuring = true
                mark()
                began = Clock.monotonic()
                generator = Clock.processor()
            }
            let now = Clock.monotonic()
            let limit = next < warmPackets ? warmPackets : total
            let stamp = Clock.real()
            var count = 0
            while count < LoadSocket.batch, next < limit, due(next) <= now {
                let flow = self.flows[schedule[next % perPeriod].flow]
                socket.outgoing[count].near = flow.near
                socket.outgoing[count].far = flow.far
                socket.outgoing[count].far_port = flow.farPort
                let octets = UnsafeMutableRawPointer(socket.outgoing[count].octets)
                octets?.storeBytes(of: stamp, toByteOffset: 4, as: Int64.self)
                octets?.storeBytes(of: UInt32(next), toByteOffset: 12, as: UInt32.self)
                if next >= warmPackets { lags.append(now - due(next)) }
                count += 1
                next += 1
            }
            socket.send(count)
            receive()
            if count < LoadSocket.batch, next < limit {
                let wake = (max(due(next), now) / self.tick + 1) * self.tick
                Clock.sleep(until: wake)
            }
        }
        mark()
        result.nanoseconds = Clock.monotonic() - began
        result.generator = Clock.processor() - generator
        let end = Clock.monotonic() + 300_000_000
        while Clock.monotonic() < end {
            receive()
            Clock.sleep(milliseconds: 1)
        }
        result.sent = total - warmPackets
        result.latency = Distribution(latencies)
        result.lag = Distribution(lags)
        return result
    }

    /// What stays the same in every packet.
    private func prepare(_ socket: LoadSocket) {
        for slot in 0..<LoadSocket.batch {
            socket.outgoing[slot].length = UInt16(Self.size)
            guard let octets = socket.outgoing[slot].octets else { continue }
            for index in 0..<Self.size { octets[index] = UInt8(truncatingIfNeeded: index) }
            octets[0] = UInt8(Clients.channel >> 8)
            octets[1] = UInt8(truncatingIfNeeded: Clients.channel)
            octets[2] = 0
            octets[3] = UInt8(Self.payload)
        }
    }
}
