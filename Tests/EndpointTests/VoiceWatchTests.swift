import Testing
import Wire

@testable import Endpoint

@Suite("Sockets that are read at the beat")
struct VoiceWatchTests {
    private let start = Instant.zero + .seconds(1)

    @Test("wake nobody while voice flows, and everybody again when three packets are missing")
    func rest() {
        var watch = VoiceWatch()
        #expect(watch.rest(now: self.start) == nil)
        for packet in 0..<5 {
            let now = self.start + .milliseconds(20) * packet
            watch.note([0x80, 0x6F], now: now)
            #expect(watch.rest(now: now + .milliseconds(20)) == now + .milliseconds(60))
        }
        #expect(watch.rest(now: self.start + .milliseconds(80 + 59)) != nil)
        #expect(watch.rest(now: self.start + .milliseconds(80 + 60)) == nil)
    }

    @Test("wake at once for what sets a path up", arguments: [0, 3, 20, 22, 63, 64, 127, 192])
    func others(first: UInt8) {
        var watch = VoiceWatch()
        watch.note([first, 0], now: self.start)
        watch.note([], now: self.start)
        #expect(watch.rest(now: self.start) == nil)
    }
}
