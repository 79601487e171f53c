import Audio
import CAllocations
import Consultation
import Endpoint
import Foundation
import Invitation
import Keystore
import NIOPosix
import Network
import SecureChannel
import Session
import TURN
import Wire

/// `colloque bridge` with many calls: the rooms of a doctor or the links of patients, in one ``CallPool``.
struct BridgeLoad {
    let options: BridgeCommand

    func run() throws {
        if let count = self.options.sessions {
            try self.runDoctor(count)
        } else {
            try self.runPatients()
        }
    }

    // MARK: The two ends

    private func runDoctor(_ count: Int) throws {
        let broker = try self.options.options.brokerURL()
        let identity = try self.options.options.unlock()
        let now = monotonicNow()
        let rooms = (1...count).map { _ in
            StoredRoom.made(
                label: "", origin: broker.origin, isRelayOnly: self.options.relayOnly, lasting: Self.timeToLive,
                for: identity.keyPair, now: UnixClock.now)
        }
        var seat = DoctorSeat(
            identity: identity.keyPair, host: broker.authority, language: .french,
            unixTimeAtZero: UnixClock.timeAtZero(now: now), random: .system)
        var parts: [CallPool.Part] = []
        for (number, room) in rooms.enumerated() {
            let secrets = RoomSecrets(room)
            seat.openRoom(
                secrets, relayOnly: self.options.relayOnly, expiry: now + .seconds(Int(Self.timeToLive)), now: now)
            parts.append(try self.part(.deputy(secrets.keys.roomID), at: broker, number: number))
        }
        let counter = FrontDesk.Counter()
        let pool = self.pool(parts, sharing: .blocks, relayOnly: self.options.relayOnly) { counter.ask($0) }
        let links = rooms.compactMap(\.linkText)
        let desk = FrontDesk(pool, counter: counter) { [linksTo = self.options.linksTo] in
            // Only now do the links work.
            Self.hand(out: links, to: linksTo)
        }
        var configuration = PeerSession.Configuration()
        configuration.relayOnly = self.options.relayOnly
        let driver = CallDriver(
            session: PeerSession(
                doctor: seat, room: nil, language: .french, configuration: configuration, random: .system, now: now),
            broker: broker, group: MultiThreadedEventLoopGroup.singleton, attendant: desk)
        driver.givesUpUnreachable = true
        let signals = StopSignals(driver.stop)
        defer { signals.cancel() }
        pool.start { counter.close() }
        driver.run()
        pool.stop()
        pool.wait()
        try self.conclude(pool, brokerWasUnreachable: driver.brokerWasUnreachable)
    }

    private func runPatients() throws {
        let path = self.options.linksFrom ?? "-"
        let data =
            path == "-" ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: path)
        guard let data else { throw CommandFailure(code: 66, "\(path): cannot be read; give the file of the links") }
        let links = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        guard !links.isEmpty else { throw CommandFailure(code: 65, "\(path): holds no link; one a line is wanted") }
        let now = monotonicNow()
        let chairs = try links.map {
            try PatientChair.make(
                $0, language: .english, consent: ConsentText.hash, options: self.options.options, now: now)
        }
        let parts = try chairs.enumerated().map { number, chair in
            try self.part(.patient(chair.seat), at: chair.broker, number: number)
        }
        let relayOnly = self.options.relayOnly || chairs.contains { $0.isRelayOnly }
        let pool = self.pool(parts, sharing: .stripes, relayOnly: relayOnly)
        let signals = StopSignals { pool.stop() }
        defer { signals.cancel() }
        pool.start()
        pool.wait()
        try self.conclude(pool)
    }

    private func part(_ end: CallPool.Part.End, at broker: WebSocketURL, number: Int) throws -> CallPool.Part {
        func ofSession(_ file: String) -> String {
            file.replacingOccurrences(of: "%", with: String(number + 1))
        }
        var part = CallPool.Part(
            end: end, broker: broker,
            source: try SoundSource.parse(ofSession(self.options.play), session: number))
        part.admission = self.options.admit == .none ? .none : .first
        part.wordsAre = self.options.words.isSame
        part.duration = self.options.duration.map { .seconds($0) }
        part.timeout = self.options.timeout.map { .seconds($0) }
        part.recording = self.options.record.map { URL(fileURLWithPath: ofSession($0)) }
        return part
    }

    private func pool(
        _ parts: [CallPool.Part], sharing: CallPool.Sharing.Order, relayOnly: Bool,
        atSeat: @escaping @Sendable (@escaping @Sendable (inout DoctorSeat) -> Void) -> Void = { _ in }
    ) -> CallPool {
        var configuration = PeerSession.Configuration()
        configuration.relayOnly = relayOnly
        configuration.encoder.adapts = !self.options.steady
        // A relay knows an allocation by the socket it was asked from.
        configuration.relayTransports = [.tcp, .tls]
        var settings = CallPool.Settings(
            threads: self.options.threads ?? ProcessInfo.processInfo.activeProcessorCount,
            sharing: CallPool.Sharing(sharing, most: self.options.perSocket),
            configuration: configuration, includesLoopback: parts.contains { $0.broker.isLoopback })
        if self.options.countAllocations {
            settings.allocationCount = {
                let count = colloque_allocation_count()
                return count < 0 ? nil : Int(count)
            }
        }
        if case .stripes = sharing { settings.pace = Self.pace }
        let watcher = CallPool.Watcher(
            onEvent: { CallProgress.tell($1, of: $0 + 1) },
            onLateBeat: { window in
                let p99 = String(format: "%.1f", window.p99)
                say(
                    "the beat of 20 ms is not kept: of \(window.sessions) sessions on a thread one packet in a hundred "
                        + "was late by \(p99) ms and more, \(window.missed) by a whole beat; give it fewer sessions or "
                        + "more processors")
            })
        return CallPool(
            parts, settings, watcher, eventLoops: MultiThreadedEventLoopGroup.singleton, atSeat: atSeat)
    }

    // MARK: What is said of it

    private static func hand(out links: [String], to path: String?) {
        let text = links.map { "\($0)\n" }.joined()
        guard let path else { return FileHandle.standardOutput.write(Data(text.utf8)) }
        // Whoever holds a link may knock.
        let isThere = FileManager.default.createFile(
            atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        if !isThere { say("\(path): the links cannot be written; choose another file for --links-to") }
    }

    private func conclude(_ pool: CallPool, brokerWasUnreachable: Bool = false) throws {
        let report = LoadReport(pool)
        try BridgeCommand.write(report, to: self.options.report)
        let isUnreached =
            !report.sessions.isEmpty
            && report.sessions.allSatisfy { $0.setup.signalling == nil && $0.reason == "retries-exhausted" }
        if brokerWasUnreachable || isUnreached && report.completed == 0 {
            throw CommandFailure(
                code: 69, "the broker does not answer; check its address and the network, then try again")
        }
        guard report.failed > 0 else { return }
        throw CommandFailure(
            code: 75, "\(report.failed) of \(report.sessions.count) calls failed; the report says why of each")
    }

    /// Seconds that a link holds: for a load that runs as long as an afternoon.
    private static let timeToLive: UInt32 = 4 * 3600
    /// Between the beginnings of two patients: a handshake is many times the work of a packet.
    private static let pace: Duration = .milliseconds(20)
}
