import ArgumentParser
import Console
import Consultation
import Desk
import Endpoint
import Foundation
import Keystore
import NIOPosix
import Network
import Phrases
import SecureChannel
import Session
import Sound
import Terminal
import Wire

/// `colloque desk`: every open session at once.
struct DeskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "desk",
        abstract: "See who waits in every open session, admit, and talk.",
        discussion: """
            Shows each session with who waits and since when; a sound tells of an arrival. One key admits, and the \
            call takes the screen; when it ends, the desk is back.

            Leaving the desk ends nothing: links go on working, and who opens one waits. A call that was cut off \
            by a crash or by the loss of this terminal is taken up again by the next desk, with no new \
            verification, if it starts within half a minute.

            While a desk runs, `colloque session new` and `end` have it do the work, so that they disturb no call.

            KEYS
              Enter admit · r refuse · m message to the waiting · n new session · l link · e end · ? help · q leave

            EXAMPLES
              colloque desk
              colloque desk --lines --language en
            """)

    @OptionGroup var seat: SeatOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let identity = try self.options.unlock()
        let seated = try SeatedCall(identity: identity, seat: self.seat, options: self.options)
        // One damaged file keeps no doctor from the patients of the others.
        var stored: [StoredRoom] = []
        for session in try identity.rooms.sessions() {
            do throws(KeystoreError) {
                stored.append(try identity.rooms.load(session))
            } catch {
                FileHandle.standardError.write(Data("colloque: \(session): \(CommandFailure(error).message)\n".utf8))
            }
        }
        stored = stored.filter(\.isAlive)
        let broker = try self.options.brokerURL(or: stored.first?.origin)
        try seated.run(
            stored.filter { WebSocketURL($0.origin)?.authority == broker.authority }, at: broker, isSingle: false)
    }
}

/// `colloque call`: one session.
struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Hold the consultation of one session.",
        discussion: """
            Waits for whoever opens the session's link, shows them, and admits on a key. Then four words appear on \
            both sides: the patient reads the first two aloud, the doctor the last two. If they are the same, \
            nobody stands in between.

            A call that was cut off by a crash is taken up again by the same command, with no new verification.

            KEYS
              Enter admit · s same words · d different · m mute · t write · v devices · i details · h hang up · ? help

            EXAMPLES
              colloque call 4kq8v0t2xm
              colloque call 4kq8v0t2xm --lines --json > report.json
            """)

    @Argument(help: ArgumentHelp("As `session new` printed it.", valueName: "session"), completion: .session)
    var session: SessionID

    @Flag(help: "Send sound through a relay only.")
    var relayOnly = false

    @OptionGroup var seat: SeatOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let identity = try self.options.unlock()
        let seated = try SeatedCall(
            identity: identity, seat: self.seat, options: self.options, relayOnly: self.relayOnly)
        let room = try identity.rooms.load(self.session)
        guard room.isAlive else {
            switch room.state {
            case .ended: throw CommandFailure(SessionTrouble.ended)
            case .brokenOff: throw CommandFailure(SessionTrouble.brokenOff(room.session.text))
            case .open, .admitted: throw CommandFailure(SessionTrouble.over)
            }
        }
        let broker = try self.options.brokerURL(or: room.origin)
        try seated.run([room], at: broker, isSingle: true)
    }
}

/// A doctor before a screen, from the first connection to the end.
private struct SeatedCall {
    private let identity: UnlockedIdentity
    private let seat: SeatOptions
    private let options: GlobalOptions
    private let relayOnly: Bool
    private let lock: ProcessLock

    /// Takes the place of the desk in this home; what is read of its rooms afterwards is what is true.
    init(identity: UnlockedIdentity, seat: SeatOptions, options: GlobalOptions, relayOnly: Bool = false) throws {
        let home = options.homePath
        let place = DeskPlace.find(home: home) { DeskVisit.isAnswered(home: home) ? () : nil }
        guard case .taken(let lock) = place else {
            throw CommandFailure(CommandTrouble.alreadyRunning)
        }
        self.identity = identity
        self.seat = seat
        self.options = options
        self.relayOnly = relayOnly
        self.lock = lock
    }

    func run(_ stored: [StoredRoom], at broker: WebSocketURL, isSingle: Bool) throws {
        defer { withExtendedLifetime(self.lock) {} }
        let phrases = self.seat.phrases
        var setting = Practice.Setting(language: LanguageCode(phrases.language.rawValue) ?? .french)
        setting.sound = self.seat.sound
        setting.relayOnly = self.relayOnly
        setting.endsAfterCall = isSingle
        let surface = try self.surface(phrases, isSingle: isSingle)
        defer { surface.close() }
        let practice = Practice(
            identity: self.identity, broker: broker, surface: surface, setting: setting,
            home: self.options.homePath)
        let now = monotonicNow()
        let driver = CallDriver(
            session: practice.firstSession(stored, now: now), broker: broker,
            group: MultiThreadedEventLoopGroup.singleton, attendant: practice,
            includesLoopback: broker.isLoopback)
        // A screen has handlers of its own, which give the terminal back.
        let signals = surface is ScreenSurface ? nil : StopSignals(driver.stop)
        defer { signals?.cancel() }
        practice.resumeInterrupted(in: driver, now: now)
        driver.run()
        surface.close()
        if let fatal = practice.fatal { throw CommandFailure(fatal) }
        guard isSingle, let report = practice.report else { return }
        if self.options.json { try printJSON(report) }
        try CallProgress.exit(report, phrases.ending(Ending(practice.endReason ?? .hungUp)))
    }

    private func surface(_ phrases: Phrases, isSingle: Bool) throws -> any ClosableSurface {
        let capabilities = self.seat.capabilities
        if capabilities.mode == .screen, !self.options.json {
            return try ScreenSurface(capabilities: capabilities, phrases: phrases, isSingle: isSingle)
        }
        let say = self.seat.speaker(isJSON: self.options.json)
        return LinesSurface(phrases: phrases, isSingle: isSingle, print: say)
    }
}

private protocol ClosableSurface: DeskSurface {
    func close()
}

extension ScreenSurface: ClosableSurface {}
extension LinesSurface: ClosableSurface {}

extension StoredRoom {
    /// Its link lets somebody in, or whom it let in may come back.
    fileprivate var isAlive: Bool {
        switch self.state {
        case .open: self.expires > UnixClock.now
        case .admitted: self.expires + Self.longestCall > UnixClock.now
        case .ended, .brokenOff: false
        }
    }

    /// Seconds.
    private static let longestCall: UInt64 = 4 * 3600
}
