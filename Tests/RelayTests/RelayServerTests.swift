import Network
import RelaySupport
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
            .close(RelayGroup(rawValue: 0x0F00_0000_0000_0001)), .close(RelayGroup(rawValue: .max)),
            .stream(TransportAddress(.v4(0x7F00_0001), port: 9)),
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

@Suite("A relay on real sockets", .serialized)
struct RelayServerTests {
    private static let secret = RelaySecret(hex: String(repeating: "77", count: 32)) ?? .random()

    private func withRelay(
        host: String = "127.0.0.1", shards: Int = 1, _ body: (TransportAddress, RelayServer) throws -> Void
    ) async throws {
        var configuration = RelayConfiguration(secret: Self.secret)
        configuration.listen = ListenAddress(host: host, port: 0)
        configuration.shards = shards
        configuration.policy.allocationsPerSource = 100
        configuration.policy.repliesPerSource = 1000
        let server = try RelayServer(configuration: configuration)
        let ports = try await server.start()
        let address = try #require(IPAddress(host))
        do {
            try body(TransportAddress(address, port: ports.port), server)
        } catch {
            await server.shutdown()
            throw error
        }
        await server.shutdown()
    }

    private func exchange(_ patient: RelayEnd, _ doctor: RelayEnd) throws {
        let atPatient = try #require(patient.relayed, "no allocation: \(String(describing: patient.ended))")
        let atDoctor = try #require(doctor.relayed, "no allocation: \(String(describing: doctor.ended))")
        // The first datagrams open both sides' permissions: what comes before the other side's is lost.
        let first = [0x80] + [UInt8](repeating: 0xFF, count: 40)
        for _ in 0..<100 where doctor.heard.count < 5 || patient.heard.count < 5 {
            patient.send(first, to: atDoctor)
            doctor.send(first, to: atPatient)
            doctor.run(for: .milliseconds(20)) { false }
            patient.run(for: .milliseconds(20)) { false }
        }
        let voice = (0..<20).map { [0x80, UInt8($0)] + [UInt8](repeating: UInt8($0), count: 170) }
        for packet in voice {
            patient.send(packet, to: atDoctor)
            doctor.send(packet, to: atPatient)
        }
        for end in [doctor, patient] {
            end.run(for: .seconds(5)) { end.heard.count { $0 != first } >= voice.count }
            #expect(end.heard.filter { $0 != first } == voice)
        }
    }

    @Test(
        "carries voice both ways, in order and whole, between UDP and TCP in every pairing",
        arguments: [(TURNClient.Transport.udp, TURNClient.Transport.udp), (.tcp, .udp), (.udp, .tcp), (.tcp, .tcp)])
    func carries(patientsWay: TURNClient.Transport, doctorsWay: TURNClient.Transport) async throws {
        try await self.withRelay { address, server in
            let patient = try RelayEnd(patientsWay, at: address, room: 1, role: .patient, secret: Self.secret)
            let doctor = try RelayEnd(doctorsWay, at: address, room: 1, role: .doctor, secret: Self.secret)
            try self.exchange(patient, doctor)
            #expect(server.counts?.allocations == 2)
            patient.close()
            doctor.close()
            #expect(server.counts?.allocations == 0)
        }
    }

    @Test("carries voice over IPv6, and between threads that share the port")
    func carriesElsewhere() async throws {
        try await self.withRelay(host: "::1") { address, _ in
            let patient = try RelayEnd(.udp, at: address, room: 1, role: .patient, secret: Self.secret)
            let doctor = try RelayEnd(.udp, at: address, room: 1, role: .doctor, secret: Self.secret)
            try self.exchange(patient, doctor)
        }
        try await self.withRelay(shards: 3) { address, _ in
            for room in 1...6 as ClosedRange<UInt8> {
                let patient = try RelayEnd(.udp, at: address, room: room, role: .patient, secret: Self.secret)
                let doctor = try RelayEnd(.udp, at: address, room: room, role: .doctor, secret: Self.secret)
                try self.exchange(patient, doctor)
            }
        }
    }

    @Test("a stream that breaks takes its allocation with it")
    func brokenStream() async throws {
        try await self.withRelay { address, server in
            var patient: RelayEnd? = try RelayEnd(.tcp, at: address, room: 1, role: .patient, secret: Self.secret)
            #expect(patient?.relayed != nil)
            #expect(server.counts?.allocations == 1)
            patient = nil
            let deadline = monotonicNow() + .seconds(3)
            while server.counts?.allocations != 0, monotonicNow() < deadline {
                waitForInput(on: [], for: .milliseconds(5))
            }
            #expect(server.counts?.allocations == 0)
        }
    }

    @Test("a relay whose port is taken says so")
    func portTaken() async throws {
        try await self.withRelay { address, _ in
            #expect(throws: Never.self) {
                _ = try RelayEnd(.udp, at: address, room: 1, role: .patient, secret: Self.secret)
            }
        }
        var configuration = RelayConfiguration(secret: Self.secret)
        configuration.listen = ListenAddress(host: "127.0.0.1", port: 0)
        let first = try RelayServer(configuration: configuration)
        configuration.listen.port = try await first.start().port
        let second = try RelayServer(configuration: configuration)
        await #expect(throws: RelayError.self) { try await second.start() }
        await first.shutdown()
    }
}
