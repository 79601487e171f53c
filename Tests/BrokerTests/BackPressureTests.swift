import Broker
import Primitives
import Signalling
import Testing
import Wire

@Suite("Patients who flood a doctor that reads slowly")
struct BackPressureTests {
    /// What the kernel and the broker may hold of one patient's flood while nobody reads: 128 KiB each in the socket from
    /// the patient and in the one to the doctor, 128 KiB queued, and what was read or half read when that was noticed.
    private static let mostHeld = 3 * 128 * 1024 + 112 * 1024
    /// 15 messages, as many as may come at once.
    private static let flood: [UInt8] = (0..<15).flatMap { frame(0x82, Self.message(UInt8($0)).encoded) }

    private static func message(_ number: UInt8) -> Envelope {
        .relay(connection: 0, payload: [UInt8](repeating: number, count: 64_000))
    }

    @Test("one patient is paused until the doctor has read, and nothing is lost or out of order")
    func onePatient() async throws {
        let broker = try await TestBroker()
        let link = TestLink()
        let doctor = try SlowDoctor(broker, link)
        let patient = try Flood(broker, link, Self.flood)
        let number = try doctor.arrival()

        try await patient.untilStalled()
        #expect(patient.sent < Self.mostHeld, "\(patient.sent) octets of \(Self.flood.count) were taken")

        // Too little room to go on: below 64 KiB the queue must fall first.
        try doctor.read(32 * 1024)
        let before = patient.sent
        try await patient.untilStalled()
        #expect(patient.sent == before, "goes on after 32 KiB were read")

        try await doctor.readAll(of: [patient])
        #expect(patient.sent == Self.flood.count)
        let expected = (0..<15).map {
            Envelope.relay(connection: number, payload: [UInt8](repeating: $0, count: 64_000)).encoded
        }
        #expect(doctor.payloads == expected)
        await broker.stop()
    }

    @Test("several patients at once cannot have the doctor cut off")
    func manyPatients() async throws {
        let broker = try await TestBroker()
        let link = TestLink()
        let doctor = try SlowDoctor(broker, link)
        var patients: [UInt32: Flood] = [:]
        for _ in 0..<3 {
            let patient = try Flood(broker, link, Self.flood)
            patients[try doctor.arrival()] = patient
        }
        for patient in patients.values { try await patient.untilStalled() }
        try await doctor.readAll(of: Array(patients.values))
        #expect(!doctor.isClosed, "the doctor was cut off")
        for (number, patient) in patients {
            let heard = try doctor.payloads.compactMap { octets -> UInt8? in
                guard case .relay(number, let payload) = try Envelope(decoding: octets, for: .doctor) else {
                    return nil
                }
                #expect(payload.count == 64_000 && Set(payload).count == 1)
                return payload.first
            }
            // Whoever overfilled the queue was cut off, and what came of it before is whole.
            #expect(heard == Array(0..<UInt8(heard.count)), "\(heard)")
            #expect(heard.count == 15 || patient.isClosed, "\(heard.count) messages of a patient who stayed")
        }
        await broker.stop()
    }
}

/// A doctor with one open room whose socket takes little and is read by hand.
private final class SlowDoctor {
    private let connection: RawConnection
    private var octets: [UInt8] = []
    private(set) var payloads: [[UInt8]] = []

    init(_ broker: TestBroker, _ link: TestLink) throws {
        let key = Ed25519.KeyPair()
        try broker.enroll(key)
        self.connection = try RawConnection(port: broker.ports.port, receiveBuffer: 4096)
        let challenge = try self.connection.upgrade(port: broker.ports.port)
        let message = Envelope.authenticationMessage(
            host: broker.authority, identityKey: key.publicKey, challenge: challenge, time: 1)
        let greeting = Envelope.authenticate(identityKey: key.publicKey, time: 1, signature: key.sign(message))
        self.connection.send(frame(0x82, greeting.encoded) + frame(0x82, link.open().encoded))
        for type in [EnvelopeType.authenticate, .roomOpen] {
            guard case .done(type, _, .done) = try self.envelope() else {
                throw ProbeFailure(description: "the doctor was not let in")
            }
        }
    }

    /// The number of the next patient who joined.
    func arrival() throws -> UInt32 {
        guard case .peerUp(let number, _, _) = try self.envelope() else {
            throw ProbeFailure(description: "no PEER_UP")
        }
        return number
    }

    private func envelope() throws -> Envelope {
        try Envelope(decoding: try self.connection.frame().payload, for: .doctor)
    }

    var isClosed: Bool { self.connection.isClosed }

    /// Exactly `count` octets.
    func read(_ count: Int) throws {
        let read = try self.connection.read(count)
        guard read.count == count else { throw ProbeFailure(description: "the doctor was cut off") }
        self.take(read)
    }

    /// Reads while the patients send the rest, until neither moves for a second.
    func readAll(of patients: [Flood]) async throws {
        var idle = 0
        while idle < 200 {
            let bytes = self.connection.readAtOnce(16 * 1024)
            self.take(bytes)
            let hasSent = patients.count { $0.pump() } > 0
            idle = bytes.isEmpty && !hasSent ? idle + 1 : 0
            if idle > 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    private func take(_ bytes: [UInt8]) {
        self.octets += bytes
        let (whole, taken) = framePayloads(self.octets)
        self.payloads += whole
        self.octets.removeFirst(taken)
    }
}

/// A patient who sends as fast as it is let.
private final class Flood {
    private let connection: RawConnection
    private let octets: [UInt8]
    private(set) var sent = 0

    init(_ broker: TestBroker, _ link: TestLink, _ octets: [UInt8]) throws {
        self.octets = octets
        self.connection = try RawConnection(port: broker.ports.port, sendBuffer: 4096)
        try self.connection.upgrade(port: broker.ports.port)
        let join = Envelope.join(version: 1, room: link.room, token: link.token, mode: .fresh)
        self.connection.send(frame(0x82, join.encoded))
        let answer = try Envelope(decoding: try self.connection.frame().payload, for: .patient)
        guard answer == .state(doctorPresent: true) else { throw ProbeFailure(description: "\(answer)") }
    }

    var isClosed: Bool { self.connection.isClosed || self.isTold }

    /// Whether a close frame waits to be read.
    private var isTold: Bool { self.connection.readAtOnce(2).first == 0x88 }

    /// - Returns: Whether the kernel took anything.
    @discardableResult
    func pump() -> Bool {
        let count = self.connection.sendAtOnce(self.octets[self.sent...])
        self.sent += count
        return count > 0
    }

    /// Sends until nothing is taken for a second.
    func untilStalled() async throws {
        var idle = 0
        while idle < 200, self.sent < self.octets.count {
            idle = self.pump() ? 0 : idle + 1
            if idle > 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }
}
