import ArgumentParser
import Audio
import Consultation
import Endpoint
import Foundation
import Invitation
import Keystore
import NIOPosix
import Network
import SecureChannel
import Session
import Wire

/// `colloque bridge`: the native endpoint without a person.
struct BridgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bridge",
        abstract: "Hold a call without a person: for tests, probes and measurements.",
        discussion: """
            With --session it is the doctor of that session: it waits for somebody who holds the link, admits, talks \
            and reports. With --link it is the patient.

            The report is one JSON document, on stdout unless --report names a file. Figures of `setup` are in \
            milliseconds: signalling, handshake and admitted since the start; ice, dtls and firstAudio since the \
            last needed description was applied.

            For load there can be many calls in one process, on few threads and sockets. With --sessions it is the \
            doctor of so many new sessions, kept nowhere, whose links it prints, one a line; the broker takes 50 of \
            one doctor. With --links-from it is the patient in each of the links of a file, or of stdin for `-`. The \
            report then has a list of `sessions`, and in `beat` how late the packets of 20 ms were; a beat that is not \
            kept is told on stderr, once. Several calls reach relays over TCP and TLS alone. In --play and --record, % \
            stands for the number of the session, from 1; tone:HZ+STEP gives each a tone of its own.

            EXAMPLES
              colloque bridge --session ID --play greeting.wav --record heard.wav --duration 30
              colloque bridge --link 'http://localhost:8080/#…' --play tone:440 --words same
              colloque bridge --sessions 8 --links-to links --play tone:300+20 --duration 30
              colloque bridge --links-from links --play tone:1000+20 --record heard-%.wav
            """)

    @Option(help: ArgumentHelp("Be the doctor of this session.", valueName: "id"))
    var session: String?

    @Option(help: ArgumentHelp("Be the patient who holds this link.", valueName: "link"))
    var link: String?

    @Option(help: ArgumentHelp("Be the doctor of so many new sessions at once, at most 50.", valueName: "number"))
    var sessions: Int?

    @Option(
        help: ArgumentHelp("Write the links of --sessions to this file instead of stdout.", valueName: "file"),
        completion: .file())
    var linksTo: String?

    @Option(
        help: ArgumentHelp("Be the patient of each link in this file, one a line.", valueName: "file"),
        completion: .file())
    var linksFrom: String?

    @Option(
        help: ArgumentHelp(
            "Serve many sessions on so many threads (default: one for each processor).", valueName: "number"))
    var threads: Int?

    @Option(help: ArgumentHelp("How many sessions share a socket, at most.", valueName: "number"))
    var perSocket = 16

    @Flag(help: "Count what the threads of many sessions allocate, where the kernel has breakpoints for it.")
    var countAllocations = false

    @Option(help: ArgumentHelp("What to say: FILE.wav, tone:HZ, silence or echo.", valueName: "what"))
    var play = "silence"

    @Option(help: ArgumentHelp("Write what is heard to this file, 48 kHz mono.", valueName: "file"))
    var record: String?

    @Option(help: ArgumentHelp("Hang up after so many seconds of sound.", valueName: "seconds"))
    var duration: Double?

    @Option(help: ArgumentHelp("Give up if no sound flows within so many seconds.", valueName: "seconds"))
    var timeout: Double?

    @Option(help: "Whom the doctor admits: auto, first or none.")
    var admit = Admit.auto

    @Option(help: "What to say of the words: same, different or none.")
    var words = Words.none

    @Flag(help: "Send sound through a relay only.")
    var relayOnly = false

    @Flag(help: "Send 32 kbit/s with error correction, whatever the path: to compare costs at one setting.")
    var steady = false

    @Option(help: ArgumentHelp("Write the report to this file.", valueName: "file"))
    var report: String?

    @OptionGroup var options: GlobalOptions

    enum Admit: String, ExpressibleByArgument {
        case auto, first, none
    }

    enum Words: String, ExpressibleByArgument {
        case same, different, none

        var isSame: Bool? {
            switch self {
            case .same: true
            case .different: false
            case .none: nil
            }
        }
    }

    func validate() throws {
        let parts = [self.session != nil, self.link != nil, self.sessions != nil, self.linksFrom != nil]
        guard parts.count(where: { $0 }) == 1 else {
            throw ValidationError(
                "name one of --session ID or --sessions N (the doctor), --link LINK or --links-from FILE (the patient)")
        }
        guard (1...50).contains(self.sessions ?? 1) else {
            throw ValidationError("--sessions is a number from 1 to 50: a broker takes 50 rooms of one doctor")
        }
        guard (1...256).contains(self.threads ?? 1) else {
            throw ValidationError("--threads is a number from 1 to 256")
        }
        guard (1...1000).contains(self.perSocket) else {
            throw ValidationError("--per-socket is a number from 1 to 1000")
        }
        guard self.linksTo == nil || self.sessions != nil else {
            throw ValidationError("--links-to goes with --sessions")
        }
        guard self.duration ?? 1 > 0, self.duration ?? 1 <= 86_400 else {
            throw ValidationError("--duration is a number of seconds, at most a day")
        }
        guard self.timeout ?? 1 > 0, self.timeout ?? 1 <= 86_400 else {
            throw ValidationError("--timeout is a number of seconds, at most a day")
        }
    }

    func run() async throws {
        if self.sessions != nil || self.linksFrom != nil { return try BridgeLoad(options: self).run() }
        let sound = HeadlessSound(
            source: try SoundSource.parse(self.play), recorder: try self.record.map(Self.recorder))
        let attendant = HeadlessAttendant(
            admission: self.admit == .none ? .none : .first, wordsAre: self.words.isSame,
            duration: self.duration.map { .seconds($0) }, onEvent: { CallProgress.tell($0) })
        var configuration = PeerSession.Configuration()
        configuration.relayOnly = self.relayOnly
        configuration.encoder.adapts = !self.steady
        let place: PatientPlace =
            if let link = self.link {
                try PatientPlace.make(
                    link, configuration, language: .english, consent: ConsentText.hash, options: self.options)
            } else {
                try self.doctor(self.session ?? "", configuration)
            }
        let driver = CallDriver(
            session: place.session, broker: place.broker, group: MultiThreadedEventLoopGroup.singleton,
            attendant: attendant, sound: sound, includesLoopback: place.broker.isLoopback)
        driver.givesUpUnreachable = true
        let signals = StopSignals(driver.stop)
        defer { signals.cancel() }
        driver.run(until: self.timeout.map { monotonicNow() + .seconds($0) })
        let report = CallReport(driver.session, reason: attendant.endReason ?? .hungUp)
        try Self.write(report, to: self.report)
        if driver.brokerWasUnreachable {
            throw CommandFailure(
                code: 69, "the broker does not answer; check its address and the network, then try again")
        }
        try CallProgress.exit(report)
    }

    private func doctor(_ id: String, _ configuration: PeerSession.Configuration) throws -> PatientPlace {
        guard let sessionID = SessionID(id) else {
            throw CommandFailure(code: 65, "`\(id)` is no session; see `colloque session list`")
        }
        let identity = try self.options.unlock()
        let room = try identity.rooms.load(sessionID)
        // The clock of the report starts behind the passphrase, whose check takes as long as it is meant to.
        let now = monotonicNow()
        guard let broker = WebSocketURL(self.options.broker ?? room.origin) else {
            throw CommandFailure(code: 64, "the session names no broker; add --broker https://HOST")
        }
        let unixTime = UnixClock.timeAtZero(now: now)
        let expiry = Instant(nanoseconds: (Int64(clamping: room.expires) - unixTime) * 1_000_000_000)
        guard expiry > now, !room.isOver else {
            throw CommandFailure(code: 77, "the time of this session is over; make a new one")
        }
        var configuration = configuration
        configuration.relayOnly = configuration.relayOnly || room.invitation.flags.contains(.relayOnly)
        let secrets = RoomSecrets(room)
        var seat = DoctorSeat(
            identity: identity.keyPair, host: broker.authority, language: .french,
            unixTimeAtZero: unixTime, random: .system)
        seat.openRoom(secrets, relayOnly: configuration.relayOnly, expiry: expiry, now: now)
        return PatientPlace(
            session: PeerSession(
                doctor: seat, room: secrets.keys.roomID, language: .french, configuration: configuration,
                random: .system, now: now),
            broker: broker)
    }

    static func write(_ report: some Encodable, to path: String?) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let document = try encoder.encode(report) + Data("\n".utf8)
        guard let path else { return FileHandle.standardOutput.write(document) }
        do {
            try document.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw CommandFailure(code: 73, "\(path): the report cannot be written; choose another file")
        }
    }

    private static func recorder(_ path: String) throws -> WAVFileWriter {
        do {
            return try WAVFileWriter(url: URL(fileURLWithPath: path))
        } catch {
            throw CommandFailure(code: 73, "\(path): cannot be written; choose another file for --record")
        }
    }
}
