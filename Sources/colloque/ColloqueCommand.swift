import ArgumentParser
import Foundation
import Wire

/// `colloque`: everything a doctor, a bridge and a broker's administrator type.
@main
struct ColloqueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "colloque",
        abstract: "Sealed consultations between a doctor and whoever holds the link.",
        discussion: """
            A doctor makes a key once, has it enrolled at a broker, and then makes one link for each consultation. \
            The patient opens it in a browser; sound goes end to end, and the broker sees sealed octets only.

            FIRST STEPS
              colloque demo                                     the whole of it on this machine
              colloque init                                     the doctor's key and broker, step by step
              colloque broker enroll CODE                       typed where the broker runs
              colloque session new                              a link for one patient

            GLOBAL OPTIONS, before the command or behind it
              --home DIR · --broker URL · --passphrase-file FILE · --json

            ENVIRONMENT
              COLLOQUE_HOME     as --home
              COLLOQUE_BROKER   as --broker

            EXIT STATUS
              0 done · 64 usage · 65 bad link, bad file or wrong passphrase · 69 broker unreachable · 73 cannot \
            create · 75 try again · 76 protocol violation or failed authentication · 77 refused · 78 bad configuration
            """,
        version: colloqueVersion,
        subcommands: [
            DemoCommand.self, InitCommand.self, IdentityCommand.self, SessionCommand.self, DeskCommand.self,
            CallCommand.self, CheckCommand.self, JournalCommand.self, JoinCommand.self, VerifyPageCommand.self,
            BridgeCommand.self,
            BrokerCommand.self,
            RelayCommand.self,
            BenchCommand.self,
        ])

    static func main() async {
        do {
            let arguments = GlobalOptions.behindCommand(Array(CommandLine.arguments.dropFirst()))
            var command = try self.parseAsRoot(GlobalOptions.dashedKeysAsCodes(arguments))
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            guard let failure = CommandFailure(error) else { self.exit(withError: error) }
            FileHandle.standardError.write(Data("\(Speech.fitted("colloque: \(failure.message)"))\n".utf8))
            Foundation.exit(failure.code)
        }
    }
}
