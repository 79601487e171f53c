import ArgumentParser
import Audio
import Broker
import Consultation
import Endpoint
import Foundation
import Invitation
import Keystore
import Logging
import NIOConcurrencyHelpers
import NIOPosix
import Network
import Primitives
import SecureChannel
import Session
import Wire

/// `colloque demo`: the whole of it on one machine, with nothing to prepare.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Try a consultation on this machine.",
        discussion: """
            Starts a broker on this machine, makes a throw-away doctor and prints a link. Open it in a browser here: \
            the doctor greets you and then repeats what you say. Compare the words on the page with those printed \
            here. When a call ends, the next link is printed. Nothing is left behind; end with Ctrl-C.

            EXAMPLES
              colloque demo
              colloque demo --port 8080 --exit-after 60
            """)

    @Option(help: ArgumentHelp("Port on localhost (default: one that is free).", valueName: "port"))
    var port: UInt16 = 0

    @Option(help: ArgumentHelp("End after so many seconds.", valueName: "seconds"))
    var exitAfter: Double?

    func validate() throws {
        guard self.exitAfter ?? 1 > 0, self.exitAfter ?? 1 <= 86_400 else {
            throw ValidationError("--exit-after is a number of seconds, at most a day")
        }
    }

    func run() async throws {
        let home = FileManager.default.temporaryDirectory.appendingPathComponent("colloque-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: home) }
        let (broker, port) = try await self.startBroker(state: home.path)
        let identity = Ed25519.KeyPair()
        try SQLiteRoomStore(directory: home.path).enroll(
            EnrolledDoctor(
                key: identity.publicKey, note: "demo", added: UInt64(Date().timeIntervalSince1970)))
        guard let url = WebSocketURL("http://localhost:\(port)") else {
            throw CommandFailure(code: 78, "no address for the demonstration")
        }
        FileHandle.standardError.write(
            Data("A broker and a doctor are up. Open the link in a browser on this machine; end with Ctrl-C.\n".utf8))
        let reception = DemoReception(identity: identity, broker: url)
        let signals = StopSignals(reception.close)
        defer { signals.cancel() }
        let timer = self.exitAfter.map { seconds in
            Task {
                try await Task.sleep(for: .seconds(seconds))
                reception.close()
            }
        }
        await reception.run()
        timer?.cancel()
        await broker.shutdown()
    }

    private func startBroker(state: String) async throws -> (BrokerServer, UInt16) {
        var configuration = BrokerConfiguration()
        configuration.listen = ListenAddress(host: "localhost", port: self.port)
        configuration.state = state
        var logger = Logger(label: "colloque", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        let broker = try BrokerServer(configuration: configuration, logger: logger)
        do {
            return (broker, try await broker.start().port)
        } catch {
            throw CommandFailure(code: 73, "the demonstration cannot start: \(error); try another --port")
        }
    }
}

/// The demonstration's doctor: one consultation after the other, each with a link of its own.
private final class DemoReception: Sendable {
    private let identity: Ed25519.KeyPair
    private let broker: WebSocketURL
    private let state = CurrentCall()

    init(identity: Ed25519.KeyPair, broker: WebSocketURL) {
        self.identity = identity
        self.broker = broker
    }

    var close: @Sendable () -> Void {
        { [state] in state.close() }
    }

    func run() async {
        while !self.state.isClosed {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    self.receiveOnePatient()
                    continuation.resume()
                }
            }
        }
    }

    private func receiveOnePatient() {
        let now = monotonicNow()
        var random = RandomSource.system
        let unixTime = UnixClock.timeAtZero(now: now)
        let start = UInt64(max(0, unixTime + now.nanoseconds / 1_000_000_000))
        let secrets = RoomSecrets(validity: start...start + 86_400, identity: self.identity, random: &random)
        var seat = DoctorSeat(
            identity: self.identity, host: self.broker.authority,
            language: .french, unixTimeAtZero: unixTime, random: .system)
        seat.openRoom(secrets, relayOnly: false, expiry: now + .seconds(86_400), now: now)
        let session = PeerSession(
            doctor: seat, room: secrets.keys.roomID, language: .french, configuration: PeerSession.Configuration(),
            random: .system, now: now)
        let link = "\(self.broker.origin)/#\(secrets.invitation.fragment)"
        let attendant = HeadlessAttendant(wordsAre: true) { event in
            if event == .roomOpened, session.milestones.admitted == nil, !self.state.hasShown(link) {
                FileHandle.standardOutput.write(Data("link: \(link)\n".utf8))
            } else {
                CallProgress.tell(event)
            }
        }
        let driver = CallDriver(
            session: session, broker: self.broker, group: MultiThreadedEventLoopGroup.singleton, attendant: attendant,
            sound: HeadlessSound(source: (try? AudioSource.demonstration()) ?? .echo()), includesLoopback: true)
        guard self.state.begin(driver.stop) else { return }
        driver.run()
    }
}

/// Which call is on, and whether another may begin; shared by the reception's thread and the signals.
private final class CurrentCall: Sendable {
    private struct State {
        var isClosed = false
        var stop: (@Sendable () -> Void)?
        var shown: Set<String> = []
    }

    private let state = NIOLockedValueBox(State())

    var isClosed: Bool { self.state.withLockedValue { $0.isClosed } }

    /// - Returns: `false` once the reception is closed.
    func begin(_ stop: @escaping @Sendable () -> Void) -> Bool {
        self.state.withLockedValue { state in
            state.stop = stop
            return !state.isClosed
        }
    }

    func close() {
        let stop = self.state.withLockedValue { state in
            state.isClosed = true
            return state.stop
        }
        stop?()
    }

    /// - Returns: whether it had been shown before; from now on it has.
    func hasShown(_ link: String) -> Bool {
        self.state.withLockedValue { !$0.shown.insert(link).inserted }
    }
}
