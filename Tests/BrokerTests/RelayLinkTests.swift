import Foundation
import Network
import Primitives
import Relay
import RelaySupport
import Signalling
import TURN
import Testing
import Wire

@testable import Broker

@Suite("A broker and the relay beside it")
struct RelayLinkTests {
    /// A broker that uses a relay behind a control socket, both in this process.
    private func withBoth(_ body: (TestBroker, RelayServer, RelayPorts) async throws -> Void) async throws {
        let directory = NSTemporaryDirectory() + "relay-" + RandomSource.systemHex()
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let secretFile = directory + "/relay.secret"
        var configuration = RelayConfiguration(secret: try RelaySecretFile.readOrMake(secretFile))
        configuration.listen = ListenAddress(host: "127.0.0.1", port: 0)
        configuration.controlPath = directory + "/relay.sock"
        let relay = try RelayServer(configuration: configuration)
        let ports = try await relay.start()
        let broker = try await TestBroker { settings in
            settings.relay.control = directory + "/relay.sock"
            settings.relay.secretFile = secretFile
        }
        do {
            try await body(broker, relay, ports)
        } catch {
            await broker.stop()
            await relay.shutdown()
            throw error
        }
        await broker.stop()
        await relay.shutdown()
    }

    /// A doctor and a patient in a room, and what each was granted.
    private func granted(
        _ broker: TestBroker
    ) async throws -> (doctor: SocketProbe, link: TestLink, forPatient: RelayCredentials, forDoctor: RelayCredentials) {
        let key = Ed25519.KeyPair()
        let link = TestLink()
        try broker.enroll(key)
        let doctor = try await SocketProbe.doctor(key, url: broker.url, authority: broker.authority)
        doctor.send(link.open())
        _ = try await doctor.envelope()
        let (patient, _) = try await SocketProbe.patient(link, url: broker.url)
        guard case .peerUp(let number, _, _) = try await doctor.envelope() else {
            throw ProbeFailure(description: "no PEER_UP")
        }
        doctor.send(.turnGrant(connection: number))
        guard case .turn(_, let forPatient) = try await patient.envelope(),
            case .turn(_, let forDoctor) = try await doctor.envelope()
        else { throw ProbeFailure(description: "no TURN") }
        return (doctor, link, forPatient, forDoctor)
    }

    @Test("what a room has allocated ends with the room")
    func roomEnds() async throws {
        try await self.withBoth { broker, relay, ports in
            let (doctor, link, forPatient, forDoctor) = try await self.granted(broker)
            let address = TransportAddress(.v4(0x7F00_0001), port: ports.port)
            #expect(forPatient.urls.contains("turn:127.0.0.1:\(ports.port)?transport=udp"))
            let patientsEnd = try RelayEnd(.udp, at: address, user: forPatient.user, password: forPatient.password)
            let doctorsEnd = try RelayEnd(.udp, at: address, user: forDoctor.user, password: forDoctor.password)
            #expect(patientsEnd.relayed != nil && doctorsEnd.relayed != nil)
            #expect(relay.counts?.allocations == 2)
            doctor.send(.roomClose(room: link.room))
            let deadline = monotonicNow() + .seconds(5)
            while relay.counts?.allocations != 0, monotonicNow() < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(relay.counts?.allocations == 0)
        }
    }

    @Test("TURN that comes in on the broker's own port is served by the relay, and HTTP still by the broker")
    func onePort() async throws {
        try await self.withBoth { broker, relay, _ in
            let (_, _, forPatient, _) = try await self.granted(broker)
            let address = TransportAddress(.v4(0x7F00_0001), port: broker.ports.port)
            var end: RelayEnd? = try RelayEnd(.tcp, at: address, user: forPatient.user, password: forPatient.password)
            #expect(end?.relayed != nil, "\(String(describing: end?.ended))")
            #expect(relay.counts?.allocations == 1)
            end = nil
            let deadline = monotonicNow() + .seconds(5)
            while relay.counts?.allocations != 0, monotonicNow() < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(relay.counts?.allocations == 0, "the passage outlived its client")
        }
    }
}
