import Testing
import Wire

@testable import Network

@Suite("Datagrams that are read late")
struct DatagramBatchTests {
    @Test("say when they came")
    func arrivals() throws {
        let (sender, receiver) = (
            try DatagramSocket(bindingTo: .v4(0x7F00_0001)), try DatagramSocket(bindingTo: .v4(0x7F00_0001))
        )
        // The system begins to stamp a moment after the first socket that asks for it.
        var waits: [Duration] = []
        let batch = DatagramBatch()
        var datagram: [UInt8] = []
        for number in 0..<50 {
            let sent = monotonicNow()
            sender.send([UInt8(number), 1], to: receiver.local)
            while monotonicNow() < sent + .milliseconds(5) {}
            // On a busy machine a datagram to oneself may be on its way for longer.
            var count = 0
            while count == 0, monotonicNow() < sent + .seconds(5) { count = batch.receive(from: receiver) }
            try #require(count == 1)
            let (source, arrival) = try #require(batch.take(0, into: &datagram))
            #expect(source == sender.local && datagram == [UInt8(number), 1])
            #expect(arrival > sent - .milliseconds(1) && arrival <= monotonicNow())
            waits.append(monotonicNow() - arrival)
        }
        #expect(waits.sorted()[25] >= .milliseconds(4))
    }

    @Test("count as having come now where there is no stamp, or the clock of the stamps was set")
    func setClock() {
        let now = Instant.zero + .seconds(100)
        func arrival(_ stamp: Int64) -> Instant {
            DatagramBatch.arrival(stamp: stamp, stampNow: 5_000_000_000, now: now)
        }
        #expect(arrival(4_990_000_000) == now - .milliseconds(10))
        for stamp: Int64 in [0, 5_000_000_001, 9_000_000_000, 3_000_000_000] { #expect(arrival(stamp) == now) }
    }
}
