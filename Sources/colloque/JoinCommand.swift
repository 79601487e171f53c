import ArgumentParser
import Consultation
import Desk
import Endpoint
import Foundation
import NIOPosix
import Network
import Phrases
import Primitives
import SecureChannel
import Session
import Wire

/// `colloque join`: the patient's end at a terminal.
struct JoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Open a consultation's link as its patient.",
        discussion: """
            For a patient who would rather trust a program than a page: the same sealed call, with nothing loaded \
            from the server. Asks for consent before anything is sent, waits for the doctor, and tells each change \
            in a sentence, which suits screen readers.

            A link on the command line can be read by other users of this machine while the command runs; without \
            an argument it is read from standard input, or typed.

            KEYS
              s same words · d different · m mute · t write · h hang up

            EXAMPLES
              colloque join 'https://broker.example/#…'
              colloque join < link.txt
            """)

    @Argument(help: ArgumentHelp("As the doctor sent it; read from standard input when absent.", valueName: "link"))
    var link: String?

    @Flag(name: .customLong("yes"), help: "Agree to the consultation without being asked.")
    var agrees = false

    @OptionGroup var seat: SeatOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let phrases = self.seat.phrases
        let say = self.seat.speaker(isJSON: self.options.json)
        let text = try self.link ?? Self.typedLink()
        let consent = SHA256.hash([UInt8](phrases.joinConsent(host: "").joined(separator: "\n").utf8))
        let place = try PatientPlace.make(
            text, PeerSession.Configuration(), language: LanguageCode(phrases.language.rawValue) ?? .french,
            consent: consent, options: self.options)
        guard
            JoinAttendant.asksConsent(
                phrases: phrases, host: place.broker.authority, isGiven: self.agrees, print: say)
        else {
            say(phrases.joinRefused)
            return
        }
        say(phrases.joinKnocking)
        let attendant = JoinAttendant(phrases: phrases, sound: self.seat.sound, now: monotonicNow(), print: say)
        defer { attendant.close() }
        let driver = CallDriver(
            session: place.session, broker: place.broker, group: MultiThreadedEventLoopGroup.singleton,
            attendant: attendant, includesLoopback: place.broker.isLoopback)
        driver.givesUpUnreachable = true
        let signals = StopSignals(driver.stop)
        defer { signals.cancel() }
        driver.run()
        let report = CallReport(driver.session, reason: attendant.endReason ?? .hungUp)
        if self.options.json { try printJSON(report) }
        if driver.brokerWasUnreachable { throw CommandFailure(BrokerErrandError.unreachable) }
        try CallProgress.exit(report, phrases.endingForPatient(Ending(attendant.endReason ?? .hungUp)))
    }

    private static func typedLink() throws -> String {
        guard let line = readLine(strippingNewline: true)?.trimmingCharacters(in: .whitespaces), !line.isEmpty else {
            throw CommandFailure(CommandTrouble.noLink)
        }
        return line
    }
}
