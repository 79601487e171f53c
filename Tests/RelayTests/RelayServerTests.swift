import TURN
import Testing
import Wire

@testable import Relay

@Suite("Control lines between broker and relay")
struct ControlLineTests {
    @Test(
        "come back from their text",
        arguments: [
            ControlLine.hello, .stop, .close(RelayGroup(rawValue: 0)),
            .close(RelayGroup(rawValue: 0x0F00_0000_0000_0001)),
            .close(RelayGroup(rawValue: .max)), .stream(TransportAddress(.v4(0x7F00_0001), port: 9)),
            .stream(TransportAddress(.v6(high: 1, low: 2), port: 65_535)),
        ])
    func roundTrip(_ line: ControlLine) {
        #expect(ControlLine(String(line.text.dropLast())) == line)
        #expect(line.text.hasSuffix("\n"))
    }

    @Test(
        "refuses anything else", arguments: ["", "hello there", "close", "close 12", "stream", "stream nowhere", "go"])
    func refuses(_ text: String) {
        #expect(ControlLine(text) == nil)
    }
}
